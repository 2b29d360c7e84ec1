//! Buffers of channels-last images with a halo, which holds their padding.

use super::shape::FeatureMapShape;
use crate::convolution::axis::Axis;
use crate::convolution::padding::Padding;
use crate::error::{ShapeError, check_length, check_not_zero, elements};
use crate::memory::scratch::Aligned;
use crate::memory::shared::Shared;
use crate::simd::dispatch::kernels;
use crate::simd::transpose::Transposition;
use rayon::prelude::*;
use std::ops::Range;

/// Pixels that a task copies.
const PIXELS_PER_TASK: usize = 512;
/// Rows whose ends a task writes, at least.
const ROWS_PADDED_PER_TASK: usize = 32;

/// What the halo of a [`FeatureMap`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halo {
    /// So many rows and columns of padding, and zeros beyond.
    Padded(usize, Padding),
    /// What other images left there.
    Stale,
}

/// Images of one shape, channels last: `[n, row, column, channel]`. The halo around each image holds zeros or what
/// [`FeatureMap::pad`] wrote there. Its memory can hold images of other shapes in turn.
#[derive(Debug)]
pub struct FeatureMap {
    shape: FeatureMapShape,
    batch: usize,
    halo: Halo,
    /// Whether what fills the registers behind the channels is zero, as the layers that read whole registers need it.
    is_filled_up: bool,
    values: Aligned,
}

impl FeatureMap {
    /// Room for some images, all zero.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero or memory cannot be addressed.
    pub fn new(shape: FeatureMapShape, batch: usize) -> Result<Self, ShapeError> {
        let (halo, values) = (Halo::Padded(shape.halo, Padding::Zero), Aligned::zeroed(checked_len(&shape, batch)?));
        Ok(Self { shape, batch, halo, is_filled_up: true, values })
    }

    /// Memory of so many elements for each of some images, and no images yet: see [`hold`](Self::hold).
    ///
    /// # Errors
    /// [`ShapeError`] if memory cannot be addressed.
    pub fn with_room(batch: usize, elements_per_image: usize) -> Result<Self, ShapeError> {
        let len = elements([batch, elements_per_image, 1, 1])?;
        Ok(Self { values: Aligned::zeroed(len), ..Self::new(FeatureMapShape::features(1, 1, 1, 0), 0)? })
    }

    /// The shape of each image.
    pub fn shape(&self) -> FeatureMapShape {
        self.shape
    }

    /// Images held now.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Holds another number of images: see [`hold`](Self::hold).
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn set_batch(&mut self, batch: usize) -> Result<(), ShapeError> {
        self.hold(self.shape, batch)
    }

    /// Holds some images of a shape, in the same memory, which grows when it must and is never given back. What the images
    /// hold is not specified until they are written.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero or memory cannot be addressed.
    pub fn hold(&mut self, shape: FeatureMapShape, batch: usize) -> Result<(), ShapeError> {
        let len = checked_len(&shape, batch)?;
        if len > self.values.len() {
            // Old and new memory are not needed beside each other.
            self.values = Aligned::zeroed(0);
            *self = Self::new(shape, batch)?;
        } else if shape != self.shape || batch > self.batch {
            (self.shape, self.batch) = (shape, batch);
            self.forget();
        } else if batch < self.batch {
            self.make_halo_stale();
            self.batch = batch;
        }
        Ok(())
    }

    /// The memory, for other values; it grows to `len` elements. What the images hold is not specified afterwards.
    pub fn lend(&mut self, len: usize) -> &mut [f32] {
        if len > self.values.len() {
            self.values = Aligned::zeroed(0);
            self.values = Aligned::zeroed(len);
        }
        self.forget();
        &mut self.values[..len]
    }

    /// From now on the memory holds whatever was written there.
    fn forget(&mut self) {
        self.halo = Halo::Stale;
        self.is_filled_up = false;
    }

    pub(crate) fn check_shape(&self, expected: FeatureMapShape) -> Result<(), ShapeError> {
        let found = self.shape;
        if found == expected { Ok(()) } else { Err(ShapeError::FeatureMap { expected, found }) }
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, whose images are about to be written: of each pixel at least the first `written` channels. What fills
    /// the registers behind them is zero, or about to be written as such.
    pub(crate) fn overwrite(&mut self, written: usize) -> &mut [f32] {
        self.make_halo_stale();
        if !std::mem::replace(&mut self.is_filled_up, true) && written < self.shape.pitch {
            self.fill_up(written);
        }
        &mut self.values
    }

    /// Writes zeros behind the first channels of each pixel. Whoever pads the images writes whole pixels of the halo.
    fn fill_up(&mut self, written: usize) {
        let FeatureMapShape { width, pitch, halo, .. } = self.shape;
        let images = &mut self.values[..self.batch * self.shape.image_stride()];
        let lines = images.par_chunks_exact_mut(self.shape.row_stride()).with_min_len(PIXELS_PER_TASK / width + 1);
        lines.for_each(|line| {
            line.chunks_exact_mut(pitch).skip(halo).take(width).for_each(|pixel| pixel[written..].fill(0.0));
        });
    }

    /// A halo of zeros serves other images too.
    fn make_halo_stale(&mut self) {
        if !matches!(self.halo, Halo::Padded(_, Padding::Zero)) {
            self.halo = Halo::Stale;
        }
    }

    /// Whether the halo holds at least `padding` rows and columns of a mode.
    pub(crate) fn is_padded(&self, padding: usize, mode: Padding) -> bool {
        match self.halo {
            Halo::Padded(..) if padding == 0 => true,
            Halo::Padded(held, found) => found == mode && padding <= held,
            Halo::Stale => false,
        }
    }

    /// Writes the padding into the halo: some rows and columns on each side, and zeros beyond.
    ///
    /// # Errors
    /// [`ShapeError`] if the halo is narrower than the padding, or reflection would reach beyond the opposite edge.
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
        let images = &mut self.values[..self.batch * rows * row_stride];
        let lines = images.par_chunks_exact_mut(row_stride).with_min_len(ROWS_PADDED_PER_TASK).enumerate();
        lines.filter(|(row, _)| (halo..halo + height).contains(&(row % rows))).for_each(|(_, line)| {
            for column in (0..halo).chain(halo + width..line.len() / pitch) {
                let pixel = column * pitch;
                match across.source(column) {
                    Some(source) => line.copy_within((halo + source) * pitch..(halo + source + 1) * pitch, pixel),
                    None => line[pixel..pixel + pitch].fill(0.0),
                }
            }
        });
        for image in images.chunks_exact_mut(rows * row_stride) {
            for row in (0..halo).chain(halo + height..rows) {
                let target = row * row_stride;
                match down.source(row) {
                    Some(source) => {
                        image.copy_within((halo + source) * row_stride..(halo + source + 1) * row_stride, target);
                    }
                    None => image[target..target + row_stride].fill(0.0),
                }
            }
        }
        self.halo = Halo::Padded(padding, mode);
        Ok(())
    }

    /// Takes images `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if there are more or fewer.
    pub fn fill(&mut self, images: &[f32]) -> Result<(), ShapeError> {
        let (shape, plane) = (self.shape, self.shape.plane());
        check_length("images", self.batch * shape.channels * plane, images.len())?;
        let sources = images.par_chunks_exact(shape.channels * plane);
        let targets = self.overwrite(shape.channels).par_chunks_exact_mut(shape.image_stride());
        sources.zip(targets).for_each(|(source, target)| {
            let rows = target.par_chunks_exact_mut(shape.row_stride()).skip(shape.halo).take(shape.height);
            rows.with_min_len(PIXELS_PER_TASK / shape.width + 1).enumerate().for_each(|(y, row)| {
                let pixels = row.chunks_exact_mut(shape.pitch).skip(shape.halo).take(shape.width);
                for (x, pixel) in pixels.enumerate() {
                    for (channel, value) in pixel[..shape.channels].iter_mut().enumerate() {
                        *value = source[channel * plane + y * shape.width + x];
                    }
                }
            });
        });
        Ok(())
    }

    /// Takes the sums of images `[n, c, h, w]` and those of another feature map.
    ///
    /// # Errors
    /// [`ShapeError`] if there are more or fewer, or the other feature map has another shape.
    pub fn fill_with_sum(&mut self, images: &[f32], other: &Self) -> Result<(), ShapeError> {
        let (shape, plane, halo) = (self.shape, self.shape.plane(), self.shape.halo);
        let FeatureMapShape { channels, height, width, pitch, .. } = shape;
        check_length("images", self.batch * channels * plane, images.len())?;
        check_length("other images", self.batch, other.batch)?;
        other.check_shape(shape)?;
        let (rows, stride) = (shape.rows(), shape.row_stride());
        let lines =
            self.overwrite(channels)[..other.batch * shape.image_stride()].par_chunks_exact_mut(stride).enumerate();
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

    /// Writes the images as `[n, c, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if `images` has another length.
    pub fn write(&self, images: &mut [f32]) -> Result<(), ShapeError> {
        self.write_channels(0..self.shape.channels, images)
    }

    /// Writes some channels of the images as `[n, c, h, w]`.
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

/// Elements of some images of a shape.
fn checked_len(shape: &FeatureMapShape, batch: usize) -> Result<usize, ShapeError> {
    let fields = [("channels", shape.channels), ("height", shape.height), ("width", shape.width)];
    check_not_zero(&fields)?;
    let [rows, pixels] = shape.most_rows_and_pixels();
    elements([batch, rows, pixels, shape.pitch])?;
    Ok(batch * shape.image_stride())
}
