//! Run files of the original, as run files of this program.

use std::path::{Path, PathBuf};

use crate::losses::{AdversarialLoss, IdentityConfig, IdentityForm, LossWeights};
use crate::training::optimizer::{AdamConfig, Schedule};
use crate::training::run::Run;
use crate::weights::OriginalConfig;

use super::run::RunFile;
use super::settings::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, StepOrder};

impl RunFile {
    /// The run that an original `config.yaml` describes. Its pictures are expected where the original
    /// has them: `drawing` and `photo` below `data_root`.
    ///
    /// # Errors
    /// What this program has no counterpart for.
    pub fn from_original(original: &OriginalConfig, name: &str) -> Result<Self, String> {
        let networks = original.translator();
        let steps = original.max_iter.ok_or("max_iter is missing")?;
        let run = Self {
            name: name.to_owned(),
            seed: 0,
            steps,
            batch_size: original.batch_size.unwrap_or(1),
            initialization: original.init.unwrap_or_default(),
            ema_decay: None,
            start: None,
            data: data(original),
            picture: networks.picture,
            generator: networks.generator,
            discriminator: networks.discriminator,
            losses: losses(original)?,
            optimizer: optimizer(original, steps)?,
            record: record(original),
            version: None,
        };
        run.validate().map(|()| run)
    }
}

fn data(original: &OriginalConfig) -> DataConfig {
    let root = Path::new(original.data_root.as_deref().unwrap_or("."));
    DataConfig {
        prepared: None,
        drawings: Some(root.join("drawing")),
        photos: Some(root.join("photo")),
        test_drawings: None,
        test_photos: None,
        flip: true,
        same_person: 0.0,
        same_picture: 0.0,
        workers: original.num_workers.unwrap_or(2).max(1),
    }
}

fn losses(original: &OriginalConfig) -> Result<LossConfig, String> {
    let kind = match original.discriminator.gan_type.as_deref() {
        Some("lsgan") => AdversarialLoss::LeastSquares,
        Some("nsgan") => AdversarialLoss::NonSaturating,
        Some("hinge") | None => AdversarialLoss::Hinge,
        Some(other) => return Err(format!("dis.gan_type {other} is not known; expected hinge, lsgan or nsgan")),
    };
    let defaults = LossWeights::default();
    let identity_weight = original.sph_w.unwrap_or(0.0);
    let identity = original.sph.as_ref().filter(|_| identity_weight > 0.0).map(|sph| IdentityConfig {
        recognizer: PathBuf::from(&sph.model_path),
        sha256: None,
        form: IdentityForm::Hinge { threshold: sph.thd, over_batch: true },
        namespace: String::new(),
    });
    let weights = LossWeights {
        adversarial: original.gan_w.unwrap_or(defaults.adversarial),
        reconstruction: original.recon_x_w.unwrap_or(defaults.reconstruction),
        style: original.recon_s_w.unwrap_or(defaults.style),
        content: original.recon_c_w.unwrap_or(defaults.content),
        cycle: original.recon_x_cyc_w.unwrap_or(0.0),
        perceptual: original.vgg_w.unwrap_or(0.0),
        supervised: original.sup_w.unwrap_or(0.0),
        identity: identity_weight,
    };
    let vgg16 = (weights.perceptual > 0.0).then(|| PathBuf::from("vgg16.pth"));
    Ok(LossConfig { kind, weights, vgg16, identity, r1: None })
}

fn optimizer(original: &OriginalConfig, steps: u64) -> Result<OptimizerConfig, String> {
    let defaults = OptimizerConfig::default();
    let adam = AdamConfig {
        beta1: original.beta1.unwrap_or(defaults.adam.beta1),
        beta2: original.beta2.unwrap_or(defaults.adam.beta2),
        epsilon: defaults.adam.epsilon,
        weight_decay: original.weight_decay.unwrap_or(defaults.adam.weight_decay),
    };
    Ok(OptimizerConfig {
        generator_rate: original.lr_g.or(original.lr).unwrap_or(defaults.generator_rate),
        discriminator_rate: original.lr_d.or(original.lr).unwrap_or(defaults.discriminator_rate),
        adam,
        schedule: schedule(original, steps)?,
        order: StepOrder::Original,
        activation_checkpointing: false,
    })
}

fn schedule(original: &OriginalConfig, steps: u64) -> Result<Schedule, String> {
    match original.lr_policy.as_deref() {
        None | Some("constant") => Ok(Schedule::Constant),
        Some("step") => Ok(Schedule::Step {
            every: original.step_size.ok_or("lr_policy step needs step_size")?,
            factor: original.gamma.ok_or("lr_policy step needs gamma")?,
        }),
        Some("linear") => {
            let from = original.decay_step.ok_or("lr_policy linear needs decay_step")?;
            Ok(Schedule::Linear { from, over: steps })
        }
        Some(other) => Err(format!("lr_policy {other} is not known; expected constant, step or linear")),
    }
}

fn record(original: &OriginalConfig) -> RecordConfig {
    let defaults = RecordConfig::default();
    RecordConfig {
        log_every: original.log_iter.unwrap_or(defaults.log_every),
        sample_every: original.image_save_iter.unwrap_or(defaults.sample_every),
        num_samples: original.display_size.unwrap_or(defaults.num_samples),
        checkpoint_every: original.snapshot_save_iter.unwrap_or(defaults.checkpoint_every),
        keep_checkpoints: 0,
    }
}
