//! Inference in bf16 against inference in `f32`, with the built-in models.

use portraitist_face::{Picture, bundled_portrait, edit};
use portraitist_nn::builtin;
use portraitist_nn::config::Domain;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer, cosine};
use portraitist_nn::translate::Model;

use crate::golden::device;

/// Most grey levels that a value may differ by, and that values may differ by in the mean.
const MOST_LEVELS: u8 = 3;
const MEAN_LEVELS: f64 = 0.3;

fn portrait(width: usize, height: usize) -> Picture {
    let portrait = Picture::decode("portrait.jpg", bundled_portrait()).unwrap();
    edit::resize(&portrait, width, height).unwrap()
}

fn check_translations(one: &Model, other: &Model, picture: &Picture, to: Domain, style: &[f32]) -> Picture {
    let exact = one.translate(picture, style, to).unwrap().picture;
    let rounded = other.translate(picture, style, to).unwrap().picture;
    let differences: Vec<u8> =
        exact.pixels().iter().zip(rounded.pixels()).map(|(exact, rounded)| exact.abs_diff(*rounded)).collect();
    let largest = differences.iter().copied().max().unwrap();
    let mean = differences.iter().map(|level| f64::from(*level)).sum::<f64>() / differences.len() as f64;
    assert!(largest <= MOST_LEVELS && mean <= MEAN_LEVELS, "to {to}: {largest} levels, {mean} in the mean");
    assert!(mean > 0.0, "bf16 was in use");
    exact
}

#[test]
fn translations_in_bf16_are_within_three_grey_levels() {
    for name in builtin::NAMES {
        let model = Model::from_bytes(builtin::bytes(name).unwrap(), name, &device()).unwrap();
        let rounded = model.clone().with_precision(InferencePrecision::Bf16);
        let length = model.config().generator.style_dim;
        let frame = model.template();
        for (seed, [width, height]) in [(1, [frame.width, frame.height]), (2, [112, 128])] {
            let style: Vec<f32> = (0..length).map(|index| ((index * 7 + seed * 3) % 5) as f32 - 2.0).collect();
            let drawing = check_translations(&model, &rounded, &portrait(width, height), Domain::Drawing, &style);
            check_translations(&model, &rounded, &drawing, Domain::Photo, &style);
        }
    }
}

#[test]
fn embeddings_in_bf16_point_the_same_way() {
    for (name, bytes) in builtin::RECOGNIZERS {
        let recognizer = Recognizer::from_bytes(bytes, name, &device()).unwrap();
        let rounded = recognizer.clone().with_precision(InferencePrecision::Bf16);
        let [height, width] = recognizer.architecture().crop_size();
        let crop = portrait(width, height);
        let crops = [edit::flip(&crop), edit::to_grey(&crop), crop];
        let options = EmbeddingOptions::default();
        let (exact, found) = (recognizer.embed(&crops, options).unwrap(), rounded.embed(&crops, options).unwrap());
        for (exact, found) in exact.iter().zip(&found) {
            let cosine = cosine(exact, found);
            assert!(cosine >= 0.9995 && exact != found, "{name}: {cosine}");
        }
    }
}
