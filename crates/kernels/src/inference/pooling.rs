//! Pools of feature maps.

use rayon::prelude::*;

use super::convolution::check_channels;
use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::shape::FeatureMapShape;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::{kernel_methods, kernels};

kernel_methods! {
    fn largest(target: &mut [f32], source: &[f32]);
    fn added(target: &mut [f32], source: &[f32]);
    fn scaled(target: &mut [f32], factor: f32);
}

/// What a pool makes of the pixels of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The largest value; pixels beyond the edge do not count.
    Max,
    /// The mean of the pixels that are there.
    Mean,
    /// The sum of the pixels that are there, divided by those of a whole window: pixels beyond the edge count as 0.
    MeanOfPadded,
}

/// A pool over square windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// Height and width of the window.
    pub window: usize,
    /// Step between windows.
    pub stride: usize,
    /// Rows and columns beyond each edge that windows may cover; less than the window.
    pub padding: usize,
}

impl Pool {
    /// Height and width of the output.
    ///
    /// # Errors
    /// [`ShapeError`] for a window or a step of 0, or a window that does not fit.
    pub fn output_size(&self, size: [usize; 2]) -> Result<[usize; 2], ShapeError> {
        if self.window == 0 || self.stride == 0 {
            return Err(ShapeError::Zero { field: "window or stride of a pool" });
        }
        let padded = size.map(|size| size.saturating_add(2 * self.padding));
        if padded.iter().any(|size| *size < self.window) || self.padding >= self.window {
            return Err(ShapeError::KernelTooLarge { kernel: [self.window; 2], padded });
        }
        Ok(padded.map(|size| (size - self.window) / self.stride + 1))
    }

    /// The shape of the outputs, with a halo for the layers that read them.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn output(&self, input: FeatureMapShape, halo: usize) -> Result<FeatureMapShape, ShapeError> {
        let [height, width] = self.output_size(input.size())?;
        Ok(FeatureMapShape::features(input.channels(), height, width, halo))
    }

    /// Pools `input` into the channels of `output` from `first_channel` on; nothing is read from the input's halo.
    ///
    /// # Errors
    /// [`ShapeError`] if a feature map has another shape or number of images, or `first_channel` and the input's channels are no
    /// whole registers (multiples of 16) where the output has more channels.
    pub fn forward(&self, input: &FeatureMap, output: &mut FeatureMap, first_channel: usize) -> Result<(), ShapeError> {
        let (from, to) = (input.shape(), output.shape());
        let expected = self.output(from, to.halo)?;
        if expected != to || first_channel != 0 {
            check_channels(to, expected, first_channel)?;
        }
        check_length("output images", input.batch(), output.batch())?;
        let (batch, values) = (input.batch(), input.values());
        let rows = output.overwrite(to.channels)[..batch * to.image_stride()]
            .par_chunks_exact_mut(to.row_stride())
            .enumerate();
        let inside = rows.filter(|(row, _)| (to.halo..to.halo + to.height).contains(&(row % to.rows())));
        inside.for_each(|(row, line)| {
            let (image, y) = (row / to.rows(), row % to.rows() - to.halo);
            for x in 0..to.width {
                let target = &mut line[(to.halo + x) * to.pitch + first_channel..][..from.channels];
                self.pool_window(values, from, image, [y, x], target);
            }
        });
        Ok(())
    }

    fn pool_window(&self, values: &[f32], from: FeatureMapShape, image: usize, at: [usize; 2], target: &mut [f32]) {
        // Of the window, what lies within the image.
        let range = |at: usize, size: usize| {
            let first = at * self.stride;
            first.saturating_sub(self.padding)..(first + self.window - self.padding).min(size)
        };
        let (rows, columns) = (range(at[0], from.height), range(at[1], from.width));
        let count = match self.kind {
            PoolKind::MeanOfPadded => self.window * self.window,
            _ => rows.len() * columns.len(),
        };
        let mut is_first = true;
        for y in rows {
            for x in columns.clone() {
                let source = &values[from.offset(image, [y, x], 0)..][..target.len()];
                match (std::mem::replace(&mut is_first, false), self.kind) {
                    (true, _) => target.copy_from_slice(source),
                    (false, PoolKind::Max) => kernels().largest(target, source),
                    (false, _) => kernels().added(target, source),
                }
            }
        }
        if self.kind != PoolKind::Max {
            kernels().scaled(target, 1.0 / count as f32);
        }
    }
}

/// The mean over all pixels, channel by channel, in `f64`.
///
/// # Errors
/// [`ShapeError`] unless `output` has one pixel and the input's channels and images.
pub fn global_mean(input: &FeatureMap, output: &mut FeatureMap) -> Result<(), ShapeError> {
    let (from, to) = (input.shape(), output.shape());
    output.check_shape(FeatureMapShape::features(from.channels(), 1, 1, to.halo))?;
    check_length("output images", input.batch(), output.batch())?;
    let values = input.values();
    let targets = output.overwrite(to.channels).par_chunks_exact_mut(to.image_stride()).take(input.batch()).enumerate();
    targets.for_each(|(image, target)| {
        let mut sums = vec![0.0_f64; from.channels];
        for y in 0..from.height {
            for x in 0..from.width {
                let pixel = &values[from.offset(image, [y, x], 0)..][..from.channels];
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        let pixel = &mut target[to.offset(0, [0, 0], 0)..][..from.channels];
        pixel.iter_mut().zip(sums).for_each(|(value, sum)| *value = (sum / from.plane() as f64) as f32);
    });
    Ok(())
}

#[inline(always)]
fn largest(target: &mut [f32], source: &[f32]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target = if *source > *target { *source } else { *target };
    }
}

#[inline(always)]
fn added(target: &mut [f32], source: &[f32]) {
    target.iter_mut().zip(source).for_each(|(target, source)| *target += source);
}

#[inline(always)]
fn scaled(target: &mut [f32], factor: f32) {
    target.iter_mut().for_each(|target| *target *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_be_as_large_as_the_feature_map() {
        let pool = |window, padding| Pool { kind: PoolKind::Max, window, stride: 1, padding };
        assert_eq!(pool(5, 0).output_size([5, 7]), Ok([1, 3]));
        assert!(pool(6, 0).output_size([5, 7]).is_err());
        assert_eq!(pool(7, 1).output_size([5, 7]), Ok([1, 3]));
    }
}
