//! Enlargement by two followed by a 5x5 convolution, computed on the small map.
//!
//! Each output pixel of phase (y % 2, x % 2) sees a 3x3 window of the small map, with the 5x5 weights that fall onto the
//! same small pixel summed: four 3x3 convolutions with 9 products instead of 25, to which Winograd applies besides.
//! Continuing the small map by its edge gives what reflection of the large one gives, except for the outermost ring of
//! pixels, which is computed from strips of the large map with the real weights.

use crate::convolve::{forward_with, input_gradient_with};
use crate::isa::{Kernels, kernels};
use crate::scratch::Scratch;
use crate::shape::{Conv2d, Padding, ShapeError, check_length, elements};
use crate::weight_gradient::weight_gradient_with;
use rayon::prelude::*;

/// Side of the kernel.
const KERNEL: usize = 5;
/// Weights of a kernel.
const AREA: usize = KERNEL * KERNEL;
/// Rows and columns that are reflected on each side.
const PADDING: usize = 2;

/// Nearest-neighbour enlargement by two, then a 5x5 convolution with reflect padding 2 and stride 1.
///
/// # Shapes
/// - input and its gradient: `[batch, in_channels, in_height, in_width]`
/// - weight and its gradient: `[out_channels, in_channels, 5, 5]`
/// - bias: `[out_channels]`
/// - output and its gradient: `[batch, out_channels, 2 * in_height, 2 * in_width]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpsampledConv2d {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows of the input, before enlargement: at least 2.
    pub in_height: usize,
    /// Columns of the input, before enlargement: at least 2.
    pub in_width: usize,
    /// Channels of the output.
    pub out_channels: usize,
}

/// The 3x3 tap that a 5x5 tap falls onto, for outputs of a phase.
fn small_tap(phase: usize, tap: usize) -> usize {
    (tap + phase) / 2
}

/// The small pixel at a position of the enlarged and reflected axis.
fn small_position(position: isize, size: usize) -> usize {
    let last = 2 * size as isize - 1;
    ((last - (last - position.abs()).abs()) / 2) as usize
}

/// What one side of the ring sees, as an image of five rows: for the left and right side columns become rows.
struct Strip {
    /// Small row (left and right: column) of each of the five rows.
    rows: [usize; KERNEL],
    /// Small column (left and right: row) of each column.
    columns: Vec<usize>,
    /// Left or right.
    vertical: bool,
    /// For each output of the strip its place in the output plane.
    outputs: Vec<usize>,
}

impl Strip {
    fn small_index(&self, row: usize, column: usize, width: usize) -> usize {
        let (row, column) = (self.rows[row], self.columns[column]);
        if self.vertical { column * width + row } else { row * width + column }
    }
}

impl UpsampledConv2d {
    /// Convolves, adds `bias` and overwrites `output`.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero, the input is smaller than 2x2 or a slice has another length than its shape
    /// says; `output` is untouched then.
    pub fn forward(
        &self,
        input: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.forward_with(kernels(), input, weight, bias, output)
    }

    /// Overwrites `input_gradient` with the gradient of the loss with respect to the (small) input.
    ///
    /// # Errors
    /// As [`UpsampledConv2d::forward`]; `input_gradient` is untouched then.
    pub fn input_gradient(
        &self,
        weight: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.input_gradient_with(kernels(), weight, output_gradient, input_gradient)
    }

    /// Overwrites `weight_gradient` with the gradient of the loss with respect to the weight, summed over the images.
    /// The gradient of the bias is that of any convolution, [`crate::bias_gradient`].
    ///
    /// # Errors
    /// As [`UpsampledConv2d::forward`]; `weight_gradient` is untouched then.
    pub fn weight_gradient(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.weight_gradient_with(kernels(), input, output_gradient, weight_gradient)
    }

    fn check(&self, arguments: [(&'static str, Option<usize>); 4]) -> Result<(), ShapeError> {
        let Self { batch, in_channels, in_height, in_width, out_channels } = *self;
        self.phases().output_size()?;
        if in_height < 2 || in_width < 2 {
            return Err(ShapeError::ReflectTooWide {
                padding: PADDING,
                input: [in_height, in_width].map(|size| 2 * size),
            });
        }
        let shapes = [
            [batch, in_channels, in_height, in_width],
            [out_channels, in_channels, KERNEL, KERNEL],
            [out_channels, 1, 1, 1],
            [batch, out_channels, in_height.saturating_mul(2), in_width.saturating_mul(2)],
        ];
        for ((argument, found), shape) in arguments.into_iter().zip(shapes) {
            let expected = elements(shape)?;
            found.map_or(Ok(()), |found| check_length(argument, expected, found))?;
        }
        Ok(())
    }

    /// All four phases as one convolution of the small map, output channels `[phase y, phase x, out_channels]`.
    fn phases(&self) -> Conv2d {
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

    /// Two opposite sides of the ring: top and bottom whole, left and right without the corners.
    fn strips(&self, vertical: bool) -> [Strip; 2] {
        let [height, width] = [2 * self.in_height, 2 * self.in_width];
        // Along: the direction of the strip; across: from row to row of it.
        let (across, along, first, count) = if vertical {
            (self.in_width, self.in_height, 1, height - 2)
        } else {
            (self.in_height, self.in_width, 0, width)
        };
        [0, 2 * across - 1].map(|edge| Strip {
            rows: std::array::from_fn(|row| small_position((edge + row) as isize - PADDING as isize, across)),
            columns: (0..count + KERNEL - 1)
                .map(|column| small_position((first + column) as isize - PADDING as isize, along))
                .collect(),
            vertical,
            outputs: (first..first + count)
                .map(|output| if vertical { output * width + edge } else { edge * width + output })
                .collect(),
        })
    }

    /// The convolution of two strips of each image, `[side, batch]` being its batch.
    fn strip_conv(&self, strips: &[Strip; 2]) -> Conv2d {
        Conv2d {
            batch: 2 * self.batch,
            in_channels: self.in_channels,
            in_height: KERNEL,
            in_width: strips[0].columns.len(),
            out_channels: self.out_channels,
            kernel: [KERNEL, KERNEL],
            stride: 1,
            padding: 0,
            mode: Padding::Zero,
        }
    }

    /// Strips of the enlarged input, `[side, batch, in_channels, 5, length]`.
    fn gather_strips(&self, strips: &[Strip; 2], input: &[f32]) -> Scratch {
        let plane = self.in_height * self.in_width;
        let length = strips[0].columns.len();
        let planes = self.batch * self.in_channels;
        let mut gathered = Scratch::new(2 * planes * KERNEL * length);
        gathered.par_chunks_exact_mut(KERNEL * length).with_min_len(8).enumerate().for_each(|(index, target)| {
            let source = &input[index % planes * plane..][..plane];
            let strip = &strips[index / planes];
            for (row, target) in target.chunks_exact_mut(length).enumerate() {
                for (column, value) in target.iter_mut().enumerate() {
                    *value = source[strip.small_index(row, column, self.in_width)];
                }
            }
        });
        gathered
    }

    /// Outputs of the strips, `[side, batch, out_channels, length]`, from output planes.
    fn gather_ring(&self, strips: &[Strip; 2], output: &[f32]) -> Scratch {
        let plane = 4 * self.in_height * self.in_width;
        let length = strips[0].outputs.len();
        let mut gathered = Scratch::new(2 * self.batch * self.out_channels * length);
        for (strip, targets) in strips.iter().zip(gathered.chunks_exact_mut(self.batch * self.out_channels * length)) {
            for (target, source) in targets.chunks_exact_mut(length).zip(output.chunks_exact(plane)) {
                target.iter_mut().zip(&strip.outputs).for_each(|(value, output)| *value = source[*output]);
            }
        }
        gathered
    }

    /// Weights of the four phases, `[phase y, phase x, out_channels, in_channels, 3, 3]`.
    fn phase_weights(&self, weight: &[f32]) -> Scratch {
        let mut summed = Scratch::new(4 * self.out_channels * self.in_channels * 9);
        let pairs = self.out_channels * self.in_channels;
        summed.par_chunks_exact_mut(9).with_min_len(1 << 10).enumerate().for_each(|(index, target)| {
            let (phase_y, phase_x) = (index / pairs / 2, index / pairs % 2);
            let weight = &weight[index % pairs * AREA..][..AREA];
            target.fill(0.0);
            for (tap, value) in weight.iter().enumerate() {
                target[small_tap(phase_y, tap / KERNEL) * 3 + small_tap(phase_x, tap % KERNEL)] += value;
            }
        });
        summed
    }

    /// The four phases of an output gradient, with zeros in the ring.
    fn split_phases(&self, output_gradient: &[f32]) -> Scratch {
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
                    target[if phase_x == 0 { 0 } else { in_width - 1 }] = 0.0;
                    if y == 0 || y == 2 * in_height - 1 {
                        target.fill(0.0);
                    }
                }
            },
        );
        phases
    }

    /// Puts four phases together; the inverse of [`Self::split_phases`] but for the ring.
    fn join_phases(&self, phases: &[f32], output: &mut [f32]) {
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

    pub(crate) fn forward_with(
        &self,
        kernels: &Kernels,
        input: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) -> Result<(), ShapeError> {
        let lengths = [Some(input.len()), Some(weight.len()), bias.map(<[f32]>::len), Some(output.len())];
        self.check(named(lengths))?;
        if self.batch == 0 {
            return Ok(());
        }
        let mut phases = Scratch::new(output.len());
        let phase_bias = bias.map(|bias| bias.repeat(4));
        forward_with(kernels, &self.phases(), input, &self.phase_weights(weight), phase_bias.as_deref(), &mut phases)?;
        self.join_phases(&phases, output);
        drop(phases);
        let exchanged = exchanged(weight);
        for vertical in [false, true] {
            let strips = self.strips(vertical);
            let weight = if vertical { &exchanged } else { weight };
            let length = strips[0].outputs.len();
            let mut ring = Scratch::new(2 * self.batch * self.out_channels * length);
            let gathered = self.gather_strips(&strips, input);
            forward_with(kernels, &self.strip_conv(&strips), &gathered, weight, bias, &mut ring)?;
            for (strip, ring) in strips.iter().zip(ring.chunks_exact(self.batch * self.out_channels * length)) {
                let planes = output.chunks_exact_mut(4 * self.in_height * self.in_width);
                for (target, values) in planes.zip(ring.chunks_exact(length)) {
                    strip.outputs.iter().zip(values).for_each(|(output, value)| target[*output] = *value);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn input_gradient_with(
        &self,
        kernels: &Kernels,
        weight: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.check(named([Some(input_gradient.len()), Some(weight.len()), None, Some(output_gradient.len())]))?;
        if self.batch == 0 {
            return Ok(());
        }
        let phases = self.split_phases(output_gradient);
        input_gradient_with(kernels, &self.phases(), &self.phase_weights(weight), &phases, input_gradient)?;
        drop(phases);
        let plane = self.in_height * self.in_width;
        let planes = self.batch * self.in_channels;
        let exchanged = exchanged(weight);
        for vertical in [false, true] {
            let strips = self.strips(vertical);
            let weight = if vertical { &exchanged } else { weight };
            let ring = self.gather_ring(&strips, output_gradient);
            let length = strips[0].columns.len();
            let mut gradients = Scratch::new(2 * planes * KERNEL * length);
            let conv = self.strip_conv(&strips);
            input_gradient_with(kernels, &conv, weight, &ring, &mut gradients)?;
            input_gradient.par_chunks_exact_mut(plane).with_min_len(8).enumerate().for_each(|(index, target)| {
                for (side, strip) in strips.iter().enumerate() {
                    let gradients = &gradients[(side * planes + index) * KERNEL * length..][..KERNEL * length];
                    for (position, gradient) in gradients.iter().enumerate() {
                        target[strip.small_index(position / length, position % length, self.in_width)] += gradient;
                    }
                }
            });
        }
        Ok(())
    }

    pub(crate) fn weight_gradient_with(
        &self,
        kernels: &Kernels,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.check(named([Some(input.len()), Some(weight_gradient.len()), None, Some(output_gradient.len())]))?;
        if self.batch == 0 {
            weight_gradient.fill(0.0);
            return Ok(());
        }
        let phases = self.split_phases(output_gradient);
        let pairs = self.out_channels * self.in_channels;
        let mut summed = Scratch::new(4 * pairs * 9);
        weight_gradient_with(kernels, &self.phases(), input, &phases, &mut summed)?;
        drop(phases);
        let [horizontal, vertical] = [false, true].map(|vertical| {
            let strips = self.strips(vertical);
            let (gathered, ring) = (self.gather_strips(&strips, input), self.gather_ring(&strips, output_gradient));
            let mut gradient = Scratch::new(weight_gradient.len());
            let done = weight_gradient_with(kernels, &self.strip_conv(&strips), &gathered, &ring, &mut gradient);
            done.map(|()| gradient)
        });
        let (horizontal, vertical) = (horizontal?, vertical?);
        weight_gradient.par_chunks_exact_mut(AREA).with_min_len(1 << 10).enumerate().for_each(|(pair, target)| {
            for (tap, value) in target.iter_mut().enumerate() {
                let (y, x) = (tap / KERNEL, tap % KERNEL);
                let phases = (0..4).map(|phase| {
                    let small = small_tap(phase / 2, y) * 3 + small_tap(phase % 2, x);
                    summed[(phase * pairs + pair) * 9 + small]
                });
                *value = phases.sum::<f32>() + horizontal[pair * AREA + tap] + vertical[pair * AREA + x * KERNEL + y];
            }
        });
        Ok(())
    }
}

fn named([input, weight, bias, output]: [Option<usize>; 4]) -> [(&'static str, Option<usize>); 4] {
    [("input", input), ("weight", weight), ("bias", bias), ("output", output)]
}

/// Weights with rows and columns exchanged, for vertical strips.
fn exchanged(weight: &[f32]) -> Scratch {
    let mut exchanged = Scratch::new(weight.len());
    let kernels = exchanged.par_chunks_exact_mut(AREA).zip(weight.par_chunks_exact(AREA));
    kernels.with_min_len(1 << 10).for_each(|(target, kernel)| {
        for (tap, value) in target.iter_mut().enumerate() {
            *value = kernel[tap % KERNEL * KERNEL + tap / KERNEL];
        }
    });
    exchanged
}
