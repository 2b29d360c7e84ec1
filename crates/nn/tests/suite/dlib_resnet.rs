//! dlib's network with weights from a formula, against a reference in numpy that agrees with dlib 20.0.1 within 3e-7 on the
//! published weights.

use std::path::Path;

use burn::tensor::Tensor;
use portraitist_face::{Picture, edit};
use portraitist_nn::config::{Architecture, RecognizerConfig};
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::layers::{Initialization, shortcut_sum};
use portraitist_nn::losses::{IdentityForm, IdentityLoss};
use portraitist_nn::networks::{DlibResnet, EmbeddingNetwork};
use portraitist_nn::parameter::{Parameterized, from_values, to_values};
use portraitist_nn::pixels::to_recognition_planes;
use portraitist_nn::recognition::{EmbeddingOptions, FrozenEmbedder, Recognizer, RecognizerDescription};
use portraitist_nn::weights::{ModelConfig, ModelFile, collect};

use crate::golden::device;

fn small() -> RecognizerConfig {
    RecognizerConfig { channels: [4, 6, 8, 8], blocks: [1, 1, 0, 1], embedding: 5, ..RecognizerConfig::dlib_resnet() }
}

/// Value `i` of the parameter `name`: a number of fiftieths in [-1, 1] times `1.5 / sqrt(fan in)`.
fn formula_network() -> DlibResnet {
    let mut network = DlibResnet::new(&small(), Initialization::Default, 1, &device());
    network.visit_mut("", &mut |name, parameter| {
        let hash: usize = name.bytes().map(usize::from).sum();
        let shape = parameter.shape();
        let fan_in = if shape.len() > 1 { shape[1..].iter().product::<usize>() } else { 10 } as f64;
        let value = |index: usize| ((index * 37 + hash * 11) % 101) as f64 - 50.0;
        let values = (0..shape.iter().product()).map(|index| (value(index) / 50.0 * 1.5 / fan_in.sqrt()) as f32);
        parameter.set(from_values(values.collect(), &device()));
    });
    network
}

fn formula_crop() -> Picture {
    let level = |index: usize| {
        let (channel, x, y) = (index % 3, index / 3 % 150, index / 450);
        ((x * 7 + y * 13 + channel * 29 + x * y / 11) % 256) as u8
    };
    Picture::from_rgb(150, 150, (0..3 * 150 * 150).map(level).collect()).unwrap()
}

const EXPECTED: [f32; 5] = [1.310_053, 0.433_502_65, 0.934_149_2, 1.015_768_9, 0.167_178_5];
const EXPECTED_MIRRORED: [f32; 5] = [1.288_121_4, 0.413_743_23, 0.907_016_2, 0.990_808_1, 0.177_188_8];

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
    }
}

#[test]
fn network_and_plan_match_the_reference() {
    let crop = formula_crop();
    let mirrored = edit::flip(&crop);
    let planes = [&crop, &mirrored].map(|crop| to_recognition_planes(crop, Architecture::DlibResnet)).concat();
    let expected = [EXPECTED, EXPECTED_MIRRORED].concat();
    let network = EmbeddingNetwork::from(formula_network());
    let crops = from_values(planes.clone(), &device()).reshape([2, 3, 150, 150]);
    assert_close(&to_values(network.forward(crops.clone())), &expected);
    assert_eq!(network.feature_map(crops).dims(), [2, 8, 2, 2]);
    let embedder = FrozenEmbedder::new(network, &device());
    assert_close(&embedder.embed(&planes, InferencePrecision::F32), &expected);
    assert_close(&embedder.embed(&planes[3 * 150 * 150..], InferencePrecision::F32), &EXPECTED_MIRRORED);
}

#[test]
fn the_published_network_has_its_size_and_refuses_other_crops() {
    let config = RecognizerConfig::dlib_resnet();
    let network = DlibResnet::new(&config, Initialization::Default, 1, &device());
    // dlib's convolutions with their biases and its last layer, and 128 biases of that.
    assert_eq!(network.num_parameters(), 5_607_616);
    let shrinking = RecognizerConfig { channels: [32, 16, 32, 64], ..config };
    assert!(shrinking.validate().unwrap_err().contains("must not become fewer"));
    let recognizer = formula_recognizer();
    let crop = Picture::from_rgb(96, 112, vec![7; 3 * 96 * 112]).unwrap();
    let error = recognizer.embed(&[crop], EmbeddingOptions::default()).unwrap_err().to_string();
    assert!(error.contains("96x112") && error.contains("150x150") && error.contains("dlib"), "{error}");
    assert_close(&recognizer.embed(&[formula_crop()], EmbeddingOptions::default()).unwrap()[0], &EXPECTED);
}

fn formula_recognizer() -> Recognizer {
    let description = RecognizerDescription { network: small(), ..RecognizerDescription::default() };
    let file = ModelFile { config: ModelConfig::Recognizer(description), arrays: collect(&formula_network()) };
    Recognizer::from_model(file, Path::new("formula"), String::new(), &device()).unwrap()
}

/// Values without a pattern that a pool could miss.
fn scattered(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
}

#[test]
fn gradients_of_shortcuts_are_finite_differences() {
    let (x, shortcut) = (scattered(4 * 9, 1), scattered(2 * 64, 2));
    let weights = from_values(scattered(4 * 16, 3), &device()).reshape([1, 4, 4, 4]);
    let loss = |x: Tensor<4>, shortcut: Tensor<4>| (shortcut_sum(x, shortcut, true) * weights.clone()).sum();
    let shaped = |x: &[f32], shortcut: &[f32]| {
        let x: Tensor<4> = from_values(x.to_vec(), &device()).reshape([1, 4, 3, 3]);
        let shortcut: Tensor<4> = from_values(shortcut.to_vec(), &device()).reshape([1, 2, 8, 8]);
        (x, shortcut)
    };
    let (tracked, tracked_shortcut) = shaped(&x, &shortcut);
    let (tracked, tracked_shortcut) = (tracked.autodiff().require_grad(), tracked_shortcut.autodiff().require_grad());
    let gradients = loss(tracked.clone(), tracked_shortcut.clone()).backward();
    let value = |x: &[f32], shortcut: &[f32]| {
        let (x, shortcut) = shaped(x, shortcut);
        to_values(loss(x, shortcut))[0]
    };
    let step = 1e-3;
    let check = |gradient: Vec<f32>, moved: &dyn Fn(usize, f32) -> f32| {
        for (index, gradient) in gradient.iter().enumerate() {
            let difference = (moved(index, step) - moved(index, -step)) / (2.0 * step);
            assert!((gradient - difference).abs() < 2e-2, "{index}: {gradient} {difference}");
        }
    };
    let with = |values: &[f32], index: usize, step: f32| {
        let mut values = values.to_vec();
        values[index] += step;
        values
    };
    check(to_values(tracked.grad(&gradients).unwrap()), &|index, step| value(&with(&x, index, step), &shortcut));
    let of_shortcut = to_values(tracked_shortcut.grad(&gradients).unwrap());
    check(of_shortcut, &|index, step| value(&x, &with(&shortcut, index, step)));
}

/// The loss sees the face where the recogniser's own frame has it: pixels beside that frame have no gradient.
#[test]
fn identity_losses_look_through_the_recognisers_own_frame() {
    let form = IdentityForm::Hinge { threshold: 1.5, over_batch: false };
    let loss = IdentityLoss::new(&formula_recognizer(), form, Path::new("formula")).unwrap();
    let pictures = |seed: usize| from_values(scattered(3 * 224 * 192, seed), &device()).reshape([1, 3, 224, 192]);
    let same = to_values(loss.forward(pictures(5), pictures(5), &[], 1).loss)[0];
    assert!((same - 0.5).abs() < 1e-4, "{same}");
    let tracked: Tensor<4> = pictures(5);
    let tracked = tracked.autodiff().require_grad();
    let term = loss.forward(tracked.clone(), pictures(6), &[], 1);
    let value = to_values(term.loss.clone())[0];
    assert!(value > 0.5, "{value}");
    let gradient = to_values(tracked.grad(&term.loss.backward()).unwrap());
    let row_is_seen = |y: usize| gradient[y * 192..][..192].iter().any(|value| *value != 0.0);
    assert!(!row_is_seen(0) && !row_is_seen(30) && row_is_seen(60) && row_is_seen(223));
    // A step against the gradient makes the loss smaller.
    let norm = gradient.iter().map(|value| value * value).sum::<f32>().sqrt();
    let direction: Tensor<4> = from_values(gradient, &device()).reshape([1, 3, 224, 192]);
    let stepped = pictures(5) - direction * (0.05 / norm);
    let lower = to_values(loss.forward(stepped, pictures(6), &[], 1).loss)[0];
    assert!(lower < value, "{lower} {value}");
}
