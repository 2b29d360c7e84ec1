//! Losses and their gradients.

use std::path::Path;

use burn::tensor::Tensor;
use portraitist_nn::losses::{AdversarialLoss, IdentityForm, NamedValues, PerceptualLoss};
use portraitist_nn::networks::{Pair, Vgg16};
use portraitist_nn::parameter::{Parameterized, to_values};
use portraitist_nn::training::NamedGradients;
use portraitist_nn::training::munit::AuxiliaryNetworks;

use crate::golden::{
    Tensors, assert_relative, auxiliary_trainer, batch, device, fill_by_formula, folder, json, noise,
    original_loss_name, trainer,
};
use crate::identity::formula_loss;
use crate::recognition::norm;

const KINDS: [(&str, AdversarialLoss); 3] = [
    ("hinge", AdversarialLoss::Hinge),
    ("lsgan", AdversarialLoss::LeastSquares),
    ("nsgan", AdversarialLoss::NonSaturating),
];

pub(crate) fn assert_losses(what: &str, found: &NamedValues, expected: &serde_json::Value, tolerance: f64) {
    for (name, value) in found {
        let expected = expected[original_loss_name(name)].as_f64().unwrap();
        let difference = (f64::from(*value) - expected).abs();
        assert!(difference <= tolerance * expected.abs().max(0.1), "{what} {name}: {value}, expected {expected}");
    }
}

struct GradientRule {
    of_largest: f32,
    least_cosine: Option<f32>,
}

fn losses_and_gradients(name: &str, rule: &GradientRule) {
    let Some(folder) = folder(name) else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let losses = json(&folder.join("losses.json"));
    let expected = Tensors::open(&folder.join("gradients.safetensors"));
    let batch = batch(&inputs);
    for (kind, adversarial) in KINDS.into_iter().filter(|(kind, _)| losses.get(kind).is_some()) {
        let mut trainer = trainer(&folder, adversarial);
        let mut discriminators = trainer.discriminators.tracked();
        let styles = Pair { drawing: noise(&inputs, 0, 0), photo: noise(&inputs, 0, 1) };
        let (terms, tape) = trainer.discriminator_terms(&mut discriminators, &batch, &styles);
        assert_losses(kind, &terms.values(), &losses[kind]["dis"], 2e-5);
        let gradients = tape.backward(&terms.total, &discriminators);
        check_gradients(&format!("{kind}.dis_"), &gradients, &expected, rule);

        for checkpointing in [false, true] {
            let mut trainer = crate::golden::trainer(&folder, adversarial);
            trainer.settings.optimizer.activation_checkpointing = checkpointing;
            let mut generators = trainer.translator.tracked();
            let styles = Pair { drawing: noise(&inputs, 0, 2), photo: noise(&inputs, 0, 3) };
            let (terms, tape) = trainer.generator_terms(&mut generators, &batch, &styles);
            let total = terms.total(&trainer.settings.losses.weights);
            let values = terms.values(&total, &trainer.settings.losses.weights);
            assert_losses(kind, &values, &losses[kind]["gen"], 2e-5);
            let gradients = tape.backward(&total, &generators);
            check_gradients(&format!("{kind}.gen_"), &gradients, &expected, rule);
        }
    }
}

fn check_gradients(prefix: &str, gradients: &NamedGradients, expected: &Tensors, rule: &GradientRule) {
    for name in expected.names().filter(|name| name.starts_with(prefix)) {
        let ours = name.strip_prefix(prefix).unwrap();
        let found = to_values(gradients.get(ours).unwrap_or_else(|| panic!("no gradient of {ours}")).clone());
        let expected = expected.values(name);
        let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= (rule.of_largest * largest).max(1e-5), "{name}: worst {worst}, largest {largest}");
        if let Some(least) = rule.least_cosine.filter(|_| largest > 1e-4) {
            let dot: f32 = found.iter().zip(expected).map(|(a, b)| a * b).sum();
            let norm = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>().sqrt();
            let cosine = dot / (norm(&found) * norm(expected));
            assert!(cosine > least, "{name}: cosine {cosine}");
        }
    }
}

#[test]
fn losses_and_gradients_match_the_original_tiny() {
    losses_and_gradients("translator/tiny", &GradientRule { of_largest: 1e-3, least_cosine: None });
}

#[test]
fn losses_and_gradients_match_the_original_satnet() {
    losses_and_gradients("translator/satnet", &GradientRule { of_largest: 5e-2, least_cosine: Some(0.999) });
}

#[test]
fn losses_and_gradients_match_munit() {
    losses_and_gradients("translator/munit", &GradientRule { of_largest: 1e-3, least_cosine: None });
}

#[test]
fn supervised_loss_matches_the_original() {
    let Some(folder) = folder("translator/idt_sup") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let losses = json(&folder.join("losses.json"));
    let form = IdentityForm::Hinge { threshold: 1.5, over_batch: true };
    let auxiliary = AuxiliaryNetworks { identity: Some(formula_loss(form)), ..AuxiliaryNetworks::default() };
    for (case, same) in [("same_label", true), ("different_label", false)] {
        let mut trainer = auxiliary_trainer(&folder, AdversarialLoss::Hinge, auxiliary.clone());
        let mut generators = trainer.translator.tracked();
        let mut batch = batch(&inputs);
        batch.same_person = vec![same];
        let style = |name: &str| inputs.tensor::<4>(name).reshape([1, 4]);
        let styles = Pair { drawing: style("gen_s_a"), photo: style("gen_s_b") };
        let (terms, tape) = trainer.generator_terms(&mut generators, &batch, &styles);
        let total = terms.total(&trainer.settings.losses.weights);
        let values = terms.values(&total, &trainer.settings.losses.weights);
        assert_losses(case, &values, &losses[case]["float32"], 5e-5);
        let gradients = tape.backward(&total, &generators);
        for (name, wanted) in losses[case]["float32_grad_l2"].as_object().unwrap() {
            let (letter, name) = name.strip_prefix("gen_").unwrap().split_once('.').unwrap();
            let gradient = to_values(gradients.get(&format!("{letter}.{name}")).unwrap().clone());
            // Self-attention's factor is a small difference of large terms.
            let tolerance = if name.ends_with(".gamma") { 0.15 } else { 0.02 };
            assert_relative(name, norm(&gradient), wanted.as_f64().unwrap(), tolerance);
        }
    }
}

pub(crate) fn formula_vgg() -> Vgg16 {
    let mut network = Vgg16::new(&device());
    fill_by_formula(&mut network, "golden-A/vgg16/", |name, fan_in| {
        let bound = if name.ends_with(".bias") { 0.05 } else { (6.0 / fan_in).sqrt() };
        (-bound, bound)
    });
    network
}

fn vgg_input(folder: &Path, name: &str) -> Tensor<4> {
    Tensors::open(&folder.join("vgg.safetensors")).tensor::<4>(name) / 127.5 - 1.0
}

#[test]
fn perceptual_loss_and_its_gradient_match_munit() {
    let Some(folder) = folder("translator/vgg") else { return };
    let stored = Tensors::open(&folder.join("vgg.safetensors"));
    let expected = json(&folder.join("expected.json"));
    let network = formula_vgg();
    let x = vgg_input(&folder, "x");
    let features = to_values(network.forward(x.clone().narrow(0, 0, 1)));
    let relu5_3 = stored.values("relu5_3_x_first_image");
    let largest = relu5_3.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let worst = features.iter().zip(relu5_3).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4 * largest, "relu5_3: worst {worst}, largest {largest}");
    let loss = PerceptualLoss::new(network);
    let x = x.autodiff().require_grad();
    let value = loss.forward(x.clone(), vgg_input(&folder, "y"));
    let found = f64::from(to_values(value.clone())[0]);
    let wanted = expected["vgg_loss_batch"].as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-4 * wanted, "{found}, expected {wanted}");
    let gradient = to_values(x.grad(&value.backward()).unwrap());
    let wanted = stored.values("grad_x");
    let largest = wanted.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let dot: f32 = gradient.iter().zip(wanted).map(|(a, b)| a * b).sum();
    let norm = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>().sqrt();
    assert!(dot / (norm(&gradient) * norm(wanted)) > 0.9999, "direction of the gradient");
    let worst = gradient.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-2 * largest, "gradient: worst {worst}, largest {largest}");
}
