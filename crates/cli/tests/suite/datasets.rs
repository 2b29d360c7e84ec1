//! `dataset`: WebCaricature's layout with everything that can be wrong in it, and what preparing makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use portraitist_face::Picture;
use portraitist_face::prepare::manifest::{Row, read_manifest};
use serde_json::{Value, json};

use crate::program::Place;

/// Landmarks of an upright face in a 200x232 picture.
const FACE: [[f64; 2]; 17] = [
    [100.0, 19.0],
    [23.0, 116.0],
    [100.0, 226.0],
    [177.0, 115.0],
    [43.0, 84.0],
    [86.0, 80.0],
    [113.0, 80.0],
    [157.0, 84.0],
    [52.0, 106.0],
    [77.0, 107.0],
    [122.0, 107.0],
    [148.0, 106.0],
    [100.0, 147.0],
    [100.0, 173.0],
    [71.0, 188.0],
    [100.0, 203.0],
    [129.0, 188.0],
];

/// The face in a picture of 236x262, moved by `shift` pixels, the nose by four times as much.
fn landmarks(shift: f64, line_end: &str) -> String {
    let nose = FACE[12];
    let aside = |point: [f64; 2]| if point == nose { 4.0 * shift } else { shift };
    FACE.iter().map(|&[x, y]| format!("{:.3} {:.3}{line_end}", 1.1 * x + aside([x, y]), 1.1 * y + 4.0)).collect()
}

/// A person with two drawings and two photos in a dataset `data`.
fn write_person(place: &Place, name: &str, seed: usize) {
    for part in ["OriginalImages", "FacialPoints", "Filenames"] {
        fs::create_dir_all(place.path(&format!("data/{part}/{name}"))).unwrap();
    }
    for (index, stem) in ["C00001", "C00002", "P00001", "P00002"].into_iter().enumerate() {
        place.write_picture(&format!("data/OriginalImages/{name}/{stem}.jpg"), 236, 262, 10 * seed + index);
        place.write(&format!("data/FacialPoints/{name}/{stem}.txt"), landmarks(index as f64, "\n"));
    }
    place.write(&format!("data/Filenames/{name}/file_c.txt"), "C00001.jpg\r\nC00002.jpg\r\n\r\n");
    place.write(&format!("data/Filenames/{name}/file_p.txt"), "P00001.jpg\nP00002.jpg");
}

/// Six people, names with spaces, an accent and one-letter parts, and two small protocols.
fn dataset() -> Place {
    let place = Place::new();
    let people = ["Ada Quill", "George W Bush", "Jos\u{e9} Carreras", "Bo", "Cy Twombly", "Di Long Name"];
    people.iter().enumerate().for_each(|(seed, name)| write_person(&place, name, seed));
    let verification = "data/EvaluationProtocols/FaceVerification";
    fs::create_dir_all(place.path(&format!("{verification}/UnRestricted"))).unwrap();
    fs::create_dir_all(place.path(&format!("{verification}/Restricted"))).unwrap();
    let all: String = people.iter().map(|name| format!("{name}\t2\t2\n")).collect();
    place.write(&format!("{verification}/UnRestricted/UnRestrictedView1_DevTrain.txt"), format!("6\n{all}"));
    // Latin-1, as some published files are.
    let pairs = b"1\nJos\xe9 Carreras\tC00001\tP00001\nGeorge W Bush\tC00001\tJos\xe9 Carreras\tP00002\n";
    place.write(&format!("{verification}/Restricted/RestrictedView2.txt"), pairs);
    place
}

fn rows(place: &Place, folder: &str) -> Vec<Row> {
    read_manifest(&place.path(folder).join("manifest.csv")).unwrap()
}

fn kinds(report: &Value) -> BTreeMap<String, String> {
    let problem = |problem: &Value| {
        (problem["picture"].as_str().unwrap().to_owned(), problem["kind"].as_str().unwrap().to_owned())
    };
    report["problems"].as_array().unwrap().iter().map(problem).collect()
}

fn crops(folder: &Path) -> BTreeMap<String, std::time::SystemTime> {
    let mut found = BTreeMap::new();
    for person in fs::read_dir(folder.join("crops")).unwrap() {
        for crop in fs::read_dir(person.unwrap().path()).unwrap() {
            let crop = crop.unwrap();
            found.insert(crop.path().display().to_string(), crop.metadata().unwrap().modified().unwrap());
        }
    }
    found
}

#[test]
fn a_sound_dataset_has_no_errors() {
    let place = dataset();
    let info = place.run(&["dataset", "info", "data", "--json"]).succeeded().json();
    assert_eq!(
        [&info["people"], &info["drawings"], &info["photos"], &info["landmarks"], &info["sizes"]["largest"]],
        [&json!(6), &json!(12), &json!(12), &json!(24), &json!([236, 262])]
    );
    let check = place.run(&["dataset", "check", "data", "--json"]).succeeded().json();
    assert!(check["problems"].as_array().unwrap().iter().all(|problem| problem["kind"] == "near_duplicate"), "{check}");
    let coverage = place.run(&["dataset", "coverage", "data", "--json"]).succeeded().json();
    assert_eq!((&coverage["entries"], &coverage["missing"]), (&json!(28), &json!(0)));
    let poses = place.run(&["dataset", "pose", "data", "--json"]).succeeded().json();
    assert_eq!(poses["pictures"].as_array().unwrap().len(), 24);
    assert!(poses["pictures"].as_array().unwrap().iter().all(|pose| pose["yaw"].as_f64().unwrap().abs() < 20.0));
    let overview = place.run(&["dataset", "overview", "data", "--json"]).succeeded().json();
    assert_eq!(overview["people_names"][3], "Di_Long_Name");
    assert_eq!(overview["image_names"]["Bo"], json!({"c": ["C00001", "C00002"], "p": ["P00001", "P00002"]}));
}

#[test]
fn everything_wrong_is_named_and_the_rest_is_done() {
    let place = dataset();
    let points = |picture: &str| format!("data/FacialPoints/{picture}.txt");
    fs::remove_file(place.path(&points("Ada Quill/C00001"))).unwrap();
    let sixteen: String = landmarks(0.0, "\n").lines().take(16).map(|line| format!("{line}\n")).collect();
    place.write(&points("Ada Quill/C00002"), sixteen);
    place.write(&points("Ada Quill/P00001"), landmarks(0.0, "\n").replace("\n", " \n").replacen("25.3", "NaN", 1));
    place.write(&points("Bo/C00001"), landmarks(0.0, "\n").replace('.', ","));
    place.write(&points("Bo/C00002"), landmarks(0.0, "\r\n"));
    place.write("data/OriginalImages/Bo/P00001.jpg", "dear diary");
    fs::remove_file(place.path("data/OriginalImages/Bo/P00002.jpg")).unwrap();
    let protocol = "data/EvaluationProtocols/FaceIdentification";
    fs::create_dir_all(place.path(protocol)).unwrap();
    place.write(&format!("{protocol}/FR_Probe_C2P1.txt"), "Bo\tC00001\nNobody\tP00007\nwhat is this\n");

    let expected = [
        ("Ada Quill/C00001", "landmarks_missing"),
        ("Ada Quill/C00002", "landmarks_count"),
        ("Ada Quill/P00001", "landmarks_syntax"),
        ("Bo/C00001", "landmarks_syntax"),
        ("Bo/P00001", "picture_unreadable"),
        ("Bo/P00002", "picture_missing"),
    ];
    let answer = place.run(&["dataset", "check", "data", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let check = kinds(&answer.json());
    for (picture, kind) in expected.into_iter().chain([("Nobody/P00007", "protocol_picture")]) {
        assert_eq!(check.get(picture).map(String::as_str), Some(kind), "{picture} in {check:?}");
        let name = picture.rsplit('/').next().unwrap();
        assert!(answer.stderr.contains(name), "{name} is not reported in {}", answer.stderr);
    }
    assert!(!check.contains_key("Bo/C00002"), "Windows line ends are no problem: {check:?}");
    for word in ["expected 17 lines `x y`, found 16", "commas", "NaN", "FR_Probe_C2P1.txt, line 3"] {
        assert!(answer.stderr.contains(word), "{word} in {}", answer.stderr);
    }
    let coverage = place.run(&["dataset", "coverage", "data", "--json"]);
    assert_eq!((coverage.code, &coverage.json()["missing"]), (Some(1), &json!(1)));

    let answer = place.run(&["dataset", "prepare", "data", "out", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let report = answer.json();
    assert_eq!(report["kept"], 18, "{report}");
    for (picture, kind) in expected {
        assert_eq!(kinds(&report).get(picture).map(String::as_str), Some(kind), "{picture}");
        assert!(report["dropped"][kind].as_u64().unwrap() >= 1);
    }
    let rows = rows(&place, "out");
    assert_eq!(rows.len(), 24);
    for row in rows.iter().filter(|row| row.kept) {
        let crop = Picture::open(place.path("out").join(&row.crop)).unwrap();
        assert_eq!((crop.width(), crop.height()), (200, 232));
    }
}

#[cfg(unix)]
#[test]
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn folders_named_in_latin_1_belong_to_their_lists() {
    use std::os::unix::ffi::OsStrExt;
    let place = dataset();
    for part in ["OriginalImages", "FacialPoints"] {
        let folder = place.path("data").join(part);
        let latin = folder.join(std::ffi::OsStr::from_bytes(b"Jos\xe9 Carreras"));
        // Some systems refuse names that are not UTF-8; then there is nothing to read.
        if fs::rename(folder.join("Jos\u{e9} Carreras"), latin).is_err() {
            eprintln!("skipped: this system keeps no Latin-1 names");
            return;
        }
    }
    let report = place.run(&["dataset", "prepare", "data", "out", "--json"]).succeeded().json();
    assert_eq!(report["kept"], 24);
    assert!(place.path("out/crops/Jos\u{e9} Carreras/C00001.png").is_file());
}

#[test]
fn a_second_run_does_only_what_changed() {
    let place = dataset();
    let prepare = |more: &[&str]| {
        let call = [&["dataset", "prepare", "data", "out", "--json"], more].concat();
        place.run(&call).succeeded().json()
    };
    let first = prepare(&[]);
    assert_eq!((&first["kept"], &first["changed"]), (&json!(24), &json!(24)));
    let (manifest, before) = (fs::read(place.path("out/manifest.csv")).unwrap(), crops(&place.path("out")));
    assert_eq!(prepare(&[])["changed"], 0);
    assert_eq!(fs::read(place.path("out/manifest.csv")).unwrap(), manifest);
    assert_eq!(crops(&place.path("out")), before, "crops were written again");

    place.write("data/FacialPoints/Bo/C00001.txt", landmarks(9.25, "\n"));
    assert_eq!(prepare(&[])["changed"], 1);
    let after = crops(&place.path("out"));
    let touched: Vec<&String> = after.keys().filter(|crop| after[*crop] != before[*crop]).collect();
    assert!(touched.len() == 1 && touched[0].ends_with("crops/Bo/C00001.png"), "{touched:?}");

    // A stricter filter needs no new crops, but takes some away; the looser one brings them back.
    let strict = prepare(&["--rate", "0.0003"]);
    let kept = strict["kept"].as_u64().unwrap();
    assert!(kept < 24, "{strict}");
    assert_eq!(crops(&place.path("out")).len() as u64, kept);
    assert_eq!(prepare(&[])["kept"], 24);
    assert_eq!(crops(&place.path("out")).len(), 24);

    fs::remove_file(place.path("out/crops/Bo/P00001.png")).unwrap();
    place.write("out/crops/Bo/P00002.png", "cut off");
    assert_eq!(prepare(&[])["changed"], 2, "lost and damaged crops are made again");
    assert_eq!(prepare(&["--template", "sphereface"])["changed"], 24);
}

#[test]
fn an_interrupted_run_goes_on_where_it_was() {
    let place = dataset();
    place.run(&["dataset", "prepare", "data", "whole"]).succeeded();
    place.run(&["dataset", "prepare", "data", "out"]).succeeded();
    // What a kill leaves: no manifest, a journal whose last line was cut off, a file not yet renamed.
    let manifest = fs::read_to_string(place.path("out/manifest.csv")).unwrap();
    let lines: Vec<&str> = manifest.lines().collect();
    let unfinished = format!("{}\n{}", lines[..10].join("\n"), &lines[10][..40]);
    place.write("out/.prepare-journal.csv", unfinished);
    fs::remove_file(place.path("out/manifest.csv")).unwrap();
    place.write("out/crops/Bo/C00002.png.tmp", "half");
    let report = place.run(&["dataset", "prepare", "data", "out", "--json"]).succeeded().json();
    assert_eq!(report["changed"], 24 - 9, "nine rows were whole");
    assert!(!place.path("out/.prepare-journal.csv").exists());
    assert!(!place.path("out/crops/Bo/C00002.png.tmp").exists());
    assert_eq!(rows(&place, "out"), rows(&place, "whole"));
}

#[test]
fn nobody_is_on_both_sides_and_threads_do_not_matter() {
    let place = dataset();
    for (threads, folder) in [("1", "one"), ("2", "two")] {
        let mut command = place.command(&["dataset", "prepare", "data", folder, "--test-share", "0.34", "--flip"]);
        assert!(command.env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
    }
    assert_eq!(fs::read(place.path("one/manifest.csv")).unwrap(), fs::read(place.path("two/manifest.csv")).unwrap());
    let mut sides: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let rows = rows(&place, "one");
    for row in &rows {
        sides.entry(row.identity.clone()).or_default().insert(row.split.clone());
    }
    assert!(sides.values().all(|side| side.len() == 1), "{sides:?}");
    assert_eq!(sides.values().filter(|side| side.contains("test")).count(), 2);

    assert_eq!(rows.iter().filter(|row| row.flipped).count(), 24);
    let (plain, flipped) = (&rows[0], &rows[1]);
    let (left, right) = (plain.all_landmarks().unwrap(), flipped.all_landmarks().unwrap());
    assert_eq!(right, left.mirrored(200));
    let [first, second] = [plain, flipped].map(|row| Picture::open(place.path("one").join(&row.crop)).unwrap());
    assert_eq!(portraitist_face::edit::flip(&first), second);
}

#[test]
fn a_prepared_dataset_is_derived_from_its_source() {
    let place = dataset();
    let report = place.run(&["dataset", "prepare", "data", "out", "--rate", "0.0003", "--json"]).succeeded().json();
    let kept = report["kept"].as_i64().unwrap();
    let coverage = place.run(&["dataset", "coverage", "out", "--json"]).succeeded().json();
    let train = "FaceVerification/UnRestricted/UnRestrictedView1_DevTrain.txt";
    let file = coverage["files"].as_array().unwrap().iter().find(|file| file["file"] == train).unwrap().clone();
    assert_eq!((&file["entries"], &file["missing"]), (&json!(24), &json!(24 - kept)));
    let none = place.run(&["dataset", "prepare", "data", "none", "--rate", "0", "--json"]).succeeded().json();
    assert_eq!(none["kept"], 0);
    let coverage = place.run(&["dataset", "coverage", "none", "--json"]).succeeded().json();
    assert_eq!((&coverage["entries"], &coverage["missing"]), (&json!(28), &json!(28)));
    // The table over r says the same as preparing with that r.
    let tenth = report["sensitivity"][1].clone();
    assert_eq!((&tenth["max_distance_share"], &tenth["kept"], &tenth["missing"]), (&json!(0.1), &json!(24), &json!(0)));
}

#[test]
fn what_a_derived_dataset_lacks_comes_from_where_its_configuration_says() {
    let place = dataset();
    let list = "Filenames/Bo/file_c.txt";
    place.write(&format!("some/{list}"), "C00002.jpg\n");
    // Nothing is named `original_dataset` here.
    place.run(&["dataset", "coverage", "some"]).failed(&["some", "--base"]);
    let based = place.run(&["dataset", "pose", "some", "--base", "data", "--json"]).succeeded().json();
    assert_eq!(based["pictures"][0]["picture"], "Bo/C00002");
    assert_eq!(based["warnings"].as_array().unwrap().len(), 3, "pictures, landmarks, protocols: {based}");

    place.write(
        "some/config.json",
        r#"{"OriginalImages": "data", "FacialPoints": "moved", "EvaluationProtocols": "data"}"#,
    );
    place.write("moved/FacialPoints/Bo/C00002.txt", landmarks(20.0, "\n"));
    let named = place.run(&["dataset", "pose", "some", "--json"]).succeeded().json();
    assert_ne!(named["pictures"][0]["yaw"], based["pictures"][0]["yaw"], "the other landmarks were read");
    let coverage = place.run(&["dataset", "coverage", "some", "--json"]).succeeded().json();
    assert_eq!((&coverage["entries"], &coverage["missing"]), (&json!(28), &json!(27)));
    place.write("original_dataset/Filenames/Bo/file_c.txt", "C00001.jpg\nC00002.jpg\n");
    fs::remove_dir_all(place.path("some/Filenames")).unwrap();
    let overview = place.run(&["dataset", "overview", "some", "--json"]).succeeded().json();
    assert_eq!(overview["image_names"]["Bo"]["c"], json!(["C00001", "C00002"]), "lists come from original_dataset");
}

#[test]
fn faces_without_landmarks_are_found() {
    let place = Place::new();
    place.write_portrait("photos/portrait.jpg");
    place.write_picture("photos/slopes.png", 200, 200, 3);
    let answer = place.run(&["dataset", "prepare", "photos", "out", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let report = answer.json();
    assert_eq!(kinds(&report), BTreeMap::from([("slopes".to_owned(), "landmarks_missing".to_owned())]));
    assert_eq!((&report["kept"], &report["dropped"]["landmarks_missing"]), (&json!(1), &json!(1)));
    assert_eq!(rows(&place, "out")[0].five_points().map(|points| points.len()), Some(5));
}

#[test]
fn plain_folders_and_lists_are_datasets() {
    let place = Place::new();
    for folder in ["people/Ann", "people/Bob"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.write_picture("people/Ann/one.png", 200, 232, 1);
    place.write("people/Ann/one.txt", FACE.map(|[x, y]| format!("{x} {y}\n")).concat());
    place.write_picture("people/Bob/two.png", 200, 232, 2);
    place.write("people/Bob/two.txt", FACE.map(|[x, y]| format!("{x} {y}\n")).concat());
    place.write("list.txt", "people/Ann/one.png\tAnn\npeople/Bob/two.png\tBob\tpeople/Bob/two.txt\n");
    for (source, layout) in [("people", "people"), ("list.txt", "list"), ("people/Ann", "folder")] {
        let info = place.run(&["dataset", "info", source, "--json"]).succeeded().json();
        assert_eq!(info["layout"], layout, "{info}");
        let out = format!("out-{layout}");
        let report =
            place.run(&["dataset", "prepare", source, &out, "--domain", "drawing", "--json"]).succeeded().json();
        let expected = if layout == "folder" { 1 } else { 2 };
        assert_eq!(report["kept"], expected, "{report}");
        assert!(rows(&place, &out).iter().all(|row| row.domain.name() == "drawing"));
    }
    let check = place.run(&["dataset", "check", "people", "--json"]).succeeded().json();
    let aligned = check["problems"].as_array().unwrap().iter().filter(|problem| problem["kind"] == "already_aligned");
    assert_eq!(aligned.count(), 2, "{check}");
}

#[test]
fn datasets_and_destinations_that_cannot_be_used_are_errors() {
    let place = dataset();
    place.write("file", "");
    place.write("bad.toml", "[filter]\nrate = 3");
    fs::create_dir(place.path("empty")).unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (&["prepare", "data", "file/out"], &["file/out", "hint: what was done stays"]),
        (&["prepare", "data", "data"], &["same folder"]),
        (&["prepare", "data", "out", "--recipe", "bad.toml"], &["bad.toml", "unknown field `rate`"]),
        (&["prepare", "data", "out", "--rate", "9"], &["max_distance_share", "0 to 4"]),
        (&["prepare", "data", "out", "--template", "round"], &["round", "hint: there are original"]),
        (&["info", "nowhere"], &["nowhere", "No such file"]),
        (&["check", "empty"], &["empty", "found none"]),
    ];
    for (call, words) in cases {
        place.run(&[&["dataset"], call].concat()).failed(words);
    }
    place.run(&["dataset", "coverage", "file"]).failed(&["file", "found none"]);
}

#[test]
fn a_broken_or_circular_configuration_is_one_error() {
    let place = Place::new();
    for folder in ["one", "two"] {
        place.write(&format!("{folder}/Filenames/Ada/file_p.txt"), "P00001.jpg\n");
    }
    let cases = [
        ("{ not JSON", "found no JSON"),
        ("[1, 2]", "expected an object"),
        ("{\"OriginalImages\": 3}", "expected the name of a dataset"),
        ("{\"OriginalImages\": \"nowhere\"}", "nowhere"),
        ("{\"OriginalImages\": \"one\", \"FacialPoints\": \"one\"}", "in a circle"),
        ("{\"OriginalImages\": \"two\", \"FacialPoints\": \"two\"}", "in a circle"),
    ];
    place.write("two/config.json", "{\"OriginalImages\": \"one\", \"FacialPoints\": \"one\"}");
    for (text, words) in cases {
        place.write("one/config.json", text);
        for command in ["check", "info"] {
            let answer = place.run(&["dataset", command, "one", "--json"]);
            let errors = answer.stderr.lines().filter(|line| line.starts_with("error: ")).count();
            assert!(answer.code == Some(1) && errors == 1 && answer.stderr.contains(words), "{text}: {answer:?}");
            assert!(answer.json()["error"].is_string(), "{answer:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn two_prepare_at_once_are_refused_by_name() {
    let place = Place::new();
    (0..40).for_each(|index| place.write_portrait(&format!("photos/Ada/{index}.jpg")));
    let mut first = place.command(&["dataset", "prepare", "photos", "prepared", "--json"]).spawn().unwrap();
    let began = std::time::Instant::now();
    while !place.path("prepared/.prepare.lock").exists() {
        assert!(began.elapsed().as_secs() < 60, "it does not begin");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let refused = place.run(&["dataset", "prepare", "photos", "prepared", "--json"]);
    let process = format!("process {}", first.id());
    assert!(refused.code == Some(1) && refused.stderr.contains(&process), "{refused:?}");
    first.kill().unwrap();
    first.wait().unwrap();
    let report = place.run(&["dataset", "prepare", "photos", "prepared", "--json"]).succeeded().json();
    assert_eq!(report["kept"], 40, "a killed run holds nobody up, and the next goes on: {report}");
    assert!(!place.path("prepared/.prepare.lock").exists());
}
