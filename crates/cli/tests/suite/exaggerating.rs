//! `--exaggerate` and `--keep-shape`: what happens to the person before drawing, and what is refused.

use crate::program::Place;

fn portrait() -> Place {
    let place = Place::new();
    place.write_portrait("collins.jpg");
    place
}

#[test]
fn people_are_exaggerated_before_they_are_drawn() {
    let place = portrait();
    let draw = |out: &str, options: &[&str]| {
        let call = [&["translate", "collins.jpg", "-o", out, "--json"], options].concat();
        place.run(&call).succeeded().json()["outputs"][0].clone()
    };
    let plain = draw("plain", &[]);
    assert_eq!(plain["exaggeration"], 0.0);
    let far = plain["verified_at_far"].as_f64().expect("the built-in recogniser was measured");
    assert!((0.0..=1.0).contains(&far), "{far}");
    let grown = draw("grown", &["--exaggerate", "1"]);
    assert!(grown["exaggeration"].as_f64().unwrap() > 0.5);
    assert_ne!(place.read("plain/collins-drawing.png"), place.read("grown/collins-drawing.png"));
    draw("zero", &["--exaggerate", "0"]);
    assert_eq!(place.read("plain/collins-drawing.png"), place.read("zero/collins-drawing.png"));
    let nose = draw("nose", &["--exaggerate", "nose=1.5,jaw=0.5"]);
    assert!(nose["exaggeration"].as_f64().unwrap() > 0.5);
    let like = draw("like", &["--exaggerate-like", "collins.jpg"]);
    assert_eq!(like["exaggeration"], grown["exaggeration"]);
    // Points found in the whole picture and in the crop differ a little, so the drawings are alike, not equal.
    assert_ne!(place.read("like/collins-drawing.png"), place.read("plain/collins-drawing.png"));
    assert!(draw("other", &["--recognizer", "none"])["verified_at_far"].is_null());
}

#[test]
fn auto_stays_within_what_the_recogniser_verifies() {
    let place = portrait();
    let call = ["translate", "collins.jpg", "-o", "out", "--exaggerate", "auto", "--json"];
    let output = place.run(&call).succeeded().json()["outputs"][0].clone();
    let (strength, far) = (output["exaggeration"].as_f64().unwrap(), output["verified_at_far"].as_f64().unwrap());
    assert!((0.0..=2.0).contains(&strength) && (strength == 0.0 || far <= 0.01), "{output}");
    place
        .run(&["translate", "collins.jpg", "-o", "x", "--exaggerate", "auto", "--recognizer", "none"])
        .failed(&["auto", "likeness"]);
}

#[test]
fn what_cannot_be_exaggerated_is_said() {
    let place = portrait();
    place.write_picture("slope.png", 96, 112, 3);
    let translate = |options: &[&str]| place.run(&[&["translate", "-o", "out"], options].concat());
    translate(&["slope.png", "--aligned", "--exaggerate", "1"]).failed(&["no face found whose shape", "--exaggerate"]);
    translate(&["collins.jpg", "--exaggerate-like", "slope.png"]).failed(&["slope.png: no face found"]);
    translate(&["collins.jpg", "--to", "photo", "--exaggerate", "1"]).failed(&["--to drawing"]);
    translate(&["collins.jpg", "--keep-shape"]).failed(&["--to photo"]);
    for wrong in ["3", "-1", "ears=1", "nose=5", "nose", "nan"] {
        let answer = translate(&["collins.jpg", &format!("--exaggerate={wrong}")]);
        assert_eq!(answer.code, Some(2), "{answer:?}");
    }
    translate(&["slope.png", "--aligned", "--to", "photo"]).succeeded();
    assert_eq!(place.size("out/slope-photo.png"), [96, 112]);
}
