//! Steps of a recogniser's training against the original's.

use portraitist_nn::config::RecognizerConfig;
use portraitist_nn::layers::Initialization;
use portraitist_nn::losses::{Margin, NamedValues};
use portraitist_nn::parameter::{Parameterized, to_values};
use portraitist_nn::training::recognizer::{Batch, Freeze, OptimizerConfig, Settings, Trainer};
use portraitist_nn::training::{Schedule, SgdConfig};
use serde_json::Value;

use crate::golden::{assert_relative, device, folder, json};
use crate::recognition::{crops, fill_sphere20, norm};

/// The reference's fine-tuning: SphereFace-20 with formula weights and ten people.
fn fine_tuning(expected: &Value) -> Trainer {
    let constant = |name: &str| expected["hyperparameters"][name].as_f64().unwrap();
    let milestones = expected["hyperparameters"]["milestones"].as_array().unwrap();
    let settings = Settings {
        network: RecognizerConfig { classes: 10, ..RecognizerConfig::default() },
        initialization: Initialization::Default,
        margin: Margin::default(),
        optimizer: OptimizerConfig {
            learning_rate: constant("lr"),
            schedule: Schedule::Milestones {
                steps: milestones.iter().map(|step| step.as_u64().unwrap()).collect(),
                factor: constant("gamma"),
            },
            sgd: SgdConfig {
                momentum: constant("momentum"),
                weight_decay: constant("weight_decay"),
                ..SgdConfig::default()
            },
            ..OptimizerConfig::default()
        },
        freeze: Freeze::Original,
        seed: 1,
    };
    let mut trainer = Trainer::new(settings, &device());
    fill_sphere20(&mut trainer.classifier);
    trainer
}

fn value(values: &NamedValues, name: &str) -> f64 {
    f64::from(values.iter().find(|(found, _)| found == name).unwrap().1)
}

/// Compares count, mean, deviation, norm and first elements of some parameters.
fn assert_statistics(trainer: &Trainer, expected: &Value, tolerance: f64) {
    let parameters = trainer.classifier.parameters();
    for (name, expected) in expected.as_object().unwrap() {
        let values = to_values(parameters[name].flat());
        let wide = || values.iter().map(|value| f64::from(*value));
        assert_eq!(expected["n"], values.len(), "{name}");
        let mean = wide().sum::<f64>() / values.len() as f64;
        let deviation = (wide().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert_relative(&format!("deviation of {name}"), deviation, expected["std"].as_f64().unwrap(), tolerance);
        assert_relative(&format!("norm of {name}"), norm(&values), expected["l2"].as_f64().unwrap(), tolerance);
        // A mean near zero and single elements are compared to the deviation that they are part of.
        let near = |found: f64, expected: &Value| (found - expected.as_f64().unwrap()).abs() <= tolerance * deviation;
        assert!(near(mean, &expected["mean"]), "mean of {name}: {mean}, expected {}", expected["mean"]);
        for (found, expected) in wide().zip(expected["first8"].as_array().unwrap()) {
            assert!(near(found, expected), "{name}: {found}, expected {expected}");
        }
    }
}

#[test]
fn only_what_the_original_trains_is_trained() {
    let Some(folder) = folder("recognition") else { return };
    let expected = json(&folder.join("transfer_learning.json"));
    let trained = expected["requires_grad"].as_object().unwrap();
    let trainer = fine_tuning(&expected);
    let names: Vec<String> = trainer.classifier.parameters().into_keys().collect();
    assert_eq!(names.len(), trained.len());
    let batch = Batch { crops: crops(&folder), labels: vec![3, 7, 7, 9], files: Vec::new() };
    let (gradients, _) = trainer.gradients(&batch).unwrap();
    for name in names {
        assert_eq!(Freeze::Original.trains(&name), trained[&name].as_bool().unwrap(), "{name}");
        assert_eq!(gradients.norm_of(&name).is_some(), Freeze::Original.trains(&name), "{name}");
    }
}

#[test]
fn five_iterations_of_fine_tuning_follow_the_original() {
    let Some(folder) = folder("recognition") else { return };
    let expected = json(&folder.join("transfer_learning.json"));
    let mut trainer = fine_tuning(&expected);
    let labels: Vec<usize> =
        expected["labels"].as_array().unwrap().iter().map(|label| label.as_u64().unwrap() as usize).collect();
    let batch = Batch { crops: crops(&folder), labels, files: Vec::new() };
    for wanted in expected["log"].as_array().unwrap() {
        let iteration = wanted["iteration"].as_u64().unwrap();
        let rate = trainer.settings.optimizer.rate(iteration);
        assert_relative("learning rate", rate, wanted["lr"].as_f64().unwrap(), 1e-12);
        let (gradients, _) = trainer.gradients(&batch).unwrap();
        let values = trainer.train(&batch).unwrap();
        // Rounding is carried on from step to step.
        let (near, close) = if iteration <= 2 { (1e-4, 1e-3) } else { (1e-2, 1e-2) };
        let what = |name: &str| format!("{name} in iteration {iteration}");
        assert_relative(&what("lambda"), value(&values, "lambda"), wanted["lambda"].as_f64().unwrap(), 1e-6);
        assert_relative(&what("loss"), value(&values, "loss"), wanted["loss"].as_f64().unwrap(), near);
        assert_eq!((4.0 * value(&values, "accuracy")) as u64, wanted["accepted"], "{}", what("accuracy"));
        for (name, wanted) in wanted["grad_l2"].as_object().unwrap() {
            match (gradients.norm_of(name), wanted.as_f64()) {
                (Some(found), Some(wanted)) => assert_relative(&what(name), found, wanted, close),
                (found, wanted) => assert_eq!(found, wanted, "{}", what(name)),
            }
        }
        if wanted.get("param").is_some_and(Value::is_object) {
            assert_statistics(&trainer, &wanted["param"], near);
        }
    }
    assert_statistics(&trainer, &expected["state_after_5"], 1e-2);
}
