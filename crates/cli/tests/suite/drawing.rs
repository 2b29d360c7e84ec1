//! `dataset draw`, and what a training makes of it: drawings beside their photos, and runs that begin with another's weights.

use portraitist_nn::weights::read_native;

use crate::program::Place;

fn people() -> Place {
    let place = Place::new();
    for person in ["ada", "bo", "cy", "di"] {
        place.write_portrait(&format!("people/{person}/p1.jpg"));
    }
    place
}

#[test]
fn photos_are_drawn_in_techniques_and_listed_by_side() {
    let place = people();
    let draw = |more: &[&str]| {
        place.run(&[&["dataset", "draw", "people", "drawn", "--techniques", "charcoal,wash", "--json"], more].concat())
    };
    let answer = draw(&["--test-share", "0.25"]).succeeded().json();
    assert_eq!(
        (answer["photos"].as_u64(), answer["drawings"].as_u64(), answer["new"].as_u64()),
        (Some(4), Some(8), Some(8))
    );
    assert_eq!((&answer["lists"]["test-photos.txt"], &answer["lists"]["train-drawings.txt"]), (&1.into(), &6.into()));
    let listed = String::from_utf8(place.read("drawn/train-drawings.txt")).unwrap();
    for line in listed.lines() {
        let (file, person) = line.split_once('\t').unwrap();
        assert!(file.starts_with(&format!("drawings/{person}/p1.")), "{line}");
        assert_eq!(place.size(&format!("drawn/{file}")), place.size("people/ada/p1.jpg"));
    }
    // What is there stays; what is missing comes back as it was; other hands want another folder.
    let wash = place.read("drawn/drawings/ada/p1.wash.png");
    assert_ne!(wash, place.read("drawn/drawings/bo/p1.wash.png"), "every drawing has a hand of its own");
    std::fs::remove_file(place.path("drawn/drawings/ada/p1.wash.png")).unwrap();
    let again = draw(&["--test-share", "0.25"]).succeeded().json();
    assert_eq!((again["new"].as_u64(), again["drawings"].as_u64()), (Some(1), Some(8)));
    assert_eq!(place.read("drawn/drawings/ada/p1.wash.png"), wash);
    draw(&["--seed", "2"]).failed(&["drawn: holds drawings of another source, tool or seed", "--force"]);
    let wrong = place.run(&["dataset", "draw", "people", "x", "--techniques", "oil"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("woodcut"), "{wrong:?}");
}

#[test]
fn the_sides_of_a_prepared_dataset_are_kept() {
    let place = people();
    let prepare = ["dataset", "prepare", "people", "crops", "--template", "portrait", "--test-share", "0.5"];
    place.run(&prepare).succeeded();
    assert_eq!(place.size("crops/crops/ada/p1.png"), [256, 320]);
    let answer = place.run(&["dataset", "draw", "crops", "drawn", "--each", "1", "--json"]).succeeded().json();
    assert_eq!((&answer["lists"]["test-photos.txt"], &answer["lists"]["train-photos.txt"]), (&2.into(), &2.into()));
    assert_eq!(answer["drawings"].as_u64(), Some(4));
}

#[test]
fn a_drawing_learns_beside_its_own_photo_cut_alike() {
    let place = Place::with_run(&[]);
    for seed in 0..5 {
        place.write_picture(&format!("drawing/anna/{seed}.copy.png"), 40, 36 + seed, 7 * seed);
        std::fs::remove_file(place.path(&format!("drawing/anna/{seed}.png"))).unwrap();
    }
    place.write_run(&[
        ("photos = \"photo\"", "photos = \"photo\"\nsame_picture = 1.0"),
        ("[record]", "[losses.weights]\nsupervised = 1.0\n\n[record]"),
    ]);
    place.train(&[]).succeeded();
    let supervised = |line: &serde_json::Value| line["generator.supervised_drawing"].as_f64().unwrap();
    let log = place.log("runs/00001-tiny");
    assert!(log.iter().all(|line| supervised(line) > 0.0), "every sample is a pair");
    place.write_run(&[("photos = \"photo\"", "photos = \"photo\"\nsame_picture = 0.5\nsame_person = 0.5")]);
    place.train(&[]).failed(&["two kinds of pairs"]);
}

#[test]
fn a_run_begins_with_the_weights_of_another() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let rates = "[optimizer]\ngenerator_rate = 0.0\ndiscriminator_rate = 0.0\n\n[record]";
    let begin = |model: &str| {
        let start = format!("[start]\nmodel = \"{model}\"\n\n[data]");
        place.write_run(&[("name = \"tiny\"", "name = \"tuned\""), ("[data]", &start), ("[record]", rates)]);
    };
    begin("runs/00001-tiny");
    place.train(&[]).succeeded();
    let arrays = |run: &str, file: &str| {
        let path = place.path(&format!("runs/{run}/checkpoints/00000008/{file}"));
        let arrays = read_native(&path).unwrap().arrays;
        // Singular vectors go on by themselves.
        arrays
            .into_iter()
            .filter(|(name, _)| !name.contains("weight_u") && !name.contains("weight_v"))
            .collect::<Vec<_>>()
    };
    for (from, to) in [("average", "generator"), ("average", "average"), ("discriminator", "discriminator")] {
        let [from, to] =
            [("00001-tiny", from), ("00002-tuned", to)].map(|(run, file)| arrays(run, &format!("{file}.safetensors")));
        assert!(!from.is_empty() && from.iter().zip(&to).all(|(a, b)| a.0 == b.0 && a.1.shape == b.1.shape));
        let far = from.iter().zip(&to).flat_map(|(a, b)| a.1.values.iter().zip(&b.1.values));
        assert!(far.clone().all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs().max(1e-3)), "the weights are the other run's");
    }
    let resolved = String::from_utf8(place.read("runs/00002-tuned/run.toml")).unwrap();
    assert!(resolved.contains("[start]"), "{resolved}");
    // A resumed run does without the model that it began with.
    std::fs::rename(place.path("runs/00001-tiny"), place.path("elsewhere")).unwrap();
    let longer = std::fs::read_to_string(place.path("run.toml")).unwrap().replace("steps = 8", "steps = 9");
    place.write("run.toml", longer);
    place.train(&["--resume"]).succeeded();
    begin("nothing");
    place.train(&[]).failed(&["nothing: expected a run or checkpoint folder", "sketch"]);
    begin("sketch");
    place.train(&[]).failed(&["sketch: the weights do not fit"]);
}
