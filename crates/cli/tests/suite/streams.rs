//! `-`: pictures from standard input, results to standard output.

use std::io::Write;
use std::process::{Output, Stdio};

use portraitist_face::{Picture, bundled_portrait};

use crate::program::{Place, tiny_model};

/// Runs a call with bytes on its standard input.
fn run(place: &Place, words: &[&str], input: &[u8]) -> Output {
    let mut child = place.command(words).stdin(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn succeeded(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn failed(output: &Output, word: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains(word) && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn pictures_go_through_as_they_do_by_files() {
    let place = Place::new();
    place.write_portrait("photo.jpg");
    let photo = bundled_portrait();
    place.run(&["align", "photo.jpg", "-o", "out"]).succeeded();
    let crop = succeeded(run(&place, &["align", "-", "-o", "-"], photo));
    assert_eq!(crop, place.read("out/photo.png"));
    let model = tiny_model();
    let model = model.to_str().unwrap();
    place.run(&["translate", "photo.jpg", "-o", "out", "--model", model]).succeeded();
    let translated = succeeded(run(&place, &["translate", "-", "-o", "-", "--model", model], photo));
    assert_eq!(translated, place.read("out/photo-drawing.png"));
    Picture::decode("the result", &translated).unwrap();
    let found = succeeded(run(&place, &["detect", "-", "--json"], photo));
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    assert_eq!(
        (&found["pictures"][0]["input"], found["pictures"][0]["faces"].as_array().unwrap().len()),
        (&"-".into(), 1)
    );
    succeeded(run(&place, &["align", "-", "-o", "from-stdin"], photo));
    assert_eq!(place.files("from-stdin"), ["stdin.png"]);
    place.run(&["recognize", "embed", "photo.jpg", "-o", "row.npy"]).succeeded();
    assert_eq!(succeeded(run(&place, &["recognize", "embed", "-", "-o", "-"], photo)), place.read("row.npy"));
    assert_eq!(
        place.files("."),
        ["from-stdin/stdin.png", "out/photo-drawing.png", "out/photo.png", "photo.jpg", "row.npy"]
    );
}

#[test]
fn weights_and_scores_come_from_streams() {
    let place = Place::new();
    let model = tiny_model();
    let scores =
        succeeded(run(&place, &["recognize", "metrics", "-", "--json"], b"0.9\t1\n0.2\t0\n\n0.8\t1\n0.3\t0\n"));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&scores).unwrap()["num_pairs"], 4);
    failed(&run(&place, &["recognize", "metrics", "-"], b"?\n"), "- (standard input), line 1");
    place.run(&["weights", "convert", model.to_str().unwrap(), "model.safetensors"]).succeeded();
    let bytes = place.read("model.safetensors");
    assert_eq!(succeeded(run(&place, &["weights", "convert", "-", "-"], &bytes)), bytes);
    let text = succeeded(run(&place, &["weights", "inspect", "-"], &bytes));
    assert!(text.starts_with(b"translator, "), "{}", String::from_utf8_lossy(&text));
    failed(&run(&place, &["weights", "inspect", "-"], b"dear diary"), "- (standard input): expected");
    failed(&run(&place, &["weights", "convert", "-"], &bytes), "name a file");
    assert_eq!(place.files("."), ["model.safetensors"]);
}

#[test]
fn standard_output_takes_one_result_and_nothing_else() {
    let place = Place::new();
    place.write_picture("a.png", 32, 40, 1);
    place.write_picture("b.png", 32, 40, 2);
    let model = tiny_model();
    let translate = |more: &[&str]| {
        let words = [&["translate", "--aligned", "-o", "-", "--model", model.to_str().unwrap()], more].concat();
        run(&place, &words, b"")
    };
    failed(&translate(&["a.png", "b.png"]), "standard output takes one result, found 2");
    failed(&translate(&["a.png", "--count", "2"]), "standard output takes one result, found 2");
    failed(&translate(&["a.png", "--float"]), "--float");
    let json = translate(&["a.png", "--json"]);
    failed(&json, "both go to standard output");
    assert!(serde_json::from_slice::<serde_json::Value>(&json.stdout).unwrap()["error"].is_string());
    failed(&translate(&["-"]), "- (standard input): expected a picture, found an empty file");
    assert_eq!(place.files("."), ["a.png", "b.png"]);
}
