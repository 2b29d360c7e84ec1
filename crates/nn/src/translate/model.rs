//! A trained translator, ready for use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use portraitist_face::template::Template;
use portraitist_face::{Picture, edit};

use crate::config::Domain;
use crate::config::munit::TranslatorConfig;
use crate::inference::{InferencePrecision, PlanOptions};
use crate::layers::Initialization;
use crate::networks::munit::Translator;
use crate::parameter::{from_values, to_values};
use crate::pixels::{from_planes, to_planes};
use crate::run_folder::{locate, translator_file};
use crate::weights::{ModelConfig, ModelFile, assign, read_hashed_model, sha256};

use super::error::ModelError;
use super::frozen::FrozenTranslator;

/// Largest number of pixels that a picture is translated at; larger ones are shrunk first.
const MAX_PIXELS: usize = 1 << 20;
/// Positions that self-attention attends to in [`Model::translate_large`], at most: as many as a picture of 256x512 has whose sides are halved
/// twice. Of the 81,920 of 1024x1280 means over 4x4 remain, 5,120.
const MOST_KEYS: usize = 1 << 13;
/// Shortest side that the style encoder's four halvings can work on.
const MIN_STYLE_SIDE: usize = 16;
/// Shortest side that the first layer's reflecting border can work on.
const MIN_SIDE: usize = 4;

/// A translated picture, as pixels and as the network gave it.
#[derive(Clone, Debug)]
pub struct Translated {
    /// 8-bit RGB: `round((x + 1) / 2 * 255)`.
    pub picture: Picture,
    /// `[3, height, width]` in `[-1, 1]`.
    pub planes: Vec<f32>,
    /// Width of the planes: the picture's own, unless it was too large or too small for the networks.
    pub width: usize,
    /// Height of the planes.
    pub height: usize,
}

/// A translator ready for use. Results do not depend on what was translated before.
#[derive(Clone, Debug)]
pub struct Model {
    networks: Arc<FrozenTranslator>,
    config: TranslatorConfig,
    sha256: String,
    device: Device,
    precision: InferencePrecision,
}

impl Model {
    /// Largest number of pixels of [`translate_large`](Self::translate_large); larger pictures are shrunk first.
    pub const MAX_LARGE_PIXELS: usize = 1600 * 1600;

    /// The weights file that a model's name stands for: a run folder (its newest whole checkpoint), a
    /// checkpoint folder, or a file. `None` where there is nothing.
    ///
    /// # Errors
    /// [`ModelError::NoCheckpoint`].
    pub fn locate(path: &Path) -> Result<Option<PathBuf>, ModelError> {
        Ok(locate(path, translator_file)?)
    }

    /// Reads the translator in a weights file of either kind.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn read(path: &Path, device: &Device) -> Result<Self, ModelError> {
        let (model, sha256) = read_hashed_model(path)?;
        Self::new(model, path, sha256, device)
    }

    /// A translator from a model file in memory; `name` stands for its path in errors.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn from_bytes(bytes: &[u8], name: &str, device: &Device) -> Result<Self, ModelError> {
        Self::new(ModelFile::from_bytes(bytes, name)?, Path::new(name), sha256(bytes), device)
    }

    fn new(file: ModelFile, path: &Path, sha256: String, device: &Device) -> Result<Self, ModelError> {
        let ModelConfig::Translator(config) = file.config else {
            let found = file.config.kind();
            return Err(ModelError::NotTranslator { path: path.to_path_buf(), found });
        };
        // The first weights are replaced at once; PyTorch's own scheme is the cheapest to draw.
        let mut translator = Translator::new(&config, Initialization::Default, 0, device);
        assign(&mut translator, file.arrays, path)?;
        translator.refresh();
        let networks = Arc::new(FrozenTranslator::new(translator, device));
        Ok(Self { networks, config, sha256, device: device.clone(), precision: InferencePrecision::F32 })
    }

    /// The same model, translating in a precision; as it is read, in `f32`.
    pub fn with_precision(self, precision: InferencePrecision) -> Self {
        Self { precision, ..self }
    }

    /// How the networks are built.
    pub fn config(&self) -> &TranslatorConfig {
        &self.config
    }

    /// SHA-256 of the weights file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Where a face lies in the pictures that the model translates: the frame that it was trained on (the original's 200x232 where
    /// nothing is said), resized and cropped as in training, at the configured multiple of the training's size.
    pub fn template(&self) -> Template {
        self.config.picture.frame(self.config.picture.translation_scale)
    }

    /// Translates a whole picture of the other domain to `to`. The result has its size. Where the networks cannot halve a
    /// side, its edge is repeated, and the result is cut. Pictures of more than a megapixel are shrunk for the networks,
    /// tiny ones are enlarged.
    ///
    /// # Errors
    /// [`ModelError::StyleLength`], [`ModelError::Picture`], [`ModelError::NotFinite`].
    pub fn translate(&self, picture: &Picture, style: &[f32], to: Domain) -> Result<Translated, ModelError> {
        self.translate_within(picture, style, to, MAX_PIXELS, None)
    }

    /// As [`translate`](Self::translate), for pictures larger than those of training, up to [`MAX_LARGE_PIXELS`](Self::MAX_LARGE_PIXELS).
    /// Self-attention, whose time would grow with the square of the pixels, attends to at most 8,192 positions, means of neighbours.
    ///
    /// # Errors
    /// As [`translate`](Self::translate).
    pub fn translate_large(&self, picture: &Picture, style: &[f32], to: Domain) -> Result<Translated, ModelError> {
        self.translate_within(picture, style, to, Self::MAX_LARGE_PIXELS, Some(MOST_KEYS))
    }

    fn translate_within(
        &self,
        picture: &Picture,
        style: &[f32],
        to: Domain,
        most_pixels: usize,
        most_keys: Option<usize>,
    ) -> Result<Translated, ModelError> {
        self.check_style(style)?;
        let own_size = (picture.width(), picture.height());
        // The residual blocks' reflecting borders need two positions of the content code.
        let multiple = self.config.generator.side_multiple();
        let picture = within_limits(picture, MIN_SIDE.max(2 * multiple), most_pixels)?;
        let (width, height) = (picture.width(), picture.height());
        let (input, [padded_width, padded_height]) = self.input(&picture, to.other())?;
        let largest_style = style
            .iter()
            .copied()
            .fold(0.0f32, |largest, value| if value.abs() <= largest.abs() { largest } else { value });
        let style = from_values(style.to_vec(), &self.device).reshape([1, style.len()]);
        let options = PlanOptions { precision: self.precision, most_keys };
        let output = self.networks.translate(&input, [padded_height, padded_width], style, to, options);
        let output = cut(output, [padded_width, padded_height], [width, height]);
        let planes = three_planes(output, width * height);
        if !planes.iter().all(|value| value.is_finite()) {
            return Err(ModelError::NotFinite { largest_style });
        }
        let translated = from_planes(width, height, &planes)?;
        let picture =
            if own_size == (width, height) { translated } else { edit::resize(&translated, own_size.0, own_size.1)? };
        Ok(Translated { picture, planes, width, height })
    }

    /// The style of a picture of `domain`.
    ///
    /// # Errors
    /// [`ModelError::Picture`].
    pub fn style_of(&self, picture: &Picture, domain: Domain) -> Result<Vec<f32>, ModelError> {
        let (input, [width, height]) = self.input(&within_limits(picture, MIN_STYLE_SIDE, MAX_PIXELS)?, domain)?;
        let shape = [1, input.len() / (width * height), height, width];
        let input: Tensor<4> = from_values(input, &self.device).reshape(shape);
        Ok(to_values(self.networks.translator().of(domain).encode_style(input)))
    }

    /// Checks a style code's length.
    ///
    /// # Errors
    /// [`ModelError::StyleLength`].
    pub fn check_style(&self, style: &[f32]) -> Result<(), ModelError> {
        let expected = self.config.generator.style_dim;
        if style.len() == expected { Ok(()) } else { Err(ModelError::StyleLength { expected, found: style.len() }) }
    }

    /// The network's input, `[channels, height, width]`, and its width and height.
    fn input(&self, picture: &Picture, domain: Domain) -> Result<(Vec<f32>, [usize; 2]), ModelError> {
        let multiple = self.config.generator.side_multiple();
        let width = picture.width().next_multiple_of(multiple);
        let height = picture.height().next_multiple_of(multiple);
        let extended = extend_edges(picture, width, height)?;
        let grey = self.config.picture.grey_photos && domain == Domain::Photo;
        let extended = if grey { edit::to_grey(&extended) } else { extended };
        Ok((to_planes(&extended, self.config.picture.channels(domain)), [width, height]))
    }
}

/// The picture, resized to no side shorter than `least` and no more than `most` pixels. Both sides are resized alike,
/// except in the most extreme cases.
fn within_limits(picture: &Picture, least: usize, most: usize) -> Result<Picture, portraitist_face::Error> {
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    let (least, most) = (least as f64, most as f64);
    let grow = (least / width.min(height)).max(1.0);
    let shrink = (most / (width * height * grow * grow)).sqrt().min(1.0);
    let scale = grow * shrink;
    if scale == 1.0 {
        return Ok(picture.clone());
    }
    // A strip so long that both limits cannot hold is squeezed.
    let side = |length: f64| (length * scale).round().clamp(least, most / least) as usize;
    edit::resize(picture, side(width), side(height))
}

/// Repeats the last column and row until the picture has the given size.
fn extend_edges(picture: &Picture, width: usize, height: usize) -> Result<Picture, portraitist_face::Error> {
    if (width, height) == (picture.width(), picture.height()) {
        return Ok(picture.clone());
    }
    let source = picture.pixels();
    let pixel = |x: usize, y: usize| {
        let (x, y) = (x.min(picture.width() - 1), y.min(picture.height() - 1));
        let start = 3 * (y * picture.width() + x);
        source[start..start + 3].iter().copied()
    };
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Picture::from_rgb(width, height, pixels)
}

/// The first columns and rows of planes.
fn cut(planes: Vec<f32>, [old_width, old_height]: [usize; 2], [width, height]: [usize; 2]) -> Vec<f32> {
    if (old_width, old_height) == (width, height) {
        return planes;
    }
    let planes = planes.chunks_exact(old_width * old_height);
    planes.flat_map(|plane| plane.chunks_exact(old_width).take(height).flat_map(|row| &row[..width])).copied().collect()
}

/// A single plane is repeated for red, green and blue.
fn three_planes(planes: Vec<f32>, pixels: usize) -> Vec<f32> {
    if planes.len() == pixels { [planes.as_slice(); 3].concat() } else { planes }
}
