//! `--json` prints one object, whatever happens.

use crate::program::Place;

#[test]
fn errors_are_objects_too() {
    let place = Place::new();
    place.write("text.pt", "dear diary");
    place.write_picture("x.png", 32, 40, 1);
    let calls: [(&[&str], &str, bool); 8] = [
        (&["weights", "inspect", "nothing.pt"], "nothing.pt", false),
        (&["weights", "inspect", "text.pt"], "text.pt", false),
        (&["weights", "convert", "text.pt", "text.pt", "--force"], "replace the input", true),
        (&["translate", "x.png", "-o", "out", "--model", "nobody"], "nobody", false),
        (&["translate", "x.png", "-o", "out", "--aligned", "--recognizer", "nobody"], "nobody", false),
        (&["dataset", "info", "nowhere"], "nowhere", false),
        (&["dataset", "info", "x.png"], "this is a picture", false),
        (&["train", "nothing.toml"], "nothing.toml", false),
    ];
    for (call, word, has_hint) in calls {
        let answer = place.run(&[call, &["--json"]].concat()).failed(&[word]);
        let object = answer.json();
        assert!(object["error"].as_str().unwrap().contains(word), "{object}");
        assert!(!has_hint || object["hint"].is_string(), "{object}");
    }
    place.run(&["translate", "x.png", "-o", "out", "--aligned", "--recognizer", "nobody"]).failed(&["nobody"]);
    assert_eq!(place.files("."), ["text.pt", "x.png"], "nothing was written");
}

#[test]
fn wrong_usage_is_an_object_with_the_code_2() {
    let place = Place::new();
    let calls: [&[&str]; 5] = [
        &["--json"],
        &["paint", "--json"],
        &["translate", "x.png", "--json"],
        &["--json", "translate", "x.png", "-o", "out", "--count", "0"],
        &["translate", "x.png", "-o", "out", "--points", "-9,1,2", "--json"],
    ];
    for call in calls {
        let answer = place.run(call);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        let object = answer.json();
        assert!(!object["error"].as_str().unwrap().is_empty() && !answer.stderr.is_empty(), "{answer:?}");
    }
    let help = place.run(&["detect", "--help", "--json"]).succeeded();
    assert!(help.stdout.contains("Usage: portraitist detect"), "{help:?}");
    let behind = place.run(&["detect", "--", "--json"]);
    assert!(behind.code == Some(1) && !behind.stdout.contains("{"), "a file of that name: {behind:?}");
}

#[test]
fn negative_points_are_numbers() {
    let place = Place::new();
    place.write_picture("x.png", 64, 80, 1);
    let points = "-9,20,44,20,17,40,0,60,36,60";
    let object = place.run(&["align", "x.png", "-o", "out", "--points", points, "--json"]).succeeded().json();
    assert_eq!(object["crops"].as_array().unwrap().len(), 1);
}
