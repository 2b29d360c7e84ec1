//! The original's and MUNIT's checkpoints: `gen_*.pt` and `dis_*.pt` beside their `config.yaml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::munit::{DiscriminatorConfig, GeneratorConfig, TranslatorConfig};
use crate::config::{NamedStyles, PictureConfig};
use crate::layers::PaddingKind;
use crate::layers::{ActivationKind, Initialization, NormalizationKind};

use super::arrays::NamedArrays;
use super::error::WeightsError;
use super::native::{ModelConfig, ModelFile};

/// A run file of the original, or of MUNIT. Keys that neither program reads are ignored, as they do.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names and meanings are those of the original's files")]
pub struct OriginalConfig {
    pub max_iter: Option<u64>,
    pub batch_size: Option<usize>,
    pub display_size: Option<usize>,
    pub image_save_iter: Option<u64>,
    pub snapshot_save_iter: Option<u64>,
    pub log_iter: Option<u64>,
    pub weight_decay: Option<f64>,
    pub beta1: Option<f64>,
    pub beta2: Option<f64>,
    pub init: Option<Initialization>,
    /// MUNIT has one learning rate, the original two.
    pub lr: Option<f64>,
    pub lr_d: Option<f64>,
    pub lr_g: Option<f64>,
    pub lr_policy: Option<String>,
    pub step_size: Option<u64>,
    pub gamma: Option<f64>,
    pub decay_step: Option<u64>,
    pub gan_w: Option<f64>,
    pub recon_x_w: Option<f64>,
    pub recon_s_w: Option<f64>,
    pub recon_c_w: Option<f64>,
    pub recon_x_cyc_w: Option<f64>,
    pub vgg_w: Option<f64>,
    pub sph_w: Option<f64>,
    pub sup_w: Option<f64>,
    pub sph: Option<OriginalRecognizer>,
    #[serde(rename = "gen")]
    pub generator: OriginalGenerator,
    #[serde(rename = "dis")]
    pub discriminator: OriginalDiscriminator,
    pub input_dim_a: Option<usize>,
    pub input_dim_b: Option<usize>,
    pub num_workers: Option<usize>,
    pub new_size: Option<usize>,
    pub crop_image_height: Option<usize>,
    pub crop_image_width: Option<usize>,
    pub data_root: Option<String>,
}

/// The generator's part of [`OriginalConfig`].
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names and meanings are those of the original's files")]
pub struct OriginalGenerator {
    pub dim: usize,
    pub mlp_dim: usize,
    pub style_dim: usize,
    pub activ: ActivationKind,
    pub n_downsample: usize,
    pub n_res: usize,
    #[serde(default)]
    pub pad_type: PaddingKind,
}

/// The recogniser's part of [`OriginalConfig`].
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names and meanings are those of the original's files")]
pub struct OriginalRecognizer {
    pub model_path: String,
    pub thd: f64,
}

/// The discriminator's part of [`OriginalConfig`].
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names and meanings are those of the original's files")]
pub struct OriginalDiscriminator {
    pub dim: usize,
    pub norm: NormalizationKind,
    pub activ: ActivationKind,
    pub n_layer: usize,
    pub gan_type: Option<String>,
    pub num_scales: usize,
    #[serde(default)]
    pub pad_type: PaddingKind,
}

impl OriginalConfig {
    /// Reads a `config.yaml`.
    ///
    /// # Errors
    /// [`WeightsError::Config`] with the place of the mistake.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let path_buf = || path.to_path_buf();
        let text = std::fs::read_to_string(path).map_err(|source| WeightsError::Read { path: path_buf(), source })?;
        serde_yaml_ng::from_str(&text)
            .map_err(|error| WeightsError::Config { path: path_buf(), reason: error.to_string() })
    }

    /// Whether this is a run of plain MUNIT, which has one learning rate and no attention.
    pub fn is_munit(&self) -> bool {
        self.lr_g.is_none() && self.lr_d.is_none()
    }

    /// The networks that the file describes.
    pub fn translator(&self) -> TranslatorConfig {
        let attention = !self.is_munit();
        let (generator, discriminator) = (&self.generator, &self.discriminator);
        let defaults = PictureConfig::default();
        TranslatorConfig {
            picture: PictureConfig {
                height: self.crop_image_height.unwrap_or(defaults.height),
                width: self.crop_image_width.unwrap_or(defaults.width),
                resize: self.new_size.unwrap_or(defaults.resize),
                drawing_channels: self.input_dim_a.unwrap_or(defaults.drawing_channels),
                photo_channels: self.input_dim_b.unwrap_or(defaults.photo_channels),
                grey_photos: false,
                translation_scale: 1,
                template: defaults.template,
            },
            generator: GeneratorConfig {
                dim: generator.dim,
                mlp_dim: generator.mlp_dim,
                style_dim: generator.style_dim,
                activation: generator.activ,
                num_downsample: generator.n_downsample,
                num_residual: generator.n_res,
                padding: generator.pad_type,
                attention,
            },
            discriminator: DiscriminatorConfig {
                dim: discriminator.dim,
                normalization: discriminator.norm,
                activation: discriminator.activ,
                num_layers: discriminator.n_layer,
                num_scales: discriminator.num_scales,
                padding: discriminator.pad_type,
                attention,
                augmentation: None,
            },
            styles: NamedStyles::default(),
        }
    }
}

/// The `config.yaml` of a checkpoint: in its folder, or in the one above as MUNIT lays runs out.
pub fn find_config(checkpoint: &Path) -> Option<PathBuf> {
    let folder = checkpoint.parent()?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    [folder.join("config.yaml"), folder.join("../config.yaml")].into_iter().find(|path| path.is_file())
}

/// A checkpoint with its configuration.
pub(super) fn model(mut arrays: NamedArrays, path: &Path) -> Result<ModelFile, WeightsError> {
    let has = |prefix: &str| arrays.keys().any(|name| name.starts_with(prefix));
    let is_translator = has("a.enc_content.") && has("b.enc_content.");
    let is_discriminator = has("a.cnns.") && has("b.cnns.");
    if !is_translator && !is_discriminator {
        return Err(WeightsError::Format {
            path: path.to_path_buf(),
            expected: "the generators (gen_*.pt) or discriminators (dis_*.pt) of the original or of MUNIT, under the keys a and b, or a recogniser (sphere20a*.pth)",
            found: format!("other names, such as {}", arrays.keys().next().map_or("none", String::as_str)),
        });
    }
    let config_path = find_config(path).ok_or_else(|| WeightsError::MissingConfig { path: path.to_path_buf() })?;
    let mut config = OriginalConfig::read(&config_path)?.translator();
    // The arrays know better than the learning rates whether there is attention.
    if is_translator {
        config.generator.attention = arrays.keys().any(|name| is_attention(name, "a.enc_content.model."));
    } else {
        config.discriminator.attention = arrays.keys().any(|name| is_attention(name, "a.cnns.0."));
    }
    config.validate().map_err(|reason| WeightsError::Config { path: config_path, reason })?;
    arrays.retain(|name, _| !is_dummy(name));
    let config = if is_translator { ModelConfig::Translator(config) } else { ModelConfig::Discriminator(config) };
    Ok(ModelFile { config, arrays })
}

fn is_attention(name: &str, prefix: &str) -> bool {
    let layer = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".gamma"));
    layer.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Statistics that the reference saves but that no forward pass reads.
fn is_dummy(name: &str) -> bool {
    name.ends_with(".norm.running_mean")
        || name.ends_with(".norm.running_var")
        || name.ends_with(".norm.num_batches_tracked")
}
