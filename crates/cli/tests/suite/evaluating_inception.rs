//! `evaluate pictures` by Inception networks whose weights are numbers by chance.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::evaluating::{number, two_sets};
use crate::program::Place;

/// Writes a file of weights by chance with `classes` classes; one of them is `NaN` if asked for. `false`, with a remark, where the list
/// of arrays is not there.
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn write_weights(place: &Place, name: &str, classes: usize, is_broken: bool) -> bool {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/inception/expected.json");
    let Ok(text) = fs::read(list) else {
        eprintln!("skipped: the reference data inception is not beside this checkout");
        return false;
    };
    let expected: Value = serde_json::from_slice(&text).unwrap();
    let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
    for (name, description) in expected["formula_check"].as_object().unwrap() {
        let shape = description["shape"].as_array().unwrap();
        shapes.push((name.clone(), shape.iter().map(|side| side.as_u64().unwrap() as usize).collect()));
    }
    shapes.push(("fc.weight".to_owned(), vec![classes, 2048]));
    shapes.push(("fc.bias".to_owned(), vec![classes]));
    let (mut header, mut values, mut state) = (Map::new(), Vec::<u8>::new(), 1_u32);
    for (name, shape) in shapes {
        let scale = 3.0 / shape[1..].iter().product::<usize>().max(1) as f32;
        let begin = values.len();
        for _ in 0..shape.iter().product() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let unit = (state >> 8) as f32 / 16_777_216.0;
            let is_scale = name.ends_with("bn.weight") || name.ends_with("running_var");
            let value = if is_scale { 0.8 + 0.4 * unit } else { (unit - 0.5) * scale.sqrt() };
            values.extend(value.to_le_bytes());
        }
        if is_broken && name == "Mixed_7c.branch1x1.bn.bias" {
            values[begin..begin + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        header.insert(name, json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, values.len()]}));
    }
    let header = Value::Object(header).to_string();
    place.write(name, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat());
    true
}

#[test]
fn fewer_than_a_batch_are_one_batch_and_a_last_one_that_is_not_full_is_told() {
    let place = Place::new();
    if !write_weights(&place, "torchvision.safetensors", 1000, false) {
        return;
    }
    two_sets(&place, 5);
    let run = |batch: &str| {
        let words = ["evaluate", "pictures", "real", "fake", "--mode", "original-2018", "--json", "--batch", batch];
        place
            .run(&[&words[..], &["--weights", "torchvision.safetensors", "--resamples", "0"]].concat())
            .succeeded()
            .json()
    };
    let (all, whole) = (run("64"), run("2"));
    assert_eq!([&all["num_real"], &all["num_fake"]], [5, 5]);
    assert!(number(&all["fid"]) > 0.0, "{all}");
    let told = |found: &Value| found["warnings"].to_string().matches("were left out, the last batch").count();
    assert_eq!((told(&all), told(&whole)), (0, 2));
    assert_eq!([&whole["num_real"], &whole["num_fake"]], [4, 4]);
    assert!(whole["warnings"].to_string().contains("1 of 5 pictures"), "{whole}");
}

#[test]
fn weights_that_are_no_numbers_and_those_of_another_kind_are_named() {
    let place = Place::new();
    if !write_weights(&place, "broken.safetensors", 1008, true) {
        return;
    }
    write_weights(&place, "fid.safetensors", 1008, false);
    two_sets(&place, 2);
    let run = |mode: &str, weights: &str| {
        place.run(&["evaluate", "pictures", "real", "fake", "--mode", mode, "--weights", weights, "--json"])
    };
    let broken = run("pytorch-fid", "broken.safetensors");
    broken.failed(&["broken.safetensors", "Mixed_7c.branch1x1.bn.bias", "not a finite number"]);
    let other = run("original-2018", "fid.safetensors");
    other.failed(&["fid.safetensors", "1008 classes", "expected the weights of torchvision's"]);
}
