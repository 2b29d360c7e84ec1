//! The layers of SphereFace: Liu et al. 2017, <https://arxiv.org/abs/1704.08063>.

use serde::{Deserialize, Serialize};

use super::bounds::within;

/// A SphereFace network. Defaults are SphereFace-20, the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecognizerConfig {
    /// Channels of the four stages.
    pub channels: [usize; 4],
    /// Residual blocks of the four stages, behind the convolution that halves the picture.
    pub blocks: [usize; 4],
    /// Length of an embedding.
    pub embedding: usize,
    /// People that the classifier behind the embedding tells apart. 0 for a network without classifier.
    pub classes: usize,
}

impl Default for RecognizerConfig {
    fn default() -> Self {
        Self { channels: [64, 128, 256, 512], blocks: [1, 2, 4, 1], embedding: 512, classes: 0 }
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
    /// Height of the crops that the network sees, in pixels.
    pub const HEIGHT: usize = 112;
    /// Width of the crops that the network sees, in pixels.
    pub const WIDTH: usize = 96;
    /// Positions of the last feature map. Each of the four stages halves the picture.
    pub const POSITIONS: usize = (Self::HEIGHT >> 4) * (Self::WIDTH >> 4);

    /// Values of the last feature map, from which the embedding is computed.
    pub fn flattened(&self) -> usize {
        self.channels[3] * Self::POSITIONS
    }

    /// How many parameters the network has.
    fn size(&self) -> f64 {
        let mut channels_in = 3.0;
        let mut total = self.embedding as f64 * (self.flattened() + self.classes) as f64;
        for (channels, blocks) in self.channels.iter().zip(self.blocks) {
            let channels = *channels as f64;
            total += 9.0 * channels * (channels_in + 2.0 * blocks as f64 * channels);
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
        within("embedding", self.embedding, 1, LARGEST_EMBEDDING)?;
        within("classes", self.classes, 0, LARGEST_CLASSES)?;
        let size = self.size();
        if size > LARGEST_SIZE {
            return Err(format!("the network would have {size:.0} parameters, more than {LARGEST_SIZE:.0}"));
        }
        Ok(())
    }
}
