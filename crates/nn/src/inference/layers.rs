//! The layers of a plan.

use std::ops::Range;

use portraitist_kernels::{
    Activation, Attention, FeatureMap, FeatureMapNormalization, NormalizationScope, Padding, Pool, PreparedConvolution,
    PreparedFewOutputs, PreparedUpsampling, ShapeError, attention_forward, global_mean,
};

use crate::graph::AdainRange;
use crate::ops::NORM_EPSILON;

/// What a layer computes.
#[derive(Debug)]
pub(super) enum Layer {
    Convolution(PreparedConvolution),
    Upsampling(PreparedUpsampling),
    /// Of channels that are queries, keys and values, so many each.
    Attention([usize; 3]),
    /// Of feature maps.
    Pool(Pool),
    /// The mean over all pixels.
    GlobalMean,
    /// The output convolution, which writes the images that the plan returns; its feature map holds intermediate sums.
    FewOutputs(PreparedFewOutputs),
}

/// What one layer reads and writes.
pub(super) struct Call<'a> {
    pub(super) input: &'a FeatureMap,
    pub(super) residual: Option<&'a FeatureMap>,
    pub(super) output: &'a mut FeatureMap,
    /// For a layer that writes some of the output's channels, the first.
    pub(super) first_channel: Option<usize>,
    /// Memory that is kept from layer to layer.
    pub(super) planes: &'a mut Vec<f32>,
    /// What the plan returns.
    pub(super) images: &'a mut [f32],
}

impl Layer {
    /// How its input must be padded.
    pub(super) fn padding(&self) -> (usize, Padding) {
        match self {
            Self::Convolution(convolution) => convolution.padding(),
            Self::Upsampling(upsampling) => upsampling.padding(),
            Self::Attention(_) | Self::Pool(_) | Self::GlobalMean => (0, Padding::Zero),
            Self::FewOutputs(convolution) => convolution.padding(),
        }
    }

    /// Values per output image, for a layer that writes images; `None` for the others.
    pub(super) fn images_len(&self) -> Option<usize> {
        match self {
            Self::FewOutputs(convolution) => {
                Some(convolution.out_channels() * convolution.out_size().iter().product::<usize>())
            }
            _ => None,
        }
    }

    /// Computes the layer into `output`, or into `images`.
    pub(super) fn run(&self, call: Call<'_>) -> Result<(), ShapeError> {
        let Call { input, residual, output, first_channel, planes, images } = call;
        match self {
            Self::Convolution(convolution) => match first_channel {
                Some(first_channel) => convolution.forward_channels(input, output, first_channel),
                None => convolution.forward(input, residual, output),
            },
            Self::Pool(pool) => pool.forward(input, output, first_channel.unwrap_or(0)),
            Self::GlobalMean => global_mean(input, output),
            Self::Upsampling(upsampling) => upsampling.forward(input, output),
            Self::Attention(channels) => attend(*channels, input, residual, output, planes),
            Self::FewOutputs(convolution) => convolution.forward(input, output, images),
        }
    }
}

/// Self-attention, added to the residual. It works on planes.
fn attend(
    [queries, keys, values]: [usize; 3],
    input: &FeatureMap,
    residual: Option<&FeatureMap>,
    output: &mut FeatureMap,
    planes: &mut Vec<f32>,
) -> Result<(), ShapeError> {
    let positions = input.shape().plane();
    let batch = input.batch();
    let shape = Attention { batch, positions, key_channels: keys, value_channels: values };
    let part = |channels: usize| batch * channels * positions;
    planes.resize(part(queries + keys + 2 * values + 1), 0.0);
    let (query, rest) = planes.split_at_mut(part(queries));
    let (key, rest) = rest.split_at_mut(part(keys));
    let (value, rest) = rest.split_at_mut(part(values));
    let (attended, log_sum_exp) = rest.split_at_mut(part(values));
    input.write_channels(0..queries, query)?;
    input.write_channels(queries..queries + keys, key)?;
    input.write_channels(queries + keys..queries + keys + values, value)?;
    attention_forward(&shape, [query, key, value], attended, log_sum_exp)?;
    match residual {
        Some(residual) => output.fill_with_sum(attended, residual),
        None => output.fill(attended),
    }
}

/// A normalisation of a plan, with the activation that follows.
#[derive(Clone, Debug)]
pub(super) struct PlannedNormalization {
    /// What shares mean and deviation.
    pub(super) scope: NormalizationScope,
    /// Scale and shift.
    pub(super) affine: Affine,
    /// What follows.
    pub(super) activation: Activation,
}

/// Scales and shifts of a normalisation.
#[derive(Clone, Debug)]
pub(super) enum Affine {
    /// 1 and 0.
    None,
    /// Trained ones, per channel.
    Fixed { scale: Vec<f32>, shift: Vec<f32> },
    /// Given with each picture.
    Adain(AdainRange),
}

impl PlannedNormalization {
    /// Normalises a feature map; `adain` has the AdaIN parameters of each picture.
    pub(super) fn apply(
        &self,
        map: &mut FeatureMap,
        residual: Option<&FeatureMap>,
        adain: &[f32],
    ) -> Result<(), ShapeError> {
        let per_picture = adain.len() / map.batch().max(1);
        let gather = |part: &Range<usize>| -> Vec<f32> {
            adain.chunks_exact(per_picture).flat_map(|parameters| &parameters[part.clone()]).copied().collect()
        };
        let gathered;
        let affine = match &self.affine {
            Affine::None => None,
            Affine::Fixed { scale, shift } => Some((&scale[..], &shift[..])),
            Affine::Adain(AdainRange { shift, scale }) => {
                gathered = [gather(scale), gather(shift)];
                Some((&gathered[0][..], &gathered[1][..]))
            }
        };
        let Self { scope, activation, .. } = *self;
        FeatureMapNormalization { scope, epsilon: NORM_EPSILON, affine, activation }.apply(map, residual)
    }
}
