//! Training that runs networks again for their gradients instead of keeping their features.

use std::path::Path;

use portraitist_nn::losses::{AdversarialLoss, IdentityForm, PerceptualLoss};
use portraitist_nn::networks::Pair;
use portraitist_nn::parameter::Parameterized;
use portraitist_nn::training::{Batch, Judges, NamedGradients, NotFinite, StepNoise, StepOrder, Trainer};

use crate::golden::{Tensors, batch, folder, judged_trainer, noise, trainer};
use crate::identity::formula_loss;
use crate::losses::formula_vgg;

type Weights = Vec<(String, Vec<f32>)>;

fn weights(network: &impl Parameterized) -> Weights {
    network.parameters().into_iter().map(|(name, parameter)| (name, parameter.to_vec())).collect()
}

fn assert_same(what: &str, kept: &Weights, again: &Weights) {
    assert_eq!(kept.len(), again.len());
    for ((name, kept), (_, again)) in kept.iter().zip(again) {
        assert!(kept == again, "{what}: {name} differs");
    }
}

/// The styles of the first iteration of a reference run.
fn first_noise(inputs: &Tensors) -> StepNoise {
    let styles = |first: usize| Pair { drawing: noise(inputs, 0, first), photo: noise(inputs, 0, first + 1) };
    StepNoise { critic: styles(0), generator: styles(2) }
}

/// Three steps of `start`, once with kept features and once without: losses and all weights of all networks.
fn assert_same_steps(what: &str, start: &Trainer, batch: &Batch, noise: &StepNoise) {
    let [kept, again] = [false, true].map(|recompute| {
        let mut trainer = start.clone();
        trainer.settings.recompute = recompute;
        let values = [(); 3].map(|()| trainer.train(batch, noise).unwrap());
        (values, weights(&trainer.translator), weights(&trainer.critics))
    });
    assert_eq!(kept.0, again.0, "{what}: losses");
    assert_same(what, &kept.1, &again.1);
    assert_same(what, &kept.2, &again.2);
    assert!(weights(&start.translator) != kept.1, "{what}: nothing was learned");
}

/// The same bits, in both orders, with and without spectral norms and self-attention.
#[test]
fn recomputation_changes_nothing() {
    for name in ["translator/satnet", "translator/munit"] {
        let Some(folder) = folder(name) else { return };
        let inputs = Tensors::open(&folder.join("inputs.safetensors"));
        for order in [StepOrder::Shared, StepOrder::Reference] {
            let mut start = trainer(&folder, AdversarialLoss::Hinge);
            start.settings.order = order;
            assert_same_steps(&format!("{name}, {order:?}"), &start, &batch(&inputs), &first_noise(&inputs));
        }
    }
}

/// A trainer that asks for every loss there is, and a batch that each of them has something to say of.
fn with_every_loss(folder: &Path) -> (Trainer, Batch, StepNoise) {
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let form = IdentityForm::Hinge { threshold: 1.5, over_batch: true };
    let (identity, perceptual) = (formula_loss(form), PerceptualLoss::new(formula_vgg()));
    let judges = Judges { identity: Some(identity), perceptual: Some(perceptual) };
    let mut trainer = judged_trainer(folder, AdversarialLoss::Hinge, judges);
    trainer.settings.weights.perceptual = 1.0;
    let mut batch = batch(&inputs);
    batch.same_person = vec![true];
    let style = |name: &str| inputs.tensor::<4>(name).reshape([1, 4]);
    let styles = Pair { drawing: style("gen_s_a"), photo: style("gen_s_b") };
    (trainer, batch, StepNoise { critic: styles.clone(), generator: styles })
}

#[test]
fn recomputation_changes_nothing_with_every_loss() {
    let Some(folder) = folder("translator/idt_sup") else { return };
    let (mut start, batch, noise) = with_every_loss(&folder);
    let weights = &start.settings.weights;
    let all = [weights.cycle, weights.supervised, weights.identity, weights.perceptual];
    assert!(all.iter().all(|weight| *weight > 0.0), "{all:?}");
    for order in [StepOrder::Shared, StepOrder::Reference] {
        start.settings.order = order;
        assert_same_steps(&format!("every loss, {order:?}"), &start, &batch, &noise);
    }
}

/// Gradients themselves, which Adam's division by their size would hide.
#[test]
fn gradients_are_the_same_bits() {
    let Some(folder) = folder("translator/idt_sup") else { return };
    let (start, batch, noise) = with_every_loss(&folder);
    let [kept, again]: [NamedGradients; 2] = [false, true].map(|recompute| {
        let mut trainer = start.clone();
        trainer.settings.recompute = recompute;
        let mut generators = trainer.translator.tracked();
        let (terms, tape) = trainer.generator_terms(&mut generators, &batch, &noise.generator);
        tape.backward(&terms.total(&trainer.settings.weights), &generators)
    });
    let mut compared = 0;
    for name in start.translator.parameters().keys() {
        assert_eq!(kept.get(name).is_some(), again.get(name).is_some(), "{name}");
        let (Some(kept), Some(again)) = (kept.get(name), again.get(name)) else { continue };
        assert!(kept.clone().into_data() == again.clone().into_data(), "{name} differs");
        compared += 1;
    }
    assert!(compared > 50, "only {compared} gradients");
}

/// The loss is not a number only once the generators' half is done: neither way may have changed them.
#[test]
fn a_loss_that_is_no_number_leaves_the_generators_as_they_were() {
    let Some(folder) = folder("translator/tiny") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let [kept, again] = [false, true].map(|recompute| {
        [StepOrder::Shared, StepOrder::Reference].map(|order| {
            let mut trainer = trainer(&folder, AdversarialLoss::Hinge);
            trainer.settings.order = order;
            trainer.settings.recompute = recompute;
            trainer.settings.weights.reconstruction = f64::INFINITY;
            let before = weights(&trainer.translator);
            let NotFinite { step, term, .. } = trainer.train(&batch(&inputs), &first_noise(&inputs)).unwrap_err();
            let after = weights(&trainer.translator);
            let trained = |weights: &Weights| -> Weights {
                let vectors = [".weight_u", ".weight_v"];
                weights.iter().filter(|(name, _)| !vectors.iter().any(|end| name.ends_with(end))).cloned().collect()
            };
            assert_same("the generators", &trained(&before), &trained(&after));
            assert_eq!((step, trainer.step), (1, 0));
            (term, after, weights(&trainer.critics))
        })
    });
    for (kept, again) in kept.iter().zip(&again) {
        assert!(kept.0.contains("total"), "{}", kept.0);
        assert_eq!(kept.0, again.0);
        assert_same("the generators", &kept.1, &again.1);
        assert_same("the critics", &kept.2, &again.2);
    }
}
