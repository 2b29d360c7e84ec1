//! Upsampling by two followed by a 5x5 convolution, with constant weights: see `upsampling/convolution.rs`.

use super::convolution::{OutputActivation, PreparedConvolution};
use crate::algorithm::{self, Algorithm, Precision};
use crate::channels_last::convolution::Placement;
use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::shape::FeatureMapShape;
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;

use crate::error::{ShapeError, check_length};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::{Kernels, kernels};
use crate::upsampling::edges::Edge;
use crate::upsampling::shape::{UpsampledConv2d, named};
use rayon::prelude::*;

/// Phases of an upsampled image.
const PHASES: usize = 4;

/// An [`UpsampledConv2d`] with constant weights, prepared for images of one size.
#[derive(Debug)]
pub struct PreparedUpsampling {
    input: FeatureMapShape,
    out_channels: usize,
    /// To the channels of each phase, filled up to whole registers: by Winograd's algorithm all phases as one
    /// convolution, which transforms inputs once, by the direct one each for itself.
    phases: Vec<PreparedConvolution>,
    edges: Vec<(Edge, PreparedConvolution)>,
}

impl PreparedUpsampling {
    /// Prepares `weight` (`[out, in, 5, 5]`) and `bias` (`[out]`). The halo of inputs must hold one row and column of
    /// [`Padding::Replicate`].
    ///
    /// # Errors
    /// [`ShapeError`] if the input is smaller than 2x2 or has no halo, or a slice has another length.
    pub fn new(input: FeatureMapShape, weight: &[f32], bias: &[f32], precision: Precision) -> Result<Self, ShapeError> {
        Self::with(kernels(), precision, input, weight, bias)
    }

    /// As [`PreparedUpsampling::new`], for a chosen instruction set.
    pub(crate) fn with(
        kernels: &'static Kernels,
        precision: Precision,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Self, ShapeError> {
        let out_channels = bias.len();
        let conv = UpsampledConv2d {
            batch: 1,
            in_channels: input.channels,
            in_height: input.height,
            in_width: input.width,
            out_channels,
        };
        conv.check(named([None, Some(weight.len()), Some(bias.len()), None]))?;
        let width = FeatureMapShape::features(out_channels, 1, 1, 0).pitch;
        let phase_weights = conv.phase_weights(weight);
        let phase_weights = filled_up(&phase_weights, out_channels, width, input.channels * 9);
        let phase_bias = filled_up(&bias.repeat(PHASES), out_channels, width, 1);
        let algorithm = algorithm::of_upsampling_phases(kernels, precision);
        let count = if algorithm.filter().is_none() { PHASES } else { 1 };
        let shape = Conv2d { out_channels: PHASES / count * width, ..conv.phases() };
        let none = OutputActivation::None;
        let weights = phase_weights.chunks_exact(phase_weights.len() / count);
        let parts = weights.zip(phase_bias.chunks_exact(phase_bias.len() / count));
        let phase = |(weight, bias): (&[f32], &[f32])| {
            PreparedConvolution::with(kernels, algorithm, &shape, input, weight, bias, none)
        };
        let phases = parts.map(phase).collect::<Result<_, _>>()?;
        let no_bias = vec![0.0; out_channels];
        let edge = |edge: Edge| {
            let conv = edge.conv(&conv);
            let line = FeatureMapShape::features(input.channels, 1, edge.along.len(), 0);
            let (weights, direct) = (edge.weights(weight), Algorithm::Direct);
            let prepared = PreparedConvolution::with(kernels, direct, &conv, line, &weights, &no_bias, none)?;
            Ok((edge, prepared))
        };
        let edges = Edge::all(&conv).into_iter().map(edge).collect::<Result<_, _>>()?;
        Ok(Self { input, out_channels, phases, edges })
    }

    /// The padding that the halo of inputs must hold: see [`FeatureMap::pad`].
    pub fn padding(&self) -> (usize, Padding) {
        (1, Padding::Replicate)
    }

    /// The shape of the outputs, with a halo for the layers that read them.
    pub fn output(&self, halo: usize) -> FeatureMapShape {
        FeatureMapShape::features(self.out_channels, 2 * self.input.height, 2 * self.input.width, halo)
    }

    /// Upsamples and convolves `input`, and overwrites `output`.
    ///
    /// # Errors
    /// [`ShapeError`] if a feature map has another shape or number of images than the other asks for, or the input is
    /// not padded; `output` is untouched then.
    pub fn forward(&self, input: &FeatureMap, output: &mut FeatureMap) -> Result<(), ShapeError> {
        let shape = output.shape();
        input.check_shape(self.input)?;
        output.check_shape(self.output(shape.halo))?;
        check_length("output images", input.batch(), output.batch())?;
        let (padding, mode) = self.padding();
        if !input.is_padded(padding, mode) {
            return Err(ShapeError::NotPadded { padding, mode });
        }
        let batch = input.batch();
        let values = output.overwrite(shape.pitch);
        let target = Shared::new(values);
        let placement = Placement { target: shape, scale: 2, channels: shape.pitch, first_channel: 0 };
        let inside = || {
            for (phase, convolution) in self.phases.iter().enumerate() {
                let first = placement.offset(0, [0, 0], phase * shape.pitch) - placement.offset(0, [0, 0], 0);
                convolution.run(batch, input.values(), None, placement, target.from(first));
            }
        };
        // One edge alone has too few tasks for all threads.
        let edges = || self.edges.par_iter().map(|(edge, prepared)| (edge, self.line(edge, prepared, input))).collect();
        let ((), lines): ((), Vec<(&Edge, Scratch)>) = rayon::join(inside, edges);
        for (edge, line) in lines {
            let lines = FeatureMapShape::features(self.out_channels, 1, edge.outputs, 0);
            for (image, line) in line.chunks_exact(lines.image_stride()).enumerate() {
                for (along, sums) in line.chunks_exact(shape.pitch).take(edge.outputs).enumerate() {
                    let pixel = if edge.vertical { [along, edge.output_line] } else { [edge.output_line, along] };
                    let outputs = &mut values[shape.offset(image, pixel, 0)..][..shape.pitch];
                    outputs.iter_mut().zip(sums).for_each(|(output, sum)| *output += sum);
                }
            }
        }
        Ok(())
    }

    /// What an edge's outputs lack.
    fn line(&self, edge: &Edge, prepared: &PreparedConvolution, input: &FeatureMap) -> Scratch {
        let (shape, batch) = (prepared.input_shape(), input.batch());
        let pixel = |image: usize, line: usize, along: usize| {
            let position = if edge.vertical { [along, line] } else { [line, along] };
            &input.values()[self.input.offset(image, position, 0)..][..shape.pitch]
        };
        let mut difference = Scratch::new(batch * shape.image_stride());
        for (image, target) in difference.chunks_exact_mut(shape.image_stride()).enumerate() {
            for (target, along) in target.chunks_exact_mut(shape.pitch).zip(&edge.along) {
                let [seen, shown] = edge.lines.map(|line| pixel(image, line, *along));
                for ((value, seen), shown) in target.iter_mut().zip(seen).zip(shown) {
                    *value = seen - shown;
                }
            }
        }
        let output = prepared.output(0);
        let mut line = Scratch::new(batch * output.image_stride());
        let target = Shared::new(&mut line);
        prepared.run(batch, &difference, None, Placement::whole(output), target);
        line
    }
}

/// Values of the channels of each phase, with zeros behind each phase's up to `width` channels.
fn filled_up(values: &[f32], channels: usize, width: usize, per_channel: usize) -> Vec<f32> {
    let mut filled = vec![0.0; PHASES * width * per_channel];
    for (target, values) in
        filled.chunks_exact_mut(width * per_channel).zip(values.chunks_exact(channels * per_channel))
    {
        target[..values.len()].copy_from_slice(values);
    }
    filled
}
