//! `dataset synth`: a dataset appears whole, is never overwritten unasked, and bad requests are errors.

use crate::program::Place;

const SMALL: [&str; 8] = ["--identities", "2", "--photos", "1", "--drawings", "1", "--size", "64"];

fn synth<'a>(destination: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["dataset", "synth", destination][..], &SMALL, more].concat()
}

#[test]
fn a_dataset_appears_and_is_described() {
    let place = Place::new();
    let answer = place.run(&synth("out/set", &["--json", "--quiet"])).succeeded();
    let report = answer.json();
    assert_eq!((&report["people"], &report["photos"], &report["drawings"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!(report["manifest"], "out/set/manifest.json");
    assert!(report["warnings"][0].as_str().unwrap().contains("fewer than ten folds"), "{report}");
    let files = place.files("out/set");
    assert_eq!(files.iter().filter(|file| file.ends_with(".jpg")).count(), 4);
    assert!(files.contains(&"EvaluationProtocols/FaceIdentification/C2P/FR_Gallery_C2P_dev.txt".to_owned()));
    let picture = files.iter().find(|file| file.ends_with("C00001.jpg")).unwrap();
    assert_eq!(place.size(&format!("out/set/{picture}")), [64, 64]);
}

#[test]
fn nothing_is_overwritten_unless_asked_and_only_what_this_program_made() {
    let place = Place::new();
    place.run(&synth("set", &[])).succeeded();
    let before = place.read("set/manifest.json");
    let answer = place.run(&synth("set", &["--seed", "2"])).failed(&["set: the folder exists", "--force"]);
    assert!(answer.stderr.contains("hint: ") && place.read("set/manifest.json") == before);
    place.run(&synth("set", &["--seed", "2", "--force"])).succeeded();
    assert!(place.read("set/manifest.json") != before);

    place.write("set/OriginalImages/notes.txt", "mine");
    place.run(&synth("set", &["--force"])).failed(&["set: OriginalImages/notes.txt", "nothing was touched"]);
    assert_eq!(place.read("set/OriginalImages/notes.txt"), b"mine");
    std::fs::remove_file(place.path("set/OriginalImages/notes.txt")).unwrap();

    place.write("mine/diary.txt", "dear diary");
    place.run(&synth("mine", &["--force"])).failed(&["mine: expected a synthetic dataset"]);
    place.run(&synth("mine/diary.txt", &["--force"])).failed(&["mine/diary.txt: cannot write"]);
    place.run(&synth("mine/diary.txt/set", &[])).failed(&["mine/diary.txt/set: cannot write"]);
    assert_eq!(place.files("mine"), ["diary.txt"]);
    assert!(place.files(".").iter().all(|file| file.starts_with("set/") || file == "mine/diary.txt"));
}

#[test]
fn absurd_requests_are_refused() {
    let place = Place::new();
    let cases: [(&[&str], &str); 6] = [
        (&["--identities", "0"], "number of identities: expected 1 to 6000, found 0"),
        (&["--identities", "6001"], "number of identities"),
        (&["--photos", "1001"], "photos of each identity"),
        (&["--size", "20000"], "side of a synthetic picture: expected 64 to 1024 pixels, found 20000"),
        (&["--exaggeration", "nan"], "exaggeration"),
        (&["--identities", "6000", "--photos", "500"], "number of pictures: expected at most 200000"),
    ];
    for (more, words) in cases {
        // A later value takes an earlier one's place only where it is given once: build the call anew.
        let mut call = vec!["dataset", "synth", "set"];
        for pair in SMALL.chunks(2).filter(|pair| !more.contains(&pair[0])) {
            call.extend(pair);
        }
        call.extend(more);
        place.run(&call).failed(&[words]);
    }
    for call in [&["dataset"][..], &["dataset", "synth"], &["dataset", "synth", "set", "--identities", "2"]] {
        assert_eq!(place.run(call).code, Some(2), "{call:?}");
    }
    let negative = place.run(&["dataset", "synth", "set", "--identities", "-3", "--photos", "1", "--drawings", "1"]);
    assert_eq!(negative.code, Some(2), "{negative:?}");
    assert!(place.files(".").is_empty());
}
