//! Identity losses against the original's numbers, and recognisers in files.

use std::path::Path;

use burn::tensor::Tensor;
use portraitist_face::Picture;
use portraitist_nn::config::RecognizerConfig;
use portraitist_nn::layers::Initialization;
use portraitist_nn::losses::{IdentityForm, IdentityLoss, Margin};
use portraitist_nn::parameter::to_values;
use portraitist_nn::recognition::{
    Classifier, EmbeddingOptions, Mirrored, Recognizer, RecognizerDescription, RecognizerError, TrainedIdentities,
    cosine,
};
use portraitist_nn::weights::{FloatKind, ModelConfig, ModelFile, WeightsError, collect, read_model, write_native};

use crate::golden::{Tensors, assert_close, assert_relative, device, folder, json};
use crate::recognition::{formula_classifier, norm};

/// An identity loss that asks SphereFace-20 with the reference's weights for 10 people.
pub(crate) fn formula_loss(form: IdentityForm) -> IdentityLoss {
    let network = RecognizerConfig { classes: 10, ..RecognizerConfig::default() };
    let description = RecognizerDescription { network, ..RecognizerDescription::default() };
    let file = ModelFile { config: ModelConfig::Recognizer(description), arrays: collect(&formula_classifier(10)) };
    let path = Path::new("formula");
    let recognizer = Recognizer::from_model(file, path, String::new(), &device()).unwrap();
    IdentityLoss::new(&recognizer, form, path).unwrap()
}

fn pictures(inputs: &Tensors, name: &str) -> Tensor<4> {
    inputs.tensor::<4>(name) / 127.5 - 1.0
}

/// The labels that the reference's identity losses were computed with.
fn labels(folder: &Path) -> Vec<usize> {
    let bytes = std::fs::read(folder.join("inputs.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("labels").unwrap();
    tensor.data().as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk) as usize).collect()
}

/// Value and gradient of a batch against a case of the reference.
fn check(folder: &Path, form: IdentityForm, case: &str, value: &str, gradient: &str, call: u64) {
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = json(&folder.join(format!("{case}.json")));
    let labels = if form.needs_people() { labels(folder) } else { Vec::new() };
    let image = pictures(&inputs, "img").autodiff().require_grad();
    let term = formula_loss(form).forward(image.clone(), pictures(&inputs, "target"), &labels, call);
    let wanted = expected[value].as_f64().or_else(|| expected[value][call as usize - 1].as_f64()).unwrap();
    assert_relative(case, f64::from(to_values(term.loss.clone())[0]), wanted, 2e-5);
    let found = to_values(image.grad(&term.loss.backward()).unwrap());
    let stored = Tensors::open(&folder.join(format!("{case}.safetensors")));
    let wanted = stored.values(gradient);
    let largest = wanted.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-3 * largest, "{case}: gradient differs by {worst}, largest {largest}");
    assert_relative(case, norm(&found), expected["grad_img_l2"].as_f64().unwrap(), 1e-3);
}

#[test]
fn the_hinge_over_the_batch_matches_the_reference() {
    let Some(folder) = folder("translator/identity") else { return };
    let form = IdentityForm::Hinge { threshold: 1.5, over_batch: true };
    check(&folder, form, "cosine_hinge_156f121", "value_batch", "grad_img", 1);
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = json(&folder.join("cosine_hinge_156f121.json"));
    let loss = formula_loss(form);
    let value =
        |picture: Tensor<4>, target: Tensor<4>| f64::from(to_values(loss.forward(picture, target, &[], 1).loss)[0]);
    for index in 0..2 {
        let one = |name: &str| pictures(&inputs, name).narrow(0, index, 1);
        let wanted = expected["value_each"][index].as_f64().unwrap();
        assert_relative("one picture", value(one("img"), one("target")), wanted, 2e-5);
    }
    let found = value(pictures(&inputs, "img_224x192"), pictures(&inputs, "target_224x192"));
    assert_relative("224x192", found, expected["value_224x192"].as_f64().unwrap(), 2e-5);
}

#[test]
fn the_hinge_of_each_picture_is_the_mean_of_single_ones() {
    let Some(folder) = folder("translator/identity") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = json(&folder.join("cosine_hinge_156f121.json"));
    let each: Vec<f64> = expected["value_each"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let value = |threshold: f64| {
        let form = IdentityForm::Hinge { threshold, over_batch: false };
        let term = formula_loss(form).forward(pictures(&inputs, "img"), pictures(&inputs, "target"), &[], 1);
        f64::from(to_values(term.loss)[0])
    };
    assert_relative("mean", value(1.5), each.iter().sum::<f64>() / 2.0, 2e-5);
    assert!(value(-1.0).abs() < 1e-12, "beyond the threshold nothing counts");
}

#[test]
fn feature_maps_match_the_reference() {
    let Some(folder) = folder("translator/identity") else { return };
    check(&folder, IdentityForm::Features, "feature_instancenorm_mse_a3f7be8", "value_batch", "grad_img", 1);
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = json(&folder.join("feature_instancenorm_mse_a3f7be8.json"));
    let beyond = pictures(&inputs, "img") * 1.5;
    let term = formula_loss(IdentityForm::Features).forward(beyond, pictures(&inputs, "target"), &[], 1);
    let wanted = expected["value_out_of_range_input"]["value"].as_f64().unwrap();
    assert_relative("values beyond the range", f64::from(to_values(term.loss)[0]), wanted, 2e-5);
}

#[test]
fn classification_and_angular_losses_match_the_reference() {
    let Some(folder) = folder("translator/identity") else { return };
    check(&folder, IdentityForm::Classification, "softmax_f1cb62d", "value_batch", "grad_img", 1);
    check(&folder, IdentityForm::Angular, "angle_loss_5923e48", "value_batch_calls_1_2_3", "grad_img_third_call", 3);
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = json(&folder.join("angle_loss_5923e48.json"));
    let (loss, labels) = (formula_loss(IdentityForm::Angular), labels(&folder));
    for (call, key) in
        [(100, "value_batch_call_100"), (3000, "value_batch_call_3000"), (50_000, "value_batch_call_50000")]
    {
        let term = loss.forward(pictures(&inputs, "img"), pictures(&inputs, "target"), &labels, call);
        assert_relative(key, f64::from(to_values(term.loss)[0]), expected[key].as_f64().unwrap(), 2e-5);
        assert_eq!(term.accuracy, Some(0.0));
    }
}

#[test]
fn distillation_is_zero_for_the_same_picture_only_and_pulls_towards_it() {
    let Some(folder) = folder("translator/identity") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let (image, target) = (pictures(&inputs, "img"), pictures(&inputs, "target"));
    let loss = formula_loss(IdentityForm::Distillation { temperature: 4.0 });
    let value = |image: Tensor<4>| f64::from(to_values(loss.forward(image, target.clone(), &[], 1).loss)[0]);
    assert!(value(target.clone()).abs() < 1e-6);
    let start = value(image.clone());
    assert!(start > 1e-4, "{start}");
    let tracked = image.clone().autodiff().require_grad();
    let gradient = tracked.grad(&loss.forward(tracked.clone(), target.clone(), &[], 1).loss.backward()).unwrap();
    let moved = value(image - gradient * 0.1);
    assert!(moved < start, "{moved} is not below {start}");
}

fn crop(level: u8) -> Picture {
    let pixel = |index: usize| ((index as u32).wrapping_mul(2_654_435_761) >> 24) as u8 ^ level;
    Picture::from_rgb(96, 112, (0..96 * 112 * 3).map(pixel).collect()).unwrap()
}

#[test]
fn published_checkpoints_are_read_with_any_number_of_people() {
    let Some(folder) = folder("recognition") else { return };
    let stored = Tensors::open(&folder.join("small_features.safetensors"));
    for name in ["small.pth", "small_parallel.pth"] {
        let path = folder.join(name);
        let recognizer = Recognizer::read(&path, &device()).unwrap();
        let network = &recognizer.description().network;
        assert_eq!((network.channels, network.blocks), ([4, 4, 8, 8], [1, 2, 4, 1]));
        assert_eq!((network.embedding, network.classes), (8, 5));
        assert_eq!(recognizer.description().trained_on, None);
        let features = recognizer.network().forward(crate::recognition::crops(&folder));
        assert_close(name, features, stored.values("features"), 1e-5);
    }
    assert!(matches!(
        Recognizer::read(&folder.join("recognition.safetensors"), &device()),
        Err(RecognizerError::Weights(WeightsError::Format { .. }))
    ));
}

#[test]
fn a_recogniser_comes_back_from_its_file_with_whom_it_knows() {
    let config = RecognizerConfig {
        channels: [4, 4, 8, 8],
        blocks: [0, 1, 0, 0],
        embedding: 6,
        classes: 2,
        ..RecognizerConfig::default()
    };
    let margin = Margin::SphereFace2 { margin: 0.3, scale: 20.0, share: 0.7, exponent: 3.0 };
    let classifier = Classifier::new(&config, margin, Initialization::Default, 4, &device());
    let trained_on = Some(TrainedIdentities::new([("", "Ada Quill"), ("orl", "s1")]));
    let description = RecognizerDescription { network: config, margin, trained_on, from_unknown: true };
    let file = ModelFile { config: ModelConfig::Recognizer(description.clone()), arrays: collect(&classifier) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recognizer.safetensors");
    write_native(&file, FloatKind::Single, &path, false).unwrap();
    assert_eq!(read_model(&path).unwrap().config, file.config);
    let recognizer = Recognizer::read(&path, &device()).unwrap();
    assert_eq!(recognizer.description(), &description);
    assert!(recognizer.head().is_some_and(|head| head.num_classes() == 2));
}

fn assert_rows_close(found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
}

#[test]
fn embeddings_do_not_depend_on_the_batch_and_mirrors_are_as_said() {
    let config = RecognizerConfig {
        channels: [8, 8, 16, 16],
        blocks: [1, 1, 1, 1],
        embedding: 12,
        ..RecognizerConfig::default()
    };
    let network = portraitist_nn::networks::SphereFace::new(&config, Initialization::Default, 9, &device());
    let description = RecognizerDescription { network: config, ..RecognizerDescription::default() };
    let file = ModelFile { config: ModelConfig::Recognizer(description), arrays: collect(&network) };
    let recognizer = Recognizer::from_model(file, Path::new("small"), String::new(), &device()).unwrap();
    let crops: Vec<Picture> = (0..5).map(|index| crop(40 * index)).collect();
    let rows = |crops: &[Picture], mirrored, batch_size| {
        recognizer.embed(crops, EmbeddingOptions { mirrored, batch_size }).unwrap()
    };
    let batched = rows(&crops, Mirrored::Ignore, 5);
    assert_rows_close(&rows(&crops, Mirrored::Ignore, 1), &batched);
    let mirrored: Vec<Picture> = crops.iter().map(portraitist_face::edit::flip).collect();
    let other = rows(&mirrored, Mirrored::Ignore, 5);
    let both = rows(&crops, Mirrored::Concatenate, 2);
    let mean = rows(&crops, Mirrored::Average, 3);
    for index in 0..crops.len() {
        assert_rows_close(&both[index..=index], &[[batched[index].clone(), other[index].clone()].concat()]);
        let halves = batched[index].iter().zip(&other[index]).map(|(a, b)| (a + b) / 2.0).collect();
        assert_rows_close(&mean[index..=index], &[halves]);
    }
    assert!((cosine(&batched[0], &batched[0]) - 1.0).abs() < 1e-6);
    let wrong = Picture::from_rgb(96, 96, vec![0; 96 * 96 * 3]).unwrap();
    let error = recognizer.embed(&[wrong], EmbeddingOptions::default()).unwrap_err();
    assert!(error.to_string().contains("96x96") && error.to_string().contains("96x112"), "{error}");
}

#[test]
fn a_margin_that_no_training_can_have_is_refused_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recognizer.safetensors");
    let config = RecognizerConfig {
        channels: [4, 4, 8, 8],
        blocks: [0; 4],
        embedding: 6,
        classes: 2,
        ..RecognizerConfig::default()
    };
    let margins = [
        Margin::SphereFace(portraitist_nn::losses::SphereMargin { multiple: u32::MAX, ..Default::default() }),
        Margin::ArcFace { margin: 7.0, scale: 64.0 },
        Margin::SphereFace2 { margin: 0.4, scale: 40.0, share: 1.0, exponent: 3.0 },
    ];
    for margin in margins {
        let classifier = Classifier::new(&config, Margin::default(), Initialization::Default, 4, &device());
        let description = RecognizerDescription { network: config.clone(), margin, ..Default::default() };
        let file = ModelFile { config: ModelConfig::Recognizer(description), arrays: collect(&classifier) };
        write_native(&file, FloatKind::Single, &path, true).unwrap();
        let error = read_model(&path).unwrap_err().to_string();
        assert!(error.contains("recognizer.safetensors") && error.contains("margin."), "{error}");
    }
}
