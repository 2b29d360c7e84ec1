//! The layers of recognisers.

use portraitist_face::template::Template;
use serde::{Deserialize, Serialize};

use super::bounds::within;

/// The published networks that embed faces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// SphereFace: Liu et al. 2017, <https://arxiv.org/abs/1704.08063>.
    #[default]
    #[serde(rename = "sphereface")]
    SphereFace,
    /// The residual network of dlib's face recognition: King 2017.
    DlibResnet,
}

impl Architecture {
    /// The crops that the network sees, and where a face lies in them.
    pub const fn template(self) -> Template {
        match self {
            Self::SphereFace => Template::SPHEREFACE,
            Self::DlibResnet => Template::DLIB,
        }
    }

    /// The name of that template.
    pub fn template_name(self) -> &'static str {
        match self {
            Self::SphereFace => "sphereface",
            Self::DlibResnet => "dlib",
        }
    }

    /// Height and width of the crops, in pixels.
    pub const fn crop_size(self) -> [usize; 2] {
        let Template { width, height, .. } = self.template();
        [height, width]
    }

    /// Whether it is SphereFace, which files of older versions do not name.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_sphereface(&self) -> bool {
        *self == Self::SphereFace
    }
}

/// A recogniser's network. Defaults are SphereFace-20, the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecognizerConfig {
    /// Which network. The other values keep SphereFace-20's defaults whatever this is.
    #[serde(skip_serializing_if = "Architecture::is_sphereface")]
    pub architecture: Architecture,
    /// Channels of the four stages. `dlib_resnet` ends with one more halving block of the last stage's width.
    pub channels: [usize; 4],
    /// Residual blocks of the four stages, behind what halves the picture: a convolution; of `dlib_resnet` a max pool before the first
    /// stage, a block before the others.
    pub blocks: [usize; 4],
    /// Length of an embedding.
    pub embedding: usize,
    /// People that the classifier behind the embedding tells apart. 0 for a network without classifier.
    pub classes: usize,
}

impl Default for RecognizerConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::SphereFace,
            channels: [64, 128, 256, 512],
            blocks: [1, 2, 4, 1],
            embedding: 512,
            classes: 0,
        }
    }
}

/// The largest sizes that a configuration may ask for. More is a mistake, or an attack on memory.
const LARGEST_CHANNELS: usize = 2048;
const LARGEST_BLOCKS: usize = 64;
const LARGEST_EMBEDDING: usize = 4096;
const LARGEST_CLASSES: usize = 1_000_000;
/// The largest number of parameters: 4 GB.
const LARGEST_SIZE: f64 = 1e9;

impl RecognizerConfig {
    /// dlib's network as published.
    pub fn dlib_resnet() -> Self {
        Self {
            architecture: Architecture::DlibResnet,
            channels: [32, 64, 128, 256],
            blocks: [3, 3, 2, 2],
            embedding: 128,
            classes: 0,
        }
    }

    /// Values of the last feature map, from which the embedding is computed: all of SphereFace's, whose four stages halve the
    /// picture each; the means of dlib's channels.
    pub fn flattened(&self) -> usize {
        let [height, width] = self.architecture.crop_size();
        match self.architecture {
            Architecture::SphereFace => self.channels[3] * (height >> 4) * (width >> 4),
            Architecture::DlibResnet => self.channels[3],
        }
    }

    /// About how many parameters the network has.
    fn size(&self) -> f64 {
        let mut channels_in = 3.0;
        let mut total = self.embedding as f64 * (self.flattened() + self.classes) as f64;
        for (channels, blocks) in self.channels.iter().zip(self.blocks) {
            let channels = *channels as f64;
            total += 9.0 * channels * (channels_in + 2.0 * (blocks + 1) as f64 * channels);
            channels_in = channels;
        }
        total
    }

    /// Whether the network can be built.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        for channels in self.channels {
            within("channels", channels, 1, LARGEST_CHANNELS)?;
        }
        for blocks in self.blocks {
            within("blocks", blocks, 0, LARGEST_BLOCKS)?;
        }
        if self.architecture == Architecture::DlibResnet && !self.channels.is_sorted() {
            return Err(format!("channels of dlib_resnet must not become fewer, found {:?}", self.channels));
        }
        within("embedding", self.embedding, 1, LARGEST_EMBEDDING)?;
        within("classes", self.classes, 0, LARGEST_CLASSES)?;
        let size = self.size();
        if size > LARGEST_SIZE {
            return Err(format!("the network would have {size:.0} parameters, more than {LARGEST_SIZE:.0}"));
        }
        Ok(())
    }
}
