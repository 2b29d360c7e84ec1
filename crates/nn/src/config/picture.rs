//! The pictures that a translator sees.

use portraitist_face::Domain;
use portraitist_face::template::{Template, TemplateName};
use serde::{Deserialize, Serialize};

/// Size and colours of the pictures that a translator is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PictureConfig {
    /// Height of the crops that the networks see.
    pub height: usize,
    /// Width of the crops that the networks see.
    pub width: usize,
    /// Pictures are resized to this shorter side before they are cropped.
    pub resize: usize,
    /// Channels of a drawing (1 or 3).
    pub drawing_channels: usize,
    /// Channels of a photo (1 or 3).
    pub photo_channels: usize,
    /// Photos are made grey first, in training and in translation.
    pub grey_photos: bool,
    /// Faces are cut out for translation at this many times the training's size. The networks work at any size, and
    /// strokes become finer.
    pub translation_scale: usize,
    /// The frame that faces are aligned to. Its crops are resized and cropped for training as `resize`, `width` and `height` say.
    #[serde(skip_serializing_if = "is_original")]
    pub template: TemplateName,
}

/// Files of the original's frame stay as older versions wrote them.
fn is_original(name: &TemplateName) -> bool {
    *name == TemplateName::Original
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            height: 224,
            width: 192,
            resize: 200,
            drawing_channels: 3,
            photo_channels: 3,
            grey_photos: false,
            translation_scale: 1,
            template: TemplateName::Original,
        }
    }
}

impl PictureConfig {
    /// Where a face lies in pictures of `scale` times the training's size: the frame that the model was trained on (the original's
    /// 200x232 where nothing is said), resized and cropped as in training.
    pub fn frame(&self, scale: usize) -> Template {
        let frame = self.template.template(Domain::Photo);
        let (width, height) = (self.width * scale, self.height * scale);
        let enlarged = (self.resize * scale) as f64 / frame.width as f64;
        let left = (frame.width as f64 * enlarged - width as f64) / 2.0;
        let top = (frame.height as f64 * enlarged - height as f64) / 2.0;
        let points = frame.points.map(|[x, y]| [x * enlarged - left, y * enlarged - top]);
        Template { width, height, points }
    }

    /// Channels of a picture of `domain`.
    pub fn channels(&self, domain: Domain) -> usize {
        match domain {
            Domain::Drawing => self.drawing_channels,
            Domain::Photo => self.photo_channels,
        }
    }
}
