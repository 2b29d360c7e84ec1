//! Enlargement by two followed by a 5x5 convolution, computed on the small map.
//!
//! Each output pixel of phase (y % 2, x % 2) sees a 3x3 window of the small map, with the 5x5 weights that fall onto the
//! same small pixel summed: four 3x3 convolutions with 9 products instead of 25, to which Winograd applies besides.
//! Continuing the small map by its edge gives what reflection of the large one gives, but for one tap at each edge: of
//! an output in the first row, the first row of weights sees large row -2, which reflects to small row 1 instead of 0.
//! A convolution of the difference of these two rows with that row of weights makes up for it; likewise at the other
//! three edges.

use crate::convolve::{forward_with, input_gradient_with};
use crate::isa::{Kernels, kernels};
use crate::scratch::{Scratch, Shared};
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

/// The 3x3 tap that each 5x5 tap falls onto, for outputs of each phase.
const SMALL_TAPS: [[usize; KERNEL]; 2] = [[0, 0, 1, 1, 2], [0, 1, 1, 2, 2]];

/// The small pixel at a position of the enlarged axis, continued by reflection or by its edge.
fn small_position(position: isize, size: usize, reflect: bool) -> usize {
    let last = 2 * size as isize - 1;
    let inside = if reflect { last - (last - position.abs()).abs() } else { position.clamp(0, last) };
    inside as usize / 2
}

/// An edge of the map, where reflection shows one tap another line (row or column) than continuation does.
#[derive(Debug)]
pub(crate) struct Edge {
    /// Left or right: lines are columns.
    pub(crate) vertical: bool,
    /// The row (or column) of weights that sees another line.
    tap: usize,
    /// The small line that it sees, and the one that continuation shows it.
    pub(crate) lines: [usize; 2],
    /// Small position along the line for each position of the padded enlarged line.
    pub(crate) along: Vec<usize>,
    /// Outputs along the line.
    pub(crate) outputs: usize,
    /// The line of outputs.
    pub(crate) output_line: usize,
}

impl Edge {
    fn new(conv: &UpsampledConv2d, vertical: bool, far: bool) -> Self {
        let sizes = [conv.in_height, conv.in_width];
        let [across, along] = if vertical { [sizes[1], sizes[0]] } else { sizes };
        let padding = PADDING as isize;
        Self {
            vertical,
            tap: if far { KERNEL - 1 } else { 0 },
            lines: if far { [across - 2, across - 1] } else { [1, 0] },
            // Rows are corrected first, as reflection has them; columns then see continued rows.
            along: (-padding..2 * along as isize + padding)
                .map(|position| small_position(position, along, !vertical))
                .collect(),
            outputs: 2 * along,
            output_line: if far { 2 * across - 1 } else { 0 },
        }
    }

    /// All four.
    pub(crate) fn all(conv: &UpsampledConv2d) -> [Self; 4] {
        [[false, false], [false, true], [true, false], [true, true]]
            .map(|[vertical, far]| Self::new(conv, vertical, far))
    }

    /// The convolution of the difference of both lines.
    pub(crate) fn conv(&self, conv: &UpsampledConv2d) -> Conv2d {
        Conv2d {
            batch: conv.batch,
            in_channels: conv.in_channels,
            in_height: 1,
            in_width: self.along.len(),
            out_channels: conv.out_channels,
            kernel: [1, KERNEL],
            stride: 1,
            padding: 0,
            mode: Padding::Zero,
        }
    }

    /// Where a tap along the line stands in a 5x5 kernel.
    fn kernel_index(&self, along: usize) -> usize {
        if self.vertical { along * KERNEL + self.tap } else { self.tap * KERNEL + along }
    }

    /// Where a small pixel of one of the lines stands in its plane.
    fn small_index(&self, line: usize, along: usize, width: usize) -> usize {
        if self.vertical { along * width + line } else { line * width + along }
    }

    /// Where an output of the line stands in its plane.
    fn output_index(&self, along: usize, width: usize) -> usize {
        if self.vertical { along * 2 * width + self.output_line } else { self.output_line * 2 * width + along }
    }

    /// The weights that see another line, `[out_channels, in_channels, 1, 5]`.
    pub(crate) fn weights(&self, weight: &[f32]) -> Scratch {
        let mut weights = Scratch::new(weight.len() / KERNEL);
        for (target, kernel) in weights.chunks_exact_mut(KERNEL).zip(weight.chunks_exact(AREA)) {
            for (along, value) in target.iter_mut().enumerate() {
                *value = kernel[self.kernel_index(along)];
            }
        }
        weights
    }

    /// The line that is seen less the one that continuation shows, `[batch, in_channels, 1, length]`.
    fn difference(&self, conv: &UpsampledConv2d, input: &[f32]) -> Scratch {
        let planes = conv.batch * conv.in_channels;
        let mut difference = Scratch::new(planes * self.along.len());
        let targets = difference.chunks_exact_mut(self.along.len());
        for (target, plane) in targets.zip(input.chunks_exact(conv.in_height * conv.in_width)) {
            for (value, along) in target.iter_mut().zip(&self.along) {
                let [seen, shown] = self.lines.map(|line| plane[self.small_index(line, *along, conv.in_width)]);
                *value = seen - shown;
            }
        }
        difference
    }

    /// The line of output gradients, `[batch, out_channels, 1, length]`.
    fn output_gradient(&self, conv: &UpsampledConv2d, output_gradient: &[f32]) -> Scratch {
        let mut line = Scratch::new(conv.batch * conv.out_channels * self.outputs);
        let planes = output_gradient.chunks_exact(4 * conv.in_height * conv.in_width);
        for (target, plane) in line.chunks_exact_mut(self.outputs).zip(planes) {
            for (along, value) in target.iter_mut().enumerate() {
                *value = plane[self.output_index(along, conv.in_width)];
            }
        }
        line
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

    pub(crate) fn check(&self, arguments: [(&'static str, Option<usize>); 4]) -> Result<(), ShapeError> {
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
            for (phase_y, rows) in SMALL_TAPS.iter().enumerate() {
                let mut lines = [[0.0; KERNEL]; 3];
                for (row, values) in rows.iter().zip(kernel.as_chunks::<KERNEL>().0) {
                    lines[*row].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                for (phase_x, columns) in SMALL_TAPS.iter().enumerate() {
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
                }
            },
        );
        phases
    }

    /// Puts four phases together; the inverse of [`Self::split_phases`].
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
        let phase_bias = bias.map(|bias| bias.repeat(4));
        let inside = || {
            let mut phases = Scratch::new(output.len());
            let weights = self.phase_weights(weight);
            forward_with(kernels, &self.phases(), input, &weights, phase_bias.as_deref(), &mut phases)?;
            self.join_phases(&phases, output);
            Ok(())
        };
        let ((), lines) = self.beside_edges(inside, |edge| {
            let mut line = Scratch::new(self.batch * self.out_channels * edge.outputs);
            let difference = edge.difference(self, input);
            forward_with(kernels, &edge.conv(self), &difference, &edge.weights(weight), None, &mut line)?;
            Ok(line)
        })?;
        for (edge, line) in lines {
            let planes = output.chunks_exact_mut(4 * self.in_height * self.in_width);
            for (target, values) in planes.zip(line.chunks_exact(edge.outputs)) {
                for (along, value) in values.iter().enumerate() {
                    target[edge.output_index(along, self.in_width)] += value;
                }
            }
        }
        Ok(())
    }

    /// Computes the phases and all edges at the same time: one edge alone has too few tasks for all threads.
    fn beside_edges<T: Send>(
        &self,
        inside: impl FnOnce() -> Result<T, ShapeError> + Send,
        at_edge: impl Fn(&Edge) -> Result<Scratch, ShapeError> + Sync,
    ) -> Result<(T, Vec<(Edge, Scratch)>), ShapeError> {
        let edges = || {
            let edges = Edge::all(self).into_par_iter();
            edges.map(|edge| at_edge(&edge).map(|values| (edge, values))).collect::<Result<Vec<_>, _>>()
        };
        let (inside, edges) = rayon::join(inside, edges);
        Ok((inside?, edges?))
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
        let inside = || {
            let phases = self.split_phases(output_gradient);
            input_gradient_with(kernels, &self.phases(), &self.phase_weights(weight), &phases, input_gradient)
        };
        let ((), lines) = self.beside_edges(inside, |edge| {
            let mut gradients = Scratch::new(self.batch * self.in_channels * edge.along.len());
            let line = edge.output_gradient(self, output_gradient);
            input_gradient_with(kernels, &edge.conv(self), &edge.weights(weight), &line, &mut gradients)?;
            Ok(gradients)
        })?;
        for (edge, gradients) in lines {
            let planes = input_gradient.chunks_exact_mut(self.in_height * self.in_width);
            for (target, gradients) in planes.zip(gradients.chunks_exact(edge.along.len())) {
                let [seen, shown] = edge.lines;
                for (gradient, along) in gradients.iter().zip(&edge.along) {
                    target[edge.small_index(seen, *along, self.in_width)] += gradient;
                    target[edge.small_index(shown, *along, self.in_width)] -= gradient;
                }
            }
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
        let pairs = self.out_channels * self.in_channels;
        let inside = || {
            let phases = self.split_phases(output_gradient);
            let mut summed = Scratch::new(4 * pairs * 9);
            weight_gradient_with(kernels, &self.phases(), input, &phases, &mut summed)?;
            Ok(summed)
        };
        let (summed, edges) = self.beside_edges(inside, |edge| {
            let (difference, line) = (edge.difference(self, input), edge.output_gradient(self, output_gradient));
            let mut gradient = Scratch::new(pairs * KERNEL);
            weight_gradient_with(kernels, &edge.conv(self), &difference, &line, &mut gradient)?;
            Ok(gradient)
        })?;
        weight_gradient.par_chunks_exact_mut(AREA).with_min_len(1 << 10).enumerate().for_each(|(pair, target)| {
            target.fill(0.0);
            for phase in 0..4 {
                let small = &summed[(phase * pairs + pair) * 9..][..9];
                let [rows, columns] = [SMALL_TAPS[phase / 2], SMALL_TAPS[phase % 2]];
                for (row, target) in rows.iter().zip(target.as_chunks_mut::<KERNEL>().0) {
                    for (value, column) in target.iter_mut().zip(columns) {
                        *value += small[row * 3 + column];
                    }
                }
            }
            for (edge, gradient) in &edges {
                for (along, value) in gradient[pair * KERNEL..][..KERNEL].iter().enumerate() {
                    target[edge.kernel_index(along)] += value;
                }
            }
        });
        Ok(())
    }
}

pub(crate) fn named([input, weight, bias, output]: [Option<usize>; 4]) -> [(&'static str, Option<usize>); 4] {
    [("input", input), ("weight", weight), ("bias", bias), ("output", output)]
}
