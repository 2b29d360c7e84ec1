//! Nearest-neighbour upsampling by two followed by a 5x5 convolution, computed at the resolution of the input.
//!
//! Each output pixel of phase (y % 2, x % 2) sees a 3x3 window of the input. The 5x5 weights that fall onto the same
//! input pixel are summed: four 3x3 convolutions with 9 multiplications instead of 25, to which Winograd applies besides.
//!
//! Replicate padding of the input gives what reflect padding of the upsampled input gives, but for one tap at each edge.
//! Of an output in the first row, the first row of weights sees row -2 of the upsampled input, which reflects to row 1 of
//! the input instead of 0. A convolution of the difference of these two rows with that row of weights makes up for it;
//! likewise at the other three edges (`edges.rs`).

use super::edges::Edge;
use super::phases::PHASE_TAPS;
use super::shape::{AREA, KERNEL, UpsampledConv2d, named};
use crate::convolution::forward::forward_with;
use crate::convolution::input_gradient::input_gradient_with;
use crate::convolution::weight_gradient::weight_gradient_with;
use crate::error::ShapeError;
use crate::memory::scratch::Scratch;
use crate::simd::dispatch::{Kernels, kernels};
use rayon::prelude::*;

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

    /// Overwrites `input_gradient` with the gradient of the loss with respect to the input, which is not upsampled.
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
                    target[edge.input_index(seen, *along, self.in_width)] += gradient;
                    target[edge.input_index(shown, *along, self.in_width)] -= gradient;
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
                let [rows, columns] = [PHASE_TAPS[phase / 2], PHASE_TAPS[phase % 2]];
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
