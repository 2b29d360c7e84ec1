//! Pictures whose pixels hold their channels side by side, with zeros or what continues them around them.

use crate::axis::Axis;
use crate::isa::kernels;
use crate::scratch::{Aligned, Shared};
use crate::shape::{Padding, ShapeError, check_length, elements};
use crate::transpose::Transposition;
use crate::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

/// Rows and columns behind a picture, beyond those that complete a tile of Winograd's algorithm.
const BEHIND: usize = 2;
/// Largest side of such a tile.
const TILE: usize = 4;
/// Pixels that a task copies.
const PIXELS_PER_TASK: usize = 512;
/// Rows whose ends a task writes, at least.
const ROWS_PADDED_PER_TASK: usize = 32;

/// The size of each picture of a [`FeatureMap`].
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

    /// Elements of one channel of one picture.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Numbers that a picture takes in a [`FeatureMap`].
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
        self.halo + self.width.next_multiple_of(TILE) + BEHIND.max(self.halo)
    }

    /// Elements from a row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_pixels() * self.pitch
    }

    /// Elements from a picture to the next.
    pub(crate) fn image_stride(&self) -> usize {
        self.rows() * self.row_stride()
    }

    /// Where a pixel's first channel lies, `before` rows and columns up and left of it.
    pub(crate) fn offset(&self, image: usize, [y, x]: [usize; 2], before: usize) -> usize {
        image * self.image_stride()
            + (y + self.halo - before) * self.row_stride()
            + (x + self.halo - before) * self.pitch
    }

    /// Rows from a picture to the next.
    pub(crate) fn rows(&self) -> usize {
        self.halo + self.height.next_multiple_of(TILE) + BEHIND.max(self.halo)
    }

    fn check(&self, batch: usize) -> Result<usize, ShapeError> {
        let fields = [("channels", self.channels), ("height", self.height), ("width", self.width)];
        if let Some((field, _)) = fields.into_iter().find(|(_, size)| *size == 0) {
            return Err(ShapeError::Zero { field });
        }
        let around = |size: usize| size.saturating_add(TILE + 2 * BEHIND.max(self.halo));
        elements([batch, around(self.height), around(self.width), self.pitch])?;
        Ok(batch * self.image_stride())
    }
}

/// What lies around the pictures of a [`FeatureMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Border {
    /// So many rows and columns that continue the pictures, and zeros beyond.
    Continued(usize, Padding),
    /// What continued other pictures.
    Stale,
}

/// Pictures of one shape, `[n, row, column, channel]`; around each picture are zeros, or what [`FeatureMap::pad`] wrote there.
#[derive(Debug)]
pub struct FeatureMap {
    shape: FeatureMapShape,
    batch: usize,
    border: Border,
    values: Aligned,
}

impl FeatureMap {
    /// Room for some pictures, all zero.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero or memory cannot be addressed.
    pub fn new(shape: FeatureMapShape, batch: usize) -> Result<Self, ShapeError> {
        let border = Border::Continued(shape.halo, Padding::Zero);
        Ok(Self { shape, batch, border, values: Aligned::zeroed(shape.check(batch)?) })
    }

    /// The size of each picture.
    pub fn shape(&self) -> FeatureMapShape {
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
            *self = Self::new(self.shape, batch)?;
        } else if batch != self.batch {
            self.make_border_stale();
            self.batch = batch;
        }
        Ok(())
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, whose pictures are about to be written.
    pub(crate) fn overwrite(&mut self) -> &mut [f32] {
        self.make_border_stale();
        &mut self.values
    }

    /// Zeros around pictures serve other pictures too.
    fn make_border_stale(&mut self) {
        if !matches!(self.border, Border::Continued(_, Padding::Zero)) {
            self.border = Border::Stale;
        }
    }

    /// Whether the pictures are continued by at least `padding` rows and columns.
    pub(crate) fn is_padded(&self, padding: usize, mode: Padding) -> bool {
        match self.border {
            Border::Continued(..) if padding == 0 => true,
            Border::Continued(held, found) => found == mode && padding <= held,
            Border::Stale => false,
        }
    }

    /// Continues the pictures by some rows and columns on each side, and by zeros as far as the halo goes.
    ///
    /// # Errors
    /// [`ShapeError`] if the halo is narrower, or reflection would reach beyond the opposite edge.
    pub fn pad(&mut self, padding: usize, mode: Padding) -> Result<(), ShapeError> {
        let FeatureMapShape { height, width, halo, pitch, .. } = self.shape;
        if padding > halo {
            return Err(ShapeError::Halo { padding, halo });
        }
        if mode == Padding::Reflect && padding >= height.min(width) {
            return Err(ShapeError::ReflectTooWide { padding, input: [height, width] });
        }
        if self.is_padded(padding, mode) {
            return Ok(());
        }
        let axis = |len, padded| Axis::new(len, halo as isize, padding, padded, mode, 1);
        let (rows, row_stride) = (self.shape.rows(), self.shape.row_stride());
        let [down, across] = [axis(height, rows), axis(width, self.shape.row_pixels())];
        let maps = &mut self.values[..self.batch * rows * row_stride];
        let lines = maps.par_chunks_exact_mut(row_stride).with_min_len(ROWS_PADDED_PER_TASK).enumerate();
        lines.filter(|(row, _)| (halo..halo + height).contains(&(row % rows))).for_each(|(_, line)| {
            for column in (0..halo).chain(halo + width..line.len() / pitch) {
                let pixel = column * pitch;
                match across.source(column) {
                    Some(source) => line.copy_within((halo + source) * pitch..(halo + source + 1) * pitch, pixel),
                    None => line[pixel..pixel + pitch].fill(0.0),
                }
            }
        });
        for map in maps.chunks_exact_mut(rows * row_stride) {
            for row in (0..halo).chain(halo + height..rows) {
                let target = row * row_stride;
                match down.source(row) {
                    Some(source) => {
                        map.copy_within((halo + source) * row_stride..(halo + source + 1) * row_stride, target);
                    }
                    None => map[target..target + row_stride].fill(0.0),
                }
            }
        }
        self.border = Border::Continued(padding, mode);
        Ok(())
    }

    /// Takes pictures `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if there are more or fewer.
    pub fn fill(&mut self, images: &[f32]) -> Result<(), ShapeError> {
        let (shape, plane) = (self.shape, self.shape.plane());
        check_length("images", self.batch * shape.channels * plane, images.len())?;
        let pictures = images.par_chunks_exact(shape.channels * plane);
        let maps = self.overwrite().par_chunks_exact_mut(shape.image_stride());
        pictures.zip(maps).for_each(|(picture, map)| {
            let rows = map.par_chunks_exact_mut(shape.row_stride()).skip(shape.halo).take(shape.height);
            rows.with_min_len(PIXELS_PER_TASK / shape.width + 1).enumerate().for_each(|(y, row)| {
                let pixels = row.chunks_exact_mut(shape.pitch).skip(shape.halo).take(shape.width);
                for (x, pixel) in pixels.enumerate() {
                    for (channel, value) in pixel[..shape.channels].iter_mut().enumerate() {
                        *value = picture[channel * plane + y * shape.width + x];
                    }
                }
            });
        });
        Ok(())
    }

    /// Takes pictures `[n, c, h, w]` and adds those of another map.
    ///
    /// # Errors
    /// [`ShapeError`] if there are more or fewer, or the other map has another shape.
    pub fn fill_with_sum(&mut self, images: &[f32], other: &Self) -> Result<(), ShapeError> {
        let (shape, plane, halo) = (self.shape, self.shape.plane(), self.shape.halo);
        let FeatureMapShape { channels, height, width, pitch, .. } = shape;
        check_length("images", self.batch * channels * plane, images.len())?;
        check_length("other pictures", self.batch, other.batch)?;
        if other.shape != shape {
            return Err(ShapeError::FeatureMap { expected: shape, found: other.shape });
        }
        let (rows, stride) = (shape.rows(), shape.row_stride());
        let lines = self.overwrite()[..other.batch * shape.image_stride()].par_chunks_exact_mut(stride).enumerate();
        let inside = lines.filter(|(line, _)| (halo..halo + height).contains(&(line % rows)));
        inside.for_each(|(line, target)| {
            let (image, y) = (line / rows, line % rows - halo);
            let inside = halo * pitch..(halo + width) * pitch;
            let target = &mut target[inside.clone()];
            let source = &images[image * channels * plane + y * width..];
            kernels().transpose_rows(source, plane, [channels, width], target, pitch);
            let others = &other.values[line * stride..][inside];
            target.iter_mut().zip(others).for_each(|(target, other)| *target += other);
        });
        Ok(())
    }

    /// Writes the pictures as `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if `images` has another length.
    pub fn write(&self, images: &mut [f32]) -> Result<(), ShapeError> {
        self.write_channels(0..self.shape.channels, images)
    }

    /// Writes some channels of the pictures as `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if there are no such channels or `images` has another length.
    pub fn write_channels(&self, channels: Range<usize>, images: &mut [f32]) -> Result<(), ShapeError> {
        let (shape, plane) = (self.shape, self.shape.plane());
        check_length("channels", channels.end.min(shape.channels), channels.end)?;
        check_length("images", self.batch * channels.len() * plane, images.len())?;
        let target = Shared::new(images);
        let rows = (0..self.batch * shape.height).into_par_iter().with_min_len(PIXELS_PER_TASK / shape.width + 1);
        rows.for_each(|row| {
            let (image, y) = (row / shape.height, row % shape.height);
            let pixels = &self.values[shape.offset(image, [y, 0], 0) + channels.start..];
            let matrix = Transposition {
                source: pixels.as_ptr(),
                source_stride: shape.pitch,
                rows: shape.width,
                columns: channels.len(),
                target: target.at((image * channels.len() * shape.height + y) * shape.width),
                target_stride: plane,
                fill: 0,
            };
            // SAFETY: the row has so many pixels of these channels; tasks write disjoint rows of the planes.
            unsafe { kernels().transpose(&matrix) };
        });
        Ok(())
    }
}
