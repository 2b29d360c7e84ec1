//! The size of a dense map.

use crate::error::ShapeError;
use crate::simd::vector::MAX_LANES;

/// The size of a dense map, whose values lie as `[height, width, pitch]`: channels-last, without a halo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseShape {
    height: usize,
    width: usize,
    channels: usize,
    pitch: usize,
}

impl DenseShape {
    /// A map that layers write: zeros fill up the registers of each pixel.
    pub fn features([height, width]: [usize; 2], channels: usize) -> Self {
        Self { height, width, channels, pitch: channels.next_multiple_of(MAX_LANES) }
    }

    /// An image that comes from outside, its pixels without anything between them.
    pub fn image([height, width]: [usize; 2], channels: usize) -> Self {
        Self { height, width, channels, pitch: channels }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Channels of a pixel, without the zeros behind them.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Elements from a pixel to the next.
    pub fn pitch(&self) -> usize {
        self.pitch
    }

    /// Elements of a map.
    pub fn elements(&self) -> usize {
        self.height * self.width * self.pitch
    }

    /// Refuses a map with a size of zero.
    pub(super) fn check(&self) -> Result<(), ShapeError> {
        let sizes = [("height", self.height), ("width", self.width), ("channels", self.channels)];
        match sizes.into_iter().find(|(_, size)| *size == 0) {
            Some((field, _)) => Err(ShapeError::Zero { field }),
            None => Ok(()),
        }
    }
}
