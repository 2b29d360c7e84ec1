//! `--style`, `--count`, `--interpolate`, `--strength`.

use crate::program::{Place, npy, safetensors};

fn place() -> Place {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    place.write_picture("y.png", 32, 40, 2);
    place
}

impl Place {
    /// Translates x.png into `folder` and returns the bytes of the results, in order.
    fn draw(&self, folder: &str, arguments: &[&str]) -> Vec<Vec<u8>> {
        self.translate(&[&["x.png", "--aligned", "-o", folder], arguments].concat()).succeeded();
        self.files(folder).iter().map(|name| self.read(&format!("{folder}/{name}"))).collect()
    }
}

#[test]
fn count_takes_the_seeds_one_after_the_other() {
    let place = place();
    let three = place.draw("three", &["--count", "3", "--seed", "4"]);
    assert_eq!(place.files("three"), ["x-drawing-0001.png", "x-drawing-0002.png", "x-drawing-0003.png"]);
    for (seed, drawing) in ["4", "5", "6"].into_iter().zip(&three) {
        assert_eq!(place.draw(seed, &["--seed", seed]), std::slice::from_ref(drawing));
    }
}

#[test]
fn interpolation_begins_and_ends_with_the_single_styles() {
    let place = place();
    let way = place.draw("way", &["--interpolate", "5", "--seed", "4"]);
    assert_eq!(way.len(), 5);
    assert_eq!(way[..1], place.draw("first", &["--seed", "4"]));
    assert_eq!(way[4..], place.draw("last", &["--seed", "5"]));
    assert!(way[1..4].iter().all(|between| *between != way[0] && *between != way[4]));
}

#[test]
fn interpolation_goes_through_every_style() {
    let place = place();
    let way = place.draw("way", &["--interpolate", "5", "--count", "3"]);
    assert_eq!(way[2..3], place.draw("middle", &["--seed", "2"]));
}

#[test]
fn strength_zero_is_the_zero_code() {
    let place = place();
    place.write("zero.npy", npy("4,", &[0.0; 4]));
    assert_eq!(place.draw("zero", &["--style", "zero.npy"]), place.draw("weak", &["--strength", "0", "--seed", "9"]));
    assert_ne!(place.draw("more", &["--strength", "2"]), place.draw("same", &["--strength", "1"]));
    assert_eq!(place.draw("plain", &[]), place.draw("full", &["--strength", "1"]));
}

#[test]
fn codes_come_from_npy_and_safetensors() {
    let place = place();
    let codes = [0.5, -1.0, 0.25, 2.0, -0.5, 1.0, 0.0, 1.5];
    place.write("one.npy", npy("4,", &codes[..4]));
    place.write("two.npy", npy("2, 4", &codes));
    place.write("one.safetensors", safetensors("style", &[4], &codes[..4]));
    place.write("two.safetensors", safetensors("style", &[2, 4], &codes));
    let one = place.draw("one-npy", &["--style", "one.npy"]);
    let two = place.draw("two-npy", &["--style", "two.npy"]);
    assert_eq!((one.len(), two.len()), (1, 2));
    assert_eq!(one[0], two[0]);
    assert_ne!(two[0], two[1]);
    assert_eq!(one, place.draw("one-safetensors", &["--style", "one.safetensors"]));
    assert_eq!(two, place.draw("two-safetensors", &["--style", "two.safetensors"]));
    let answer = place.translate(&["x.png", "--aligned", "--style", "one.npy", "-o", "seedless"]).succeeded();
    assert!(answer.json()["outputs"][0]["seed"].is_null());
}

#[test]
fn as_many_codes_as_pictures_are_one_for_each() {
    let place = place();
    place.write("two.npy", npy("2, 4", &[0.5, -1.0, 0.25, 2.0, -0.5, 1.0, 0.0, 1.5]));
    place.write("second.npy", npy("4,", &[-0.5, 1.0, 0.0, 1.5]));
    place.translate(&["x.png", "y.png", "--aligned", "--style", "two.npy", "-o", "paired"]).succeeded();
    assert_eq!(place.files("paired"), ["x-drawing.png", "y-drawing.png"]);
    place.translate(&["y.png", "--aligned", "--style", "second.npy", "-o", "single"]).succeeded();
    assert_eq!(place.read("paired/y-drawing.png"), place.read("single/y-drawing.png"));
}

#[test]
fn an_example_picture_gives_its_style() {
    let place = place();
    for (seed, name) in ["like.png", "unlike.png"].into_iter().enumerate() {
        place.write_picture(name, 48, 52, 5 + 3 * seed);
    }
    let like = place.draw("like", &["--style", "like.png"]);
    assert_eq!(like.len(), 1);
    assert_eq!(like, place.draw("again", &["--style", "like.png"]));
    assert_ne!(like, place.draw("unlike", &["--style", "unlike.png"]));
    place.write_picture("tiny.png", 3, 2, 1);
    place.draw("tiny", &["--style", "tiny.png"]);
}

#[test]
fn unusable_styles_are_refused_with_what_was_expected() {
    let place = place();
    place.write("short.npy", npy("3,", &[0.0; 3]));
    place.write("cube.npy", npy("1, 1, 4", &[0.0; 4]));
    place.write("nan.npy", npy("4,", &[0.0, f32::NAN, 0.0, 0.0]));
    place.write("lying.npy", npy("1000000000, 4", &[0.0; 4]));
    place.write("cut.npy", &npy("4,", &[0.0; 4])[..90]);
    place.write("text.png", "no picture");
    let cases = [
        ("short.npy", "3 dimensions, the model expects 4"),
        ("cube.npy", "expected [style_dim] or [n, style_dim]"),
        ("nan.npy", "NaN"),
        ("lying.npy", "does not fit the file"),
        ("cut.npy", "not a readable .npy file"),
        ("text.png", "expected a PNG"),
        ("missing.npy", "no style at"),
    ];
    for (style, reason) in cases {
        let answer = place.translate(&["x.png", "--aligned", "--style", style, "-o", "out"]);
        assert!(answer.json()["error"].as_str().unwrap().contains(reason), "{answer:?}");
        answer.failed(&[style, reason]);
    }
    assert!(!place.path("out").exists());
    place.write("one.npy", npy("4,", &[0.0; 4]));
    let call = ["x.png", "--aligned", "--style", "one.npy", "-o", "out"];
    place.translate(&[&call[..], &["--count", "2"]].concat()).failed(&["--count"]);
    place.translate(&[&call[..], &["--interpolate", "3"]].concat()).failed(&["two styles"]);
}
