//! What reflect padding changes at the edges of an upsampled input.

use super::shape::{AREA, KERNEL, PADDING, UpsampledConv2d};
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;
use crate::memory::scratch::Scratch;

/// The input coordinate at a coordinate of the upsampled axis, padded by reflection or by its edge.
fn input_position(position: isize, size: usize, reflect: bool) -> usize {
    let last = 2 * size as isize - 1;
    let inside = if reflect { last - (last - position.abs()).abs() } else { position.clamp(0, last) };
    inside as usize / 2
}

/// An edge of the input, where reflect padding shows one tap another line (row or column) than replicate padding does.
#[derive(Debug)]
pub(crate) struct Edge {
    /// Left or right: lines are columns.
    pub(crate) vertical: bool,
    /// The row (or column) of weights that sees another line.
    tap: usize,
    /// The line of the input that it sees, and the one that replicate padding shows it.
    pub(crate) lines: [usize; 2],
    /// Input position along the line for each position of the padded upsampled line.
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
            // Rows are corrected first, as reflection has them; columns then see replicated rows.
            along: (-padding..2 * along as isize + padding)
                .map(|position| input_position(position, along, !vertical))
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
    pub(super) fn kernel_index(&self, along: usize) -> usize {
        if self.vertical { along * KERNEL + self.tap } else { self.tap * KERNEL + along }
    }

    /// Where an input pixel of one of the lines stands in its plane.
    pub(super) fn input_index(&self, line: usize, along: usize, width: usize) -> usize {
        if self.vertical { along * width + line } else { line * width + along }
    }

    /// Where an output of the line stands in its plane.
    pub(super) fn output_index(&self, along: usize, width: usize) -> usize {
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

    /// The line that is seen less the one that replicate padding shows, `[batch, in_channels, 1, length]`.
    pub(super) fn difference(&self, conv: &UpsampledConv2d, input: &[f32]) -> Scratch {
        let planes = conv.batch * conv.in_channels;
        let mut difference = Scratch::new(planes * self.along.len());
        let targets = difference.chunks_exact_mut(self.along.len());
        for (target, plane) in targets.zip(input.chunks_exact(conv.in_height * conv.in_width)) {
            for (value, along) in target.iter_mut().zip(&self.along) {
                let [seen, shown] = self.lines.map(|line| plane[self.input_index(line, *along, conv.in_width)]);
                *value = seen - shown;
            }
        }
        difference
    }

    /// The line of output gradients, `[batch, out_channels, 1, length]`.
    pub(super) fn output_gradient(&self, conv: &UpsampledConv2d, output_gradient: &[f32]) -> Scratch {
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
