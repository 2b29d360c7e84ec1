//! Passes over rows of channels-last pixels: plain loops that the compiler turns into vectors of whichever instruction
//! set they are inlined for.

use crate::simd::dispatch::kernel_methods;

kernel_methods! {
    fn row_moments(row: &[f32], means: &mut [f32], squares: &mut [f32]);
    fn normalize_row(affine: &ChannelAffine<'_>, residual: Option<&[f32]>, row: &mut [f32]);
}

/// What normalisation does to each channel: `(x - mean) * slope + shift`, cut at 0 with `relu`. The slices are as long as
/// a pixel.
#[derive(Clone, Copy)]
pub(crate) struct ChannelAffine<'a> {
    pub(crate) mean: &'a [f32],
    pub(crate) slope: &'a [f32],
    pub(crate) shift: &'a [f32],
    pub(crate) relu: bool,
}

/// Means of the channels of a row of pixels, and sums of squares about them.
#[inline(always)]
pub(crate) fn row_moments(row: &[f32], means: &mut [f32], squares: &mut [f32]) {
    let count = (row.len() / means.len()) as f32;
    let mut sums = [0.0_f32; CHANNELS_AT_ONCE];
    let pitch = means.len();
    for first in (0..pitch).step_by(CHANNELS_AT_ONCE) {
        let channels = first..(first + CHANNELS_AT_ONCE).min(pitch);
        let (means, squares) = (&mut means[channels.clone()], &mut squares[channels.clone()]);
        let sums = &mut sums[..channels.len()];
        sums.fill(0.0);
        for pixel in row.chunks_exact(pitch) {
            sums.iter_mut().zip(&pixel[channels.clone()]).for_each(|(sum, value)| *sum += value);
        }
        means.iter_mut().zip(&*sums).for_each(|(mean, sum)| *mean = sum / count);
        sums.fill(0.0);
        for pixel in row.chunks_exact(pitch) {
            for ((sum, value), mean) in sums.iter_mut().zip(&pixel[channels.clone()]).zip(&*means) {
                *sum += (value - mean) * (value - mean);
            }
        }
        squares.copy_from_slice(sums);
    }
}

/// Channels whose sums stay in the first-level cache together with the row's.
const CHANNELS_AT_ONCE: usize = 256;

/// Normalises a row of pixels in place; a residual is added after the activation.
#[inline(always)]
pub(crate) fn normalize_row(affine: &ChannelAffine<'_>, residual: Option<&[f32]>, row: &mut [f32]) {
    let floor = if affine.relu { 0.0 } else { f32::NEG_INFINITY };
    let normalise = |value: f32, mean: f32, slope: f32, shift: f32| {
        let value = (value - mean) * slope + shift;
        if value < floor { floor } else { value }
    };
    let pitch = affine.mean.len();
    let (mean, slope, shift) = (&affine.mean[..pitch], &affine.slope[..pitch], &affine.shift[..pitch]);
    match residual {
        None => {
            for pixel in row.chunks_exact_mut(pitch) {
                for (((value, mean), slope), shift) in pixel.iter_mut().zip(mean).zip(slope).zip(shift) {
                    *value = normalise(*value, *mean, *slope, *shift);
                }
            }
        }
        Some(residual) => {
            for (pixel, residual) in row.chunks_exact_mut(pitch).zip(residual.chunks_exact(pitch)) {
                let channels = pixel.iter_mut().zip(residual).zip(mean).zip(slope).zip(shift);
                for ((((value, residual), mean), slope), shift) in channels {
                    *value = normalise(*value, *mean, *slope, *shift) + residual;
                }
            }
        }
    }
}
