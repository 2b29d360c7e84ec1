//! The four phases of an upsampled convolution: their weights, and outputs put together from them.

use super::shape::{AREA, KERNEL, UpsampledConv2d};
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use rayon::prelude::*;

/// The 3x3 tap that each 5x5 tap falls onto, for outputs of each phase.
pub(super) const PHASE_TAPS: [[usize; KERNEL]; 2] = [[0, 0, 1, 1, 2], [0, 1, 1, 2, 2]];

impl UpsampledConv2d {
    /// All four phases as one convolution of the input, output channels `[phase y, phase x, out_channels]`.
    pub(crate) fn phases(&self) -> Conv2d {
        Conv2d {
            batch: self.batch,
            in_channels: self.in_channels,
            in_height: self.in_height,
            in_width: self.in_width,
            out_channels: 4 * self.out_channels,
            kernel: [3, 3],
            stride: 1,
            padding: 1,
            mode: Padding::Replicate,
        }
    }

    /// Weights of the four phases, `[phase y, phase x, out_channels, in_channels, 3, 3]`.
    pub(crate) fn phase_weights(&self, weight: &[f32]) -> Scratch {
        let pairs = self.out_channels * self.in_channels;
        let mut summed = Scratch::new(4 * pairs * 9);
        let target = Shared::new(&mut summed);
        weight.par_chunks_exact(AREA).with_min_len(1 << 10).enumerate().for_each(|(pair, kernel)| {
            for (phase_y, rows) in PHASE_TAPS.iter().enumerate() {
                let mut lines = [[0.0; KERNEL]; 3];
                for (row, values) in rows.iter().zip(kernel.as_chunks::<KERNEL>().0) {
                    lines[*row].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                for (phase_x, columns) in PHASE_TAPS.iter().enumerate() {
                    let mut small = [0.0; 9];
                    for (row, line) in lines.iter().enumerate() {
                        columns.iter().zip(line).for_each(|(column, value)| small[row * 3 + column] += value);
                    }
                    let start = ((phase_y * 2 + phase_x) * pairs + pair) * 9;
                    // SAFETY: each pair of channels has its own nine sums in each phase.
                    unsafe { target.at(start).cast::<[f32; 9]>().write_unaligned(small) };
                }
            }
        });
        summed
    }

    /// The four phases of an output gradient.
    pub(super) fn split_phases(&self, output_gradient: &[f32]) -> Scratch {
        let Self { in_height, in_width, out_channels, .. } = *self;
        let plane = in_height * in_width;
        let mut phases = Scratch::new(self.batch * 4 * out_channels * plane);
        phases.par_chunks_exact_mut(plane).with_min_len((1 << 13) / plane + 1).enumerate().for_each(
            |(index, target)| {
                let (image, phase, channel) =
                    (index / (4 * out_channels), index / out_channels % 4, index % out_channels);
                let source = &output_gradient[(image * out_channels + channel) * 4 * plane..][..4 * plane];
                let (phase_y, phase_x) = (phase / 2, phase % 2);
                for (row, target) in target.chunks_exact_mut(in_width).enumerate() {
                    let y = 2 * row + phase_y;
                    let pairs = source[y * 2 * in_width..][..2 * in_width].as_chunks::<2>().0;
                    target.iter_mut().zip(pairs).for_each(|(value, pair)| *value = pair[phase_x]);
                }
            },
        );
        phases
    }

    /// Puts four phases together; the inverse of [`Self::split_phases`].
    pub(super) fn join_phases(&self, phases: &[f32], output: &mut [f32]) {
        let Self { in_height, in_width, out_channels, .. } = *self;
        let plane = in_height * in_width;
        output.par_chunks_exact_mut(4 * plane).with_min_len((1 << 13) / plane + 1).enumerate().for_each(
            |(index, target)| {
                let (image, channel) = (index / out_channels, index % out_channels);
                for (y, target) in target.chunks_exact_mut(2 * in_width).enumerate() {
                    let [left, right] = [0, 1].map(|phase_x| {
                        let phase = (image * 4 + y % 2 * 2 + phase_x) * out_channels + channel;
                        &phases[phase * plane + y / 2 * in_width..][..in_width]
                    });
                    for ((pair, left), right) in target.as_chunks_mut::<2>().0.iter_mut().zip(left).zip(right) {
                        *pair = [*left, *right];
                    }
                }
            },
        );
    }
}
