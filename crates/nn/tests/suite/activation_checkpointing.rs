//! Training with activation checkpointing gives the same bits as without.

use std::path::Path;

use portraitist_nn::losses::{AdversarialLoss, IdentityForm, PerceptualLoss};
use portraitist_nn::networks::Pair;
use portraitist_nn::parameter::Parameterized;
use portraitist_nn::training::munit::{AuxiliaryNetworks, Batch, StepNoise, StepOrder, Trainer};
use portraitist_nn::training::{NamedGradients, NotFinite};

use crate::golden::{Tensors, auxiliary_trainer, batch, folder, noise, trainer};
use crate::identity::formula_loss;
use crate::losses::formula_vgg;

type Weights = Vec<(String, Vec<f32>)>;

fn weights(network: &impl Parameterized) -> Weights {
    network.parameters().into_iter().map(|(name, parameter)| (name, parameter.to_vec())).collect()
}

fn assert_same(what: &str, stored: &Weights, recomputed: &Weights) {
    assert_eq!(stored.len(), recomputed.len());
    for ((name, stored), (_, recomputed)) in stored.iter().zip(recomputed) {
        assert!(stored == recomputed, "{what}: {name} differs");
    }
}

/// The styles of the first iteration of a reference run.
fn first_noise(inputs: &Tensors) -> StepNoise {
    let styles = |first: usize| Pair { drawing: noise(inputs, 0, first), photo: noise(inputs, 0, first + 1) };
    StepNoise { discriminator: styles(0), generator: styles(2) }
}

/// Three steps of `start`, once with stored activations and once with recomputed ones: losses and all weights of all networks.
fn assert_same_steps(what: &str, start: &Trainer, batch: &Batch, noise: &StepNoise) {
    let [stored, recomputed] = [false, true].map(|checkpointing| {
        let mut trainer = start.clone();
        trainer.settings.optimizer.activation_checkpointing = checkpointing;
        let values = [(); 3].map(|()| trainer.train(batch, noise).unwrap());
        (values, weights(&trainer.translator), weights(&trainer.discriminators))
    });
    assert_eq!(stored.0, recomputed.0, "{what}: losses");
    assert_same(what, &stored.1, &recomputed.1);
    assert_same(what, &stored.2, &recomputed.2);
    assert!(weights(&start.translator) != stored.1, "{what}: nothing was learned");
}

/// The same bits, in both orders, with and without spectral norms and self-attention.
#[test]
fn checkpointing_changes_nothing() {
    for name in ["translator/satnet", "translator/munit"] {
        let Some(folder) = folder(name) else { return };
        let inputs = Tensors::open(&folder.join("inputs.safetensors"));
        for order in [StepOrder::Shared, StepOrder::Original] {
            let mut start = trainer(&folder, AdversarialLoss::Hinge);
            start.settings.optimizer.order = order;
            assert_same_steps(&format!("{name}, {order:?}"), &start, &batch(&inputs), &first_noise(&inputs));
        }
    }
}

/// A trainer with every loss there is, and a batch for which none of them is zero.
fn with_every_loss(folder: &Path) -> (Trainer, Batch, StepNoise) {
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let form = IdentityForm::Hinge { threshold: 1.5, over_batch: true };
    let (identity, perceptual) = (formula_loss(form), PerceptualLoss::new(formula_vgg()));
    let auxiliary = AuxiliaryNetworks { identity: Some(identity), perceptual: Some(perceptual) };
    let mut trainer = auxiliary_trainer(folder, AdversarialLoss::Hinge, auxiliary);
    trainer.settings.losses.weights.perceptual = 1.0;
    let mut batch = batch(&inputs);
    batch.same_person = vec![true];
    let style = |name: &str| inputs.tensor::<4>(name).reshape([1, 4]);
    let styles = Pair { drawing: style("gen_s_a"), photo: style("gen_s_b") };
    (trainer, batch, StepNoise { discriminator: styles.clone(), generator: styles })
}

#[test]
fn checkpointing_changes_nothing_with_every_loss() {
    let Some(folder) = folder("translator/idt_sup") else { return };
    let (mut start, batch, noise) = with_every_loss(&folder);
    let weights = &start.settings.losses.weights;
    let all = [weights.cycle, weights.supervised, weights.identity, weights.perceptual];
    assert!(all.iter().all(|weight| *weight > 0.0), "{all:?}");
    for order in [StepOrder::Shared, StepOrder::Original] {
        start.settings.optimizer.order = order;
        assert_same_steps(&format!("every loss, {order:?}"), &start, &batch, &noise);
    }
}

/// Gradients themselves, which Adam's division by their size would hide.
#[test]
fn gradients_are_the_same_bits() {
    let Some(folder) = folder("translator/idt_sup") else { return };
    let (start, batch, noise) = with_every_loss(&folder);
    let [stored, recomputed]: [NamedGradients; 2] = [false, true].map(|checkpointing| {
        let mut trainer = start.clone();
        trainer.settings.optimizer.activation_checkpointing = checkpointing;
        let mut generators = trainer.translator.tracked();
        let (terms, tape) = trainer.generator_terms(&mut generators, &batch, &noise.generator);
        tape.backward(&terms.total(&trainer.settings.losses.weights), &generators)
    });
    let mut compared = 0;
    for name in start.translator.parameters().keys() {
        assert_eq!(stored.get(name).is_some(), recomputed.get(name).is_some(), "{name}");
        let (Some(stored), Some(recomputed)) = (stored.get(name), recomputed.get(name)) else { continue };
        assert!(stored.clone().into_data() == recomputed.clone().into_data(), "{name} differs");
        compared += 1;
    }
    assert!(compared > 50, "only {compared} gradients");
}

/// The loss is not a number only once the generators' half is done: they must be unchanged with and without checkpointing.
#[test]
fn a_loss_that_is_no_number_leaves_the_generators_as_they_were() {
    let Some(folder) = folder("translator/tiny") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let [stored, recomputed] = [false, true].map(|checkpointing| {
        [StepOrder::Shared, StepOrder::Original].map(|order| {
            let mut trainer = trainer(&folder, AdversarialLoss::Hinge);
            trainer.settings.optimizer.order = order;
            trainer.settings.optimizer.activation_checkpointing = checkpointing;
            trainer.settings.losses.weights.reconstruction = f64::INFINITY;
            let before = weights(&trainer.translator);
            let NotFinite { step, term, .. } = trainer.train(&batch(&inputs), &first_noise(&inputs)).unwrap_err();
            let after = weights(&trainer.translator);
            let trained = |weights: &Weights| -> Weights {
                let vectors = [".weight_u", ".weight_v"];
                weights.iter().filter(|(name, _)| !vectors.iter().any(|end| name.ends_with(end))).cloned().collect()
            };
            assert_same("the generators", &trained(&before), &trained(&after));
            assert_eq!((step, trainer.step), (1, 0));
            (term, after, weights(&trainer.discriminators))
        })
    });
    for (stored, recomputed) in stored.iter().zip(&recomputed) {
        assert!(stored.0.contains("total"), "{}", stored.0);
        assert_eq!(stored.0, recomputed.0);
        assert_same("the generators", &stored.1, &recomputed.1);
        assert_same("the discriminators", &stored.2, &recomputed.2);
    }
}
