//! Where the elements of channels-last images lie.

use crate::simd::vector::MAX_LANES;

/// Rows and columns behind an image, beyond those that complete a tile of Winograd's algorithm.
const BEHIND: usize = 2;
/// Largest side of such a tile.
const TILE: usize = 4;

/// The shape of each image of a [`FeatureMap`](crate::FeatureMap): channels last, with a halo around the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureMapShape {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Rows above and columns left of the image.
    pub(crate) halo: usize,
}

impl FeatureMapShape {
    /// Input images of a network, of few channels; no convolution writes them. `halo` is the largest padding of the
    /// convolutions that read them.
    pub fn images(channels: usize, height: usize, width: usize, halo: usize) -> Self {
        Self { channels, height, width, pitch: channels, halo }
    }

    /// What a convolution writes: channels fill whole registers.
    pub fn features(channels: usize, height: usize, width: usize, halo: usize) -> Self {
        Self { channels, height, width, pitch: channels.next_multiple_of(MAX_LANES), halo }
    }

    /// Elements of one channel of one image.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Elements that an image takes in a [`FeatureMap`](crate::FeatureMap), with its halo.
    pub fn elements(&self) -> usize {
        self.image_stride()
    }

    /// Channels of each image.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Height and width of each image.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Pixels from a row to the next.
    pub(crate) fn row_pixels(&self) -> usize {
        self.halo + self.width.next_multiple_of(TILE) + BEHIND.max(self.halo)
    }

    /// Elements from a row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_pixels() * self.pitch
    }

    /// Elements from an image to the next.
    pub(crate) fn image_stride(&self) -> usize {
        self.rows() * self.row_stride()
    }

    /// Where a pixel's first channel lies, `before` rows and columns up and left of it.
    pub(crate) fn offset(&self, image: usize, [y, x]: [usize; 2], before: usize) -> usize {
        image * self.image_stride()
            + (y + self.halo - before) * self.row_stride()
            + (x + self.halo - before) * self.pitch
    }

    /// Rows from an image to the next.
    pub(crate) fn rows(&self) -> usize {
        self.halo + self.height.next_multiple_of(TILE) + BEHIND.max(self.halo)
    }

    /// Bounds of the rows and of the pixels of a row, for sizes of which nothing is known yet.
    pub(crate) fn most_rows_and_pixels(&self) -> [usize; 2] {
        self.size().map(|size| size.saturating_add(TILE + 2 * BEHIND.max(self.halo)))
    }
}
