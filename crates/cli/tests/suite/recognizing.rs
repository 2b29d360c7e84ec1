//! `recognize metrics`, `verify` and `identify`.

use std::path::{Path, PathBuf};

use portraitist_face::Picture;
use portraitist_nn::recognition::TrainedIdentities;
use portraitist_nn::weights::{FloatKind, ModelConfig, read_model, write_native};
use serde_json::{Value, json};

use crate::program::Place;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn/tests/golden/recognition").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn metrics_as_original_prints_what_the_original_prints() {
    let place = Place::new();
    let scores = golden("eval_plain.txt");
    let folds = ["2000"; 10].join(",");
    let call = ["recognize", "metrics", text(&scores), "--as-original", "--folds", &folds];
    let answer = place.run(&call).succeeded();
    assert_eq!(answer.stdout, std::fs::read_to_string(golden("eval_plain_printed.txt")).unwrap());
    let found = place.run(&[&call[..], &["--json"]].concat()).succeeded().json();
    assert_eq!((&found["mode"], &found["far_step"]), (&json!("original-2018"), &json!(0.001)));
    let exact = place.run(&["recognize", "metrics", text(&scores), "--folds", &folds, "--json"]).succeeded().json();
    assert_eq!(exact["mode"], "exact");
    for figure in ["accuracy", "threshold", "vr_far_0_001", "vr_far_0_01", "auc", "eer"] {
        assert!(exact[figure]["mean"].is_f64() && exact[figure]["std"].is_f64(), "{figure} in {exact}");
        assert!(exact["folds"].as_array().unwrap().iter().all(|fold| fold[figure].is_f64()), "{figure} in {exact}");
    }
}

#[test]
fn plots_and_tables_are_written_once() {
    let place = Place::new();
    place.write("scores.txt", "0.9\t1\tAda\tAda\n0.2\t0\tAda\tBo\n\n0.8\t1\tCy\tCy\n0.3\t0\tCy\tDi\n");
    let call = ["recognize", "metrics", "scores.txt", "--plot", "roc.svg", "--markdown", "table.md", "--json"];
    let found = place.run(&call).succeeded().json();
    assert_eq!(found["intervals"]["people"], 4);
    let svg = String::from_utf8(place.read("roc.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("false accept rate") && svg.contains("scores.txt"), "{svg}");
    let table = String::from_utf8(place.read("table.md")).unwrap();
    assert!(table.contains("94.58 ± 3.99") && table.contains("measured on people seen in training"), "{table}");
    place.run(&call).failed(&["roc.svg exists already", "--force"]);
    place.run(&[&call[..], &["--force"]].concat()).succeeded();
}

#[test]
fn a_plot_is_drawn_as_its_name_says() {
    let place = Place::new();
    place.write("scores.txt", "0.9\t1\n0.2\t0\n0.4\t0\n\n0.3\t1\n0.8\t1\n0.5\t0\n0.1\t0\n");
    let draw = |name: &str| place.run(&["recognize", "metrics", "scores.txt", "--plot", name, "-q", "--force"]);
    draw("roc.PNG").succeeded();
    let picture = Picture::decode("roc.PNG", &place.read("roc.PNG")).unwrap();
    assert_eq!((picture.width(), picture.height()), (1440, 1080));
    assert_eq!(picture.pixel(0, 0), Some([255; 3]));
    let count =
        |is: fn([u8; 3]) -> bool| picture.pixels().chunks_exact(3).filter(|rgb| is([rgb[0], rgb[1], rgb[2]])).count();
    // The line, the letters of the title, and the shades of smoothed edges.
    assert!(count(|[red, _, blue]| red < 60 && blue > 140) > 1000, "no line");
    assert!(count(|rgb| rgb == [0; 3]) > 200, "no letters");
    assert!(count(|[red, green, blue]| red == green && green == blue && (120..200).contains(&red)) > 500, "no edges");
    draw("roc.png").succeeded();
    assert_eq!(place.read("roc.png"), place.read("roc.PNG"), "the same curve gives the same bytes");
    draw("roc.svg").succeeded();
    assert!(place.read("roc.svg").starts_with(b"<svg"));
    for name in ["roc.pdf", "roc", "png"] {
        let answer = draw(name);
        assert!(answer.stderr.contains("expected a file that ends in .svg or .png"), "{}", answer.stderr);
        assert!(!place.path(name).exists());
    }
}

#[test]
fn wrong_scores_and_folds_are_one_error() {
    let place = Place::new();
    let cases: [(&str, &[&str], &str); 7] = [
        ("", &[], "expected scored pairs, found none"),
        ("0.5\t1\nNaN\t0\n", &[], "line 2: expected a finite score"),
        ("0.5\t1\n0.5\tyes\n", &[], "line 2: expected label"),
        ("0.5\t1\n0.4\t0\n\n0.5\t1\n", &[], "fold 2: expected pairs of the same person and of different people"),
        ("0.5\t1\n0.4\t0\n", &["--folds", "2,2"], "expected 4 pairs"),
        ("0.5\t1\n0.4\t0\n", &["--as-original"], "--folds"),
        ("\u{0}\u{1}\n", &[], "line 1: expected a score and a label"),
    ];
    for (content, options, words) in cases {
        place.write("scores.txt", content);
        place.run(&[&["recognize", "metrics", "scores.txt"], options].concat()).failed(&["scores.txt", words]);
    }
    place.run(&["recognize", "metrics", "nothing.txt"]).failed(&["nothing.txt"]);
    let one = {
        place.write("scores.txt", "0.5\t1\n0.4\t0\n");
        place.run(&["recognize", "metrics", "scores.txt", "--json"]).succeeded().json()
    };
    assert_eq!((&one["accuracy"]["mean"], &one["auc"]["mean"]), (&Value::Null, &json!(1.0)));
    assert!(!one["warnings"].as_array().unwrap().is_empty());
}

/// Twenty-two synthetic people, and a recogniser that says whom it was trained on.
fn place_with_people(trained_on: &[(&str, &str)]) -> Place {
    let place = Place::new();
    let synth = "dataset synth data --identities 22 --photos 3 --drawings 3 --size 96 --seed 5 -q";
    place.run(&synth.split(' ').collect::<Vec<_>>()).succeeded();
    write_model(&place, trained_on);
    place
}

fn write_model(place: &Place, trained_on: &[(&str, &str)]) {
    let mut model = read_model(&golden("small.pth")).unwrap();
    if let ModelConfig::Recognizer(description) = &mut model.config {
        description.trained_on = Some(TrainedIdentities::new(trained_on.iter().copied()));
    }
    write_native(&model, FloatKind::Single, &place.path("small.safetensors"), true).unwrap();
}

fn call<'a>(command: &'a str, options: &'a str) -> Vec<&'a str> {
    let start = ["recognize", command, "data", "--model", "small.safetensors", "--resamples", "20"];
    start.into_iter().chain(options.split(' ').filter(|option| !option.is_empty())).collect()
}

#[test]
fn every_protocol_and_view_is_measured_and_nothing_written_into_the_dataset() {
    let place = place_with_people(&[]);
    let before = place.files("data");
    for options in ["", "--view 1", "--protocol unrestricted", "--protocol unrestricted --view 1 --between photo-photo"]
    {
        let found = place.run(&call("verify", &format!("{options} --json"))).succeeded().json();
        let folds = if options.contains("--view 1") { 1 } else { 10 };
        assert_eq!(found["folds"].as_array().unwrap().len(), folds, "{options}");
        assert_eq!(found["leak"]["people"], 0, "{found}");
        assert!(found["auc"]["mean"].as_f64().unwrap() > 0.0, "{found}");
    }
    for direction in ["c2p", "p2c"] {
        for (options, sets) in [("--view 1", 1), ("", 10), ("--set 3", 1)] {
            let options = format!("--direction {direction} {options} --plot cmc.png --force --json");
            let found = place.run(&call("identify", &options)).succeeded().json();
            assert_eq!(found["sets"].as_array().unwrap().len(), sets);
            assert!(found["rank10"]["mean"].as_f64() >= found["rank1"]["mean"].as_f64(), "{found}");
            assert_eq!(found["cmc"].as_array().unwrap().len(), 11);
            Picture::decode("cmc.png", &place.read("cmc.png")).unwrap();
        }
    }
    assert_eq!(place.files("data"), before);
}

#[test]
fn embeddings_are_kept_where_asked_and_scores_can_be_measured_again() {
    let place = place_with_people(&[]);
    let options = "--protocol unrestricted --cache kept --scores scores.txt --force --json";
    let first = place.run(&call("verify", options)).succeeded().json();
    let kept = place.files("kept");
    assert_eq!(kept.len(), 1);
    assert_eq!(place.run(&call("verify", options)).succeeded().json(), first);
    let again = place.run(&["recognize", "metrics", "scores.txt", "--resamples", "20", "--json"]).succeeded().json();
    for figure in ["accuracy", "threshold", "vr_far_0_001", "vr_far_0_01", "auc", "eer", "folds"] {
        assert_eq!(again[figure], first[figure], "{figure}");
    }
    place.write(&format!("kept/{}", kept[0]), "dear diary");
    let repaired = place.run(&call("verify", options)).succeeded();
    assert!(repaired.stderr.contains("damaged"), "{}", repaired.stderr);
    assert_eq!(repaired.json()["auc"], first["auc"]);
}

#[test]
fn people_seen_in_training_are_refused_or_marked_beside_every_number() {
    let place = place_with_people(&[]);
    let overview = place.run(&["dataset", "overview", "data", "--json"]).succeeded().json();
    let person = overview["people_names"][0].as_str().unwrap().to_owned();
    for namespace in ["", "synthetic 5"] {
        write_model(&place, &[(namespace, &person), ("", "Somebody Else")]);
        for command in ["verify", "identify"] {
            let direction = if command == "identify" { "--direction c2p" } else { "" };
            place.run(&call(command, direction)).failed(&["data: 1 of 22 people", "--allow-leak"]);
            let options = format!("{direction} --allow-leak");
            let answer = place.run(&call(command, &options)).succeeded();
            let figures = answer.stdout.lines().filter(|line| !line.starts_with("mean"));
            assert!(figures.clone().count() >= 2);
            for line in figures {
                assert!(line.contains("LEAK: 1 of 22 people"), "{line}");
            }
            let found = place.run(&call(command, &format!("{options} --json"))).succeeded().json();
            assert_eq!(found["leak"], json!({"people": 1, "of": 22}));
        }
    }
    write_model(&place, &[("synthetic 6", &person)]);
    place.run(&call("verify", "")).succeeded();
    place.run(&[&call("verify", "")[..], &["--namespace", "synthetic 6"]].concat()).failed(&["data: 1 of 22 people"]);
    let unknown = golden("small.pth");
    let found = place.run(&["recognize", "verify", "data", "--model", text(&unknown), "--json"]).succeeded();
    assert_eq!(found.json()["leak"], Value::Null);
    assert!(found.stderr.contains("does not say whom it was trained on"));
}

#[test]
fn a_network_tuned_from_one_of_unknown_people_says_so_and_refuses_those_it_knows() {
    let place = place_with_people(&[]);
    place.write("base.pth", std::fs::read(golden("small.pth")).unwrap());
    for (index, person) in ["anna", "bela"].into_iter().enumerate() {
        place.write_picture(&format!("photos/{person}/1.png"), 96, 112, index);
    }
    let run = "name = \"tuned\"\nsteps = 1\nbatch_size = 2\n[[data.train]]\nphotos = \"photos\"\n\
               [network]\nchannels = [4, 4, 8, 8]\nembedding = 8\n[fine_tune]\nfrom = \"base.pth\"\n";
    place.write("run.toml", run);
    place.run(&["recognize", "train", "run.toml", "-q"]).succeeded();
    let verify = ["recognize", "verify", "data", "--model", "runs/00001-tuned", "--resamples", "20", "--json"];
    let answer = place.run(&verify).succeeded();
    let words = "was fine-tuned from a network that does not say whom it was trained on";
    assert!(answer.stderr.contains(words), "{}", answer.stderr);
    let found = answer.json();
    assert!(found["warnings"].as_array().unwrap().iter().any(|text| text.as_str().unwrap().contains(words)), "{found}");
    assert_eq!(found["leak"], json!({"people": 0, "of": 22}));
    // Tuned once more, it is still not known whom its first weights were made from.
    let again = run.replace("\"tuned\"", "\"again\"").replace("base.pth", WEIGHTS);
    place.write("run.toml", again.replace("\"photos\"", "\"data/OriginalImages\""));
    place.run(&["recognize", "train", "run.toml", "-q"]).succeeded();
    let verify = ["recognize", "verify", "data", "--model", "runs/00002-again", "--resamples", "20"];
    place.run(&verify).failed(&["data: 22 of 22 people", "--allow-leak"]);
    let answer = place.run(&[&verify[..], &["--allow-leak"]].concat()).succeeded();
    assert!(answer.stderr.contains(words), "{}", answer.stderr);
}

/// What the first training of a test leaves.
const WEIGHTS: &str = "runs/00001-tuned/checkpoints/00000001/recognizer.safetensors";

#[test]
fn protocols_that_measure_nothing_are_refused() {
    let place = place_with_people(&[]);
    let verification = "data/EvaluationProtocols/FaceVerification";
    let restricted = format!("{verification}/Restricted/RestrictedView2.txt");
    let good = String::from_utf8(place.read(&restricted)).unwrap();
    place.write(&restricted, format!("{good}1\nNobody Known\tC00001\tP00001\nNobody Known\tC00001\tNo Body\tP00001\n"));
    place.run(&call("verify", "")).failed(&["data: ", "Nobody Known/C00001", "--skip-missing"]);
    place.run(&call("verify", "--skip-missing")).failed(&["data: ", "fold 11: expected pairs of the same person"]);

    let unrestricted = format!("{verification}/UnRestricted/UnRestrictedView2.txt");
    let people = String::from_utf8(place.read(&unrestricted)).unwrap();
    let person = people.lines().nth(2).unwrap().to_owned();
    place.write(&unrestricted, format!("1\n1\n{person}\n"));
    place.run(&call("verify", "--protocol unrestricted")).failed(&["data: ", "expected two or more people, found 1"]);
    place.write(&unrestricted, "1\nwhat is this\n");
    place.run(&call("verify", "--protocol unrestricted")).failed(&["UnRestrictedView2.txt", "line 2"]);

    let name = person.split('\t').next().unwrap();
    let folder = "data/EvaluationProtocols/FaceIdentification/C2P";
    place.write(&format!("{folder}/FR_Gallery_C2P1.txt"), format!("{name}\tP00001\n"));
    let answer = place.run(&call("identify", "--direction c2p --set 1"));
    answer.failed(&["data: ", "expected two or more people in each gallery"]);

    std::fs::remove_dir_all(place.path("data/EvaluationProtocols")).unwrap();
    place.run(&call("verify", "")).failed(&["data: ", "EvaluationProtocols", "--base"]);
    place.run(&["recognize", "verify", "data", "--model", "nothing"]).failed(&["nothing"]);
}

#[test]
fn figures_never_replace_what_they_are_made_from() {
    let place = Place::new();
    place.write("scores.svg", "0.9\t1\n0.2\t0\n");
    for option in ["--plot", "--markdown"] {
        let call = ["recognize", "metrics", "scores.svg", option, "./scores.svg", "--force"];
        place.run(&call).failed(&["the result would replace the input"]);
    }
    let place = place_with_people(&[]);
    let picture = place.files("data/OriginalImages").remove(0);
    let picture = format!("data/OriginalImages/{picture}");
    let before = place.read(&picture);
    let call = ["recognize", "verify", "data", "--model", "small.safetensors", "--allow-leak", "--force"];
    for (option, file) in
        [("--scores", picture.as_str()), ("--markdown", "data/manifest.json"), ("--markdown", "small.safetensors")]
    {
        let answer = place.run(&[&call[..], &[option, file]].concat());
        assert!(answer.code == Some(1) && answer.stderr.contains("would replace"), "{option} {file}: {answer:?}");
    }
    assert_eq!(place.read(&picture), before);
}

#[test]
fn what_is_odd_about_a_dataset_s_pictures_is_said() {
    let place = place_with_people(&[]);
    for picture in place.files("data/OriginalImages") {
        let path = format!("data/OriginalImages/{picture}");
        let bytes = place.read(&path);
        place.write(&path, &bytes[..bytes.len() - 2]);
    }
    let call = ["recognize", "identify", "data", "--model", "small.safetensors", "--direction", "c2p", "--json"];
    let answer = place.run(&[&call[..], &["--allow-leak"]].concat()).succeeded();
    assert!(answer.json()["warnings"].to_string().contains("the JPEG's end"), "{answer:?}");
}
