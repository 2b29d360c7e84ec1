//! Reading the reference data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use portraitist_nn::losses::{AdversarialLoss, LossWeights};
use portraitist_nn::networks::Pair;
use portraitist_nn::parameter::{Parameterized, from_values, to_values};
use portraitist_nn::training::munit::{
    AuxiliaryNetworks, Batch, LossConfig, OptimizerConfig, Settings, StepOrder, Trainer,
};
use portraitist_nn::training::{AdamConfig, Schedule};
use portraitist_nn::weights::{OriginalConfig, assign, read_model};
use safetensors::SafeTensors;

/// The CPU.
pub(crate) fn device() -> Device {
    Device::flex()
}

/// A folder of reference data: in the repository, or beside it for the larger ones. Says so and
/// gives `None` where it is not there.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidates = [here.join("tests/golden").join(name), here.join("../../../shared/golden").join(name)];
    let found = candidates.into_iter().find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: the reference data {name} is not in this checkout");
    }
    found
}

/// Tensors of a safetensors file.
pub(crate) struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    pub(crate) fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let entry = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
            let values = match view.dtype() {
                safetensors::Dtype::F32 => {
                    view.data().as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
                }
                safetensors::Dtype::F16 => {
                    let chunks = view.data().as_chunks::<2>().0;
                    chunks.iter().map(|chunk| half::f16::from_le_bytes(*chunk).to_f32()).collect()
                }
                _ => view.data().iter().map(|byte| f32::from(*byte)).collect(),
            };
            (name.to_owned(), (view.shape().to_vec(), values))
        };
        Self(file.iter().map(entry).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn values(&self, name: &str) -> &[f32] {
        &self.0.get(name).unwrap_or_else(|| panic!("no {name}")).1
    }

    pub(crate) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, values) = &self.0[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), &device())
    }
}

/// A trainer with the initial state of a reference run.
pub(crate) fn trainer(folder: &Path, adversarial: AdversarialLoss) -> Trainer {
    auxiliary_trainer(folder, adversarial, AuxiliaryNetworks::default())
}

/// [`trainer`] with auxiliary networks. The identity term has the reference's weight if there is one.
pub(crate) fn auxiliary_trainer(folder: &Path, adversarial: AdversarialLoss, auxiliary: AuxiliaryNetworks) -> Trainer {
    let config = OriginalConfig::read(&folder.join("config.yaml")).unwrap();
    let weights = LossWeights {
        adversarial: config.gan_w.unwrap(),
        reconstruction: config.recon_x_w.unwrap(),
        style: config.recon_s_w.unwrap(),
        content: config.recon_c_w.unwrap(),
        cycle: config.recon_x_cyc_w.unwrap(),
        perceptual: 0.0,
        supervised: config.sup_w.unwrap_or(0.0),
        identity: auxiliary.identity.as_ref().and(config.sph_w).unwrap_or(0.0),
    };
    let settings = Settings {
        networks: config.translator(),
        augmentation: None,
        initialization: config.init.unwrap_or_default(),
        losses: LossConfig { kind: adversarial, weights, ..LossConfig::default() },
        optimizer: optimizer(&config),
        ema_decay: None,
        seed: 1,
    };
    let mut trainer = Trainer::new(settings, auxiliary, &device());
    load(&mut trainer.translator, &folder.join("gen_00000000.pt"));
    load(&mut trainer.discriminators, &folder.join("dis_00000000.pt"));
    trainer
}

fn optimizer(config: &OriginalConfig) -> OptimizerConfig {
    OptimizerConfig {
        generator_rate: config.lr_g.or(config.lr).unwrap(),
        discriminator_rate: config.lr_d.or(config.lr).unwrap(),
        adam: AdamConfig {
            beta1: config.beta1.unwrap(),
            beta2: config.beta2.unwrap(),
            epsilon: 1e-8,
            weight_decay: config.weight_decay.unwrap(),
        },
        schedule: match config.lr_policy.as_deref() {
            Some("linear") => Schedule::Linear { from: config.decay_step.unwrap(), over: config.max_iter.unwrap() },
            Some("step") => Schedule::Step { every: config.step_size.unwrap(), factor: config.gamma.unwrap() },
            _ => Schedule::Constant,
        },
        order: StepOrder::Original,
        activation_checkpointing: false,
    }
}

pub(crate) fn load(network: &mut impl Parameterized, path: &Path) {
    assign(network, read_model(path).unwrap().arrays, path).unwrap();
}

/// The pictures of a reference run.
pub(crate) fn batch(inputs: &Tensors) -> Batch {
    let drawing: Tensor<4> = inputs.tensor("x_a");
    let samples = drawing.dims()[0];
    Batch {
        pictures: Pair { drawing, photo: inputs.tensor("x_b") },
        same_person: vec![false; samples],
        labels: Pair::default(),
        files: vec![PathBuf::from("x_a"), PathBuf::from("x_b")],
    }
}

/// The styles that a reference run drew: which of the four, in which iteration (from 0).
pub(crate) fn noise(inputs: &Tensors, iteration: usize, index: usize) -> Tensor<2> {
    let noise: Tensor<6> = inputs.tensor("noise");
    let [_, _, samples, style_dim, ..] = noise.dims();
    noise
        .slice([iteration..iteration + 1, index..index + 1, 0..samples, 0..style_dim, 0..1, 0..1])
        .reshape([samples, style_dim])
}

/// Fails unless every element lies within `tolerance`.
pub(crate) fn assert_close<const D: usize>(what: &str, found: Tensor<D>, expected: &[f32], tolerance: f32) {
    let found = to_values(found);
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what}: worst difference {worst}, allowed {tolerance}");
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The original's name of a loss, by ours.
pub(crate) fn original_loss_name(name: &str) -> String {
    let (role, term) = name.split_once('.').unwrap();
    let letter = |domain: &str| if domain == "drawing" { "a" } else { "b" };
    if role == "discriminator" {
        return if term == "total" { "loss_dis_total".into() } else { format!("loss_dis_{}", letter(term)) };
    }
    if term == "total" {
        return "loss_gen_total".into();
    }
    let (term, domain) = term.rsplit_once('_').unwrap();
    let letter = letter(domain);
    match term {
        "adversarial" => format!("loss_gen_adv_{letter}"),
        "reconstruction" => format!("loss_gen_recon_x_{letter}"),
        "style" => format!("loss_gen_recon_s_{letter}"),
        "content" => format!("loss_gen_recon_c_{letter}"),
        "cycle" => format!("loss_gen_cycrecon_x_{letter}"),
        // Under the letter of the source.
        "identity" if letter == "a" => "loss_gen_idt_b".into(),
        "identity" => "loss_gen_idt_a".into(),
        // The original's file misspells the second one.
        "supervised" => {
            if letter == "a" {
                "a_supervised_loss".into()
            } else {
                "b_suprrvised_loss".into()
            }
        }
        other => panic!("unknown term {other}"),
    }
}

/// The reference's weights for networks too large to store: a hash of name and position.
pub(crate) fn formula_value(name: &str, index: usize, low: f64, high: f64) -> f32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut x = (index as u32).wrapping_mul(2_654_435_761).wrapping_add(hash);
    x ^= x >> 16;
    x = x.wrapping_mul(0x85eb_ca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2_ae35);
    x ^= x >> 16;
    let unit = f64::from(x) / 4_294_967_296.0;
    (low + (high - low) * unit) as f32
}

/// Fills a network by the reference's formula; `range` gives the lowest and highest value for a name and a fan-in.
pub(crate) fn fill_by_formula(network: &mut impl Parameterized, prefix: &str, range: impl Fn(&str, f64) -> (f64, f64)) {
    network.visit_mut("", &mut |name, parameter| {
        let shape = parameter.shape().to_vec();
        let (low, high) = range(name, shape[1..].iter().product::<usize>() as f64);
        let full = format!("{prefix}{name}");
        let values = (0..shape.iter().product()).map(|index| formula_value(&full, index, low, high)).collect();
        parameter.set(from_values(values, &device()));
    });
}

/// Fails unless two numbers agree to a share of the expected one.
pub(crate) fn assert_relative(what: &str, found: f64, expected: f64, tolerance: f64) {
    let difference = (found - expected).abs();
    assert!(difference <= tolerance * expected.abs(), "{what}: {found}, expected {expected}");
}
