//! Pictures whose pixels hold their channels side by side, with zeros around them.

use crate::scratch::Aligned;
use crate::shape::{ShapeError, check_length, elements};
use crate::vector::MAX_LANES;
use rayon::prelude::*;

/// Rows and columns of zeros behind a picture, beyond those that complete a tile of Winograd's algorithm.
const BEHIND: usize = 2;
/// Largest side of such a tile.
const TILE: usize = 4;
/// Pixels that a task copies.
const PIXELS_PER_TASK: usize = 512;

/// The size of each picture of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapShape {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Rows above and columns left of the picture.
    pub(crate) margin: usize,
}

impl MapShape {
    /// Pictures of few channels, which come from outside; no convolution writes them. `margin` is the largest padding
    /// of the convolutions that read them.
    pub fn pictures(channels: usize, height: usize, width: usize, margin: usize) -> Self {
        Self { channels, height, width, pitch: channels, margin }
    }

    /// What a convolution writes: channels fill whole registers.
    pub fn features(channels: usize, height: usize, width: usize, margin: usize) -> Self {
        Self { channels, height, width, pitch: channels.next_multiple_of(MAX_LANES), margin }
    }

    /// Elements of one channel of one picture.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Numbers that a picture takes in a [`Map`].
    pub fn elements(&self) -> usize {
        self.image_stride()
    }

    /// Channels of each picture.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Height and width of each picture.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Pixels from a row to the next.
    fn row_pixels(&self) -> usize {
        self.margin + self.width.next_multiple_of(TILE) + BEHIND.max(self.margin)
    }

    /// Elements from a row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_pixels() * self.pitch
    }

    /// Elements from a picture to the next.
    pub(crate) fn image_stride(&self) -> usize {
        (self.margin + self.height.next_multiple_of(TILE) + BEHIND.max(self.margin)) * self.row_stride()
    }

    /// Where a pixel's first channel lies, `before` rows and columns up and left of it.
    pub(crate) fn offset(&self, image: usize, [y, x]: [usize; 2], before: usize) -> usize {
        image * self.image_stride()
            + (y + self.margin - before) * self.row_stride()
            + (x + self.margin - before) * self.pitch
    }

    fn check(&self, batch: usize) -> Result<usize, ShapeError> {
        let fields = [("channels", self.channels), ("height", self.height), ("width", self.width)];
        if let Some((field, _)) = fields.into_iter().find(|(_, size)| *size == 0) {
            return Err(ShapeError::Zero { field });
        }
        let around = |size: usize| size.saturating_add(TILE + 2 * BEHIND.max(self.margin));
        elements([batch, around(self.height), around(self.width), self.pitch])?;
        Ok(batch * self.image_stride())
    }
}

/// Pictures of one shape, `[n, row, column, channel]` with zeros around each picture.
#[derive(Debug)]
pub struct Map {
    shape: MapShape,
    batch: usize,
    values: Aligned,
}

impl Map {
    /// Room for some pictures, all zero.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero or memory cannot be addressed.
    pub fn new(shape: MapShape, batch: usize) -> Result<Self, ShapeError> {
        Ok(Self { shape, batch, values: Aligned::zeroed(shape.check(batch)?) })
    }

    /// The size of each picture.
    pub fn shape(&self) -> MapShape {
        self.shape
    }

    /// Pictures held now.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Holds another number of pictures; memory grows when it must and is never given back. What the pictures hold is
    /// not specified until it is written.
    ///
    /// # Errors
    /// [`ShapeError`] if memory cannot be addressed.
    pub fn set_batch(&mut self, batch: usize) -> Result<(), ShapeError> {
        let len = self.shape.check(batch)?;
        if len > self.values.len() {
            self.values = Aligned::zeroed(len);
        }
        self.batch = batch;
        Ok(())
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Takes pictures `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if there are more or fewer.
    pub fn fill(&mut self, images: &[f32]) -> Result<(), ShapeError> {
        let (shape, plane) = (self.shape, self.shape.plane());
        check_length("images", self.batch * shape.channels * plane, images.len())?;
        let pictures = images.par_chunks_exact(shape.channels * plane);
        let maps = self.values.par_chunks_exact_mut(shape.image_stride());
        pictures.zip(maps).for_each(|(picture, map)| {
            let rows = map.par_chunks_exact_mut(shape.row_stride()).skip(shape.margin).take(shape.height);
            rows.with_min_len(PIXELS_PER_TASK / shape.width + 1).enumerate().for_each(|(y, row)| {
                let pixels = row.chunks_exact_mut(shape.pitch).skip(shape.margin).take(shape.width);
                for (x, pixel) in pixels.enumerate() {
                    for (channel, value) in pixel[..shape.channels].iter_mut().enumerate() {
                        *value = picture[channel * plane + y * shape.width + x];
                    }
                }
            });
        });
        Ok(())
    }

    /// Writes the pictures as `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if `images` has another length.
    pub fn write(&self, images: &mut [f32]) -> Result<(), ShapeError> {
        let (shape, plane) = (self.shape, self.shape.plane());
        check_length("images", self.batch * shape.channels * plane, images.len())?;
        let planes = images.par_chunks_exact_mut(plane).with_min_len(PIXELS_PER_TASK / plane + 1).enumerate();
        planes.for_each(|(index, target)| {
            let (image, channel) = (index / shape.channels, index % shape.channels);
            for (y, row) in target.chunks_exact_mut(shape.width).enumerate() {
                let start = shape.offset(image, [y, 0], 0) + channel;
                for (value, source) in row.iter_mut().zip(self.values[start..].iter().step_by(shape.pitch)) {
                    *value = *source;
                }
            }
        });
        Ok(())
    }
}
