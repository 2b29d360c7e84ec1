//! Two steps of training a small translator: the second one's losses depend on the first one's gradients and on Adam.

use std::path::PathBuf;

use burn::tensor::Tensor;

use super::inputs::values;
use super::{Check, SelfTestError, Setting};
use crate::config::munit::{DiscriminatorConfig, GeneratorConfig, TranslatorConfig};
use crate::layers::Initialization;
use crate::networks::Pair;
use crate::parameter::from_values;
use crate::training::munit::{AuxiliaryNetworks, Batch, LossConfig, OptimizerConfig, Settings, StepNoise, Trainer};

pub(super) const CHECKS: &[Check] = &[Check::network("training, losses of two steps", 1e-3, trained)];

const SEED: u64 = 17;
const SIDE: usize = 64;
const DIM: usize = 8;

fn trained(setting: &Setting) -> Result<Vec<f32>, SelfTestError> {
    let device = &setting.device;
    let settings = Settings {
        networks: TranslatorConfig {
            generator: GeneratorConfig { dim: DIM, ..GeneratorConfig::default() },
            discriminator: DiscriminatorConfig { dim: DIM, ..DiscriminatorConfig::default() },
            ..TranslatorConfig::default()
        },
        augmentation: None,
        initialization: Initialization::default(),
        losses: LossConfig::default(),
        optimizer: OptimizerConfig::default(),
        ema_decay: None,
        seed: SEED,
    };
    let style_dim = settings.networks.generator.style_dim;
    let pictures = |purpose: &str| -> Tensor<4> {
        from_values(values(purpose, 3 * SIDE * SIDE), device).reshape([1, 3, SIDE, SIDE])
    };
    let batch = Batch {
        pictures: Pair { drawing: pictures("drawing"), photo: pictures("photo") },
        same_person: vec![false],
        labels: Pair::default(),
        files: vec![PathBuf::from("the self-test's pictures")],
    };
    let mut trainer = Trainer::new(settings, AuxiliaryNetworks::default(), device);
    let mut losses = Vec::new();
    for step in 0..2 {
        let noise = StepNoise::draw(SEED, step, 1, style_dim, device);
        losses.extend(trainer.train(&batch, &noise)?.into_iter().map(|(_, value)| value));
    }
    Ok(losses)
}
