//! `portraitist selftest`.

use std::fs;

use crate::program::Place;

#[test]
fn this_machine_computes_what_the_golden_values_say_and_other_values_fail() {
    let place = Place::new();
    let object = place.run(&["selftest", "--json"]).succeeded().json();
    assert_eq!(object["passed"], true, "{object}");
    assert!(object["seconds"].as_f64().unwrap() < 20.0, "{object}");
    assert!(["avx512", "avx2", "neon", "portable"].contains(&object["isa"].as_str().unwrap()), "{object}");
    let checks = object["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    for wanted in [
        "convolution",
        "winograd",
        "attention",
        "instance normalisation",
        "bf16 winograd",
        "sketch, photo to drawing",
        "likeness",
        "face_mesh",
    ] {
        assert!(names.contains(&wanted), "{wanted} in {names:?}");
    }
    for check in checks {
        let (deviation, tolerance) = (check["deviation"].as_f64().unwrap(), check["tolerance"].as_f64().unwrap());
        assert!(deviation <= tolerance, "{check}");
    }

    // Golden values of this machine, one of them wrong in its fourth digit.
    place.run(&["selftest", "--write-golden", "own.json"]).succeeded();
    place.run(&["selftest", "--write-golden", "own.json"]).failed(&["own.json", "--force"]);
    let mut golden: serde_json::Value = serde_json::from_slice(&fs::read(place.path("own.json")).unwrap()).unwrap();
    let value = &mut golden["checks"]["winograd"]["values"][5];
    *value = (value.as_f64().unwrap() + 0.01).into();
    fs::write(place.path("wrong.json"), golden.to_string()).unwrap();
    let run = place.run(&["selftest", "--json", "--golden", "wrong.json"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let failed: Vec<String> = run.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["passed"] == false)
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(failed, ["winograd"]);
}

#[test]
fn files_without_golden_values_are_errors() {
    let place = Place::new();
    fs::write(place.path("other.json"), "{}").unwrap();
    place.run(&["selftest", "--golden", "other.json"]).failed(&["other.json", "expected JSON"]);
    place.run(&["selftest", "--golden", "nothing.json"]).failed(&["nothing.json"]);
    place.run(&["selftest", "--device", "abacus"]).failed(&["abacus", "cpu"]);
}
