//! Steps of training against the original's.

use std::path::Path;

use portraitist_nn::losses::AdversarialLoss;
use portraitist_nn::networks::Pair;
use portraitist_nn::parameter::{Parameterized, to_values};
use portraitist_nn::training::munit::{StepNoise, StepOrder, Trainer};
use portraitist_nn::weights::read_model;

use crate::golden::{Tensors, batch, folder, json, noise, trainer};
use crate::losses::assert_losses;

fn train(trainer: &mut Trainer, inputs: &Tensors, log: &serde_json::Value, iterations: usize, tolerance: f64) {
    let batch = batch(inputs);
    for iteration in 0..iterations {
        let expected = &log["float32"][iteration];
        let (generator_rate, discriminator_rate) = trainer.settings.optimizer.rates(iteration as u64 + 1);
        let logged = |name: &str| expected[name].as_f64();
        assert!((generator_rate - logged("lr_gen").unwrap()).abs() < 1e-12, "rate of iteration {iteration}");
        assert!((discriminator_rate - logged("lr_dis").unwrap()).abs() < 1e-12, "rate of iteration {iteration}");
        let styles = |first: usize| Pair {
            drawing: noise(inputs, iteration, first),
            photo: noise(inputs, iteration, first + 1),
        };
        let values = trainer.train(&batch, &StepNoise { discriminator: styles(0), generator: styles(2) }).unwrap();
        assert_losses(&format!("iteration {iteration}"), &values, expected, tolerance);
    }
}

/// Trainers that store the activations of all layers for the backward pass, and that recompute them.
fn both_ways(folder: &Path, adversarial: AdversarialLoss) -> [Trainer; 2] {
    [false, true].map(|checkpointing| {
        let mut trainer = trainer(folder, adversarial);
        trainer.settings.optimizer.activation_checkpointing = checkpointing;
        trainer
    })
}

/// At least `share` of each tensor's elements within `near` learning rates, none beyond 2.1.
fn assert_moved_alike(found: &impl Parameterized, path: &Path, rate: f32, near: f32, share: f64) {
    let expected = read_model(path).unwrap().arrays;
    for (name, parameter) in found.parameters() {
        let values = to_values(parameter.flat());
        let differences = values.iter().zip(&expected[&name].values).map(|(a, b)| (a - b).abs() / rate);
        let far = differences.clone().filter(|difference| *difference > near).count();
        let worst = differences.fold(0.0, f32::max);
        let allowed = if values.len() < 500 { 1 } else { ((1.0 - share) * values.len() as f64) as usize };
        assert!(worst <= 2.1, "{name}: one element is {worst} learning rates away");
        assert!(far <= allowed, "{name}: {far} of {} elements are far, {allowed} allowed", values.len());
    }
}

#[test]
fn one_iteration_moves_the_weights_as_the_original_tiny() {
    let Some(folder) = folder("translator/tiny") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    for mut trainer in both_ways(&folder, AdversarialLoss::LeastSquares) {
        train(&mut trainer, &inputs, &json(&folder.join("training_log.json")), 1, 2e-5);
        assert_moved_alike(&trainer.translator, &folder.join("gen_00000001.pt"), 1e-4, 0.05, 0.998);
        assert_moved_alike(&trainer.discriminators, &folder.join("dis_00000001.pt"), 4e-4, 0.05, 0.998);
    }
}

#[test]
fn one_iteration_moves_the_weights_as_munit() {
    let Some(folder) = folder("translator/munit") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    for mut trainer in both_ways(&folder, AdversarialLoss::LeastSquares) {
        train(&mut trainer, &inputs, &json(&folder.join("training_log.json")), 1, 2e-5);
        assert_moved_alike(&trainer.translator, &folder.join("gen_00000001.pt"), 1e-4, 0.05, 0.998);
        assert_moved_alike(&trainer.discriminators, &folder.join("dis_00000001.pt"), 1e-4, 0.05, 0.998);
    }
}

#[test]
fn three_and_five_iterations_follow_the_original_tiny() {
    let Some(folder) = folder("translator/tiny") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let log = json(&folder.join("training_log.json"));
    let trainers = [3, 5].map(|iterations| (iterations, both_ways(&folder, AdversarialLoss::LeastSquares)));
    for (iterations, mut trainer) in trainers.into_iter().flat_map(|(count, both)| both.map(|trainer| (count, trainer)))
    {
        train(&mut trainer, &inputs, &log, iterations, 1e-3);
        let state = |network: &str| {
            let path = folder.join(format!("{network}_{iterations:08}.pt"));
            read_model(&path).unwrap().arrays
        };
        let networks =
            [(trainer.translator.parameters(), state("gen")), (trainer.discriminators.parameters(), state("dis"))];
        for (parameters, expected) in networks {
            for (name, parameter) in parameters {
                assert_mean_alike(&name, &to_values(parameter.flat()), mean(&expected[&name].values), 1e-3);
            }
        }
    }
}

#[test]
fn five_iterations_follow_the_original_satnet() {
    let Some(folder) = folder("translator/satnet") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let log = json(&folder.join("training_log.json"));
    let summary = json(&folder.join("state_summary.json"));
    for mut trainer in both_ways(&folder, AdversarialLoss::Hinge) {
        train(&mut trainer, &inputs, &log, 5, 1e-2);
        let networks = [("gen_", trainer.translator.parameters()), ("dis_", trainer.discriminators.parameters())];
        for (prefix, parameters) in networks {
            for (name, parameter) in parameters {
                let expected = summary["after_5"][format!("{prefix}{name}")]["mean"].as_f64().unwrap();
                assert_mean_alike(&name, &to_values(parameter.flat()), expected, 1e-2);
            }
        }
    }
}

#[test]
fn one_iteration_moves_the_weights_as_the_original_satnet() {
    let Some(folder) = folder("translator/satnet") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let deltas = Tensors::open(&folder.join("delta_after_1.safetensors"));
    let mut trainer = trainer(&folder, AdversarialLoss::Hinge);
    let before = [trainer.translator.parameters(), trainer.discriminators.parameters()];
    train(&mut trainer, &inputs, &json(&folder.join("training_log.json")), 1, 2e-5);
    let after = [trainer.translator.parameters(), trainer.discriminators.parameters()];
    let (mut near, mut all) = (0usize, 0usize);
    for ((prefix, rate), (before, after)) in
        [("gen_", 1e-4f32), ("dis_", 4e-4)].into_iter().zip(before.iter().zip(&after))
    {
        for (name, parameter) in after {
            let expected = deltas.values(&format!("{prefix}{name}"));
            let values = to_values(parameter.flat());
            if name.ends_with("weight_u") || name.ends_with("weight_v") {
                let worst = values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 2e-4, "{name}: {worst}");
                continue;
            }
            let stride = if values.len() > 16384 { 3 } else { 1 };
            let moved = values.iter().zip(to_values(before[name].flat())).map(|(now, then)| (now - then) / rate);
            let differences: Vec<f32> =
                moved.step_by(stride).zip(expected).map(|(moved, expected)| (moved - expected).abs()).collect();
            let close = differences.iter().filter(|difference| **difference <= 0.02).count();
            assert!(differences.iter().all(|difference| *difference <= 2.1), "{name}: an element moved the wrong way");
            if values.len() >= 500 {
                assert!(close as f64 >= 0.98 * differences.len() as f64, "{name}: {close} of {}", differences.len());
            }
            near += close;
            all += differences.len();
        }
    }
    assert!(near as f64 >= 0.995 * all as f64, "{near} of {all} elements moved alike");
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64
}

/// Means are compared against the spread of the tensor, since many are near zero.
fn assert_mean_alike(name: &str, values: &[f32], expected: f64, tolerance: f64) {
    let spread = values.iter().map(|value| f64::from(value.abs())).sum::<f64>() / values.len() as f64;
    let difference = (mean(values) - expected).abs();
    assert!(difference <= tolerance * spread.max(expected.abs()) + 1e-6, "{name}: mean differs by {difference}");
}

#[test]
fn both_orders_are_one_step_where_styles_are_shared_and_nothing_iterates() {
    // MUNIT's networks have no spectral norms, whose vectors count how often they are used.
    let Some(folder) = folder("translator/munit") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let batch = batch(&inputs);
    let styles = Pair { drawing: noise(&inputs, 0, 2), photo: noise(&inputs, 0, 3) };
    let noise = StepNoise { discriminator: styles.clone(), generator: styles };
    let [original, shared] = [StepOrder::Original, StepOrder::Shared].map(|order| {
        let mut trainer = trainer(&folder, AdversarialLoss::LeastSquares);
        trainer.settings.optimizer.order = order;
        [(); 3].map(|()| trainer.train(&batch, &noise).unwrap())
    });
    for (step, (original, shared)) in original.iter().zip(&shared).enumerate() {
        for ((name, expected), (same_name, found)) in original.iter().zip(shared) {
            assert_eq!(name, same_name);
            let allowed = if step == 0 { 1e-5 } else { 1e-3 };
            assert!((found - expected).abs() <= allowed * expected.abs(), "step {step}, {name}: {found}, {expected}");
        }
    }
}

/// Both domains' networks run at the same time; who computes what must not show.
#[test]
fn steps_do_not_depend_on_the_number_of_threads() {
    let Some(folder) = folder("translator/tiny") else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let batch = batch(&inputs);
    let styles = Pair { drawing: noise(&inputs, 0, 2), photo: noise(&inputs, 0, 3) };
    let noise = StepNoise { discriminator: styles.clone(), generator: styles };
    let [one, two, three, again] = [1, 2, 3, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(&folder, AdversarialLoss::Hinge);
            trainer.settings.optimizer.order = StepOrder::Shared;
            let values = [(); 3].map(|()| trainer.train(&batch, &noise).unwrap());
            let weights: Vec<Vec<f32>> = trainer.translator.parameters().values().map(|one| one.to_vec()).collect();
            (values, weights)
        })
    });
    assert!(one == two && one == three && three == again);
}
