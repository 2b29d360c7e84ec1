//! The layers of a plan.

use std::ops::Range;

use portraitist_kernels::{
    Activation, Attention, FeatureMap, FeatureMapNormalization, FeatureMapShape, NormalizationScope, Padding, Pool,
    Precision, PreparedConvolution, PreparedUpsampling, ShapeError, attention_forward_to, global_mean, shortcut_sum,
};
use rayon::prelude::*;

use crate::graph::AdainRange;
use crate::ops::NORM_EPSILON;

/// What a layer computes.
#[derive(Debug)]
pub(super) enum Layer {
    Convolution(PreparedConvolution),
    Upsampling(PreparedUpsampling),
    /// Of channels that are queries, keys and values, so many each.
    Attention(PlannedAttention),
    /// Of feature maps.
    Pool(Pool),
    /// The mean over all pixels.
    GlobalMean,
    /// The sum with the second input, which is halved before or not.
    Shortcut {
        halved: bool,
    },
}

/// What one layer reads and writes.
pub(super) struct Call<'a> {
    pub(super) input: &'a FeatureMap,
    pub(super) residual: Option<&'a FeatureMap>,
    pub(super) output: &'a mut FeatureMap,
    /// For a layer that writes some of the output's channels, the first.
    pub(super) first_channel: Option<usize>,
    /// As many elements for each image as the layer asks for, which hold anything.
    pub(super) workspace: &'a mut [f32],
}

impl Layer {
    /// How its input must be padded.
    pub(super) fn padding(&self) -> (usize, Padding) {
        match self {
            Self::Convolution(convolution) => convolution.padding(),
            Self::Upsampling(upsampling) => upsampling.padding(),
            Self::Attention(..) | Self::Pool(_) | Self::Shortcut { .. } | Self::GlobalMean => (0, Padding::Zero),
        }
    }

    /// Elements that it works in, for each image of a shape.
    pub(super) fn workspace(&self, input: FeatureMapShape) -> usize {
        match self {
            Self::Attention(attention) => attention.channels_of_planes() * input.plane(),
            _ => 0,
        }
    }

    /// Computes the layer into `output`.
    pub(super) fn run(&self, call: Call<'_>) -> Result<(), ShapeError> {
        let Call { input, residual, output, first_channel, workspace } = call;
        match self {
            Self::Convolution(convolution) => match first_channel {
                Some(first_channel) => convolution.forward_channels(input, output, first_channel),
                None => convolution.forward(input, residual, output),
            },
            Self::Pool(pool) => pool.forward(input, output, first_channel.unwrap_or(0)),
            Self::GlobalMean => global_mean(input, output),
            Self::Upsampling(upsampling) => upsampling.forward(input, output),
            Self::Attention(attention) => attention.run(input, residual, output, workspace),
            Self::Shortcut { halved } => shortcut_sum(input, residual.unwrap_or(input), *halved, output),
        }
    }
}

/// Self-attention. It works on planes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedAttention {
    /// Channels of queries, keys and values.
    pub(super) channels: [usize; 3],
    pub(super) precision: Precision,
    /// Keys and values are means over squares with this side; 1 for all of them.
    pub(super) cell: usize,
}

impl PlannedAttention {
    /// Channels of queries, keys, values and what is made of these.
    fn channels_of_planes(&self) -> usize {
        let [queries, keys, values] = self.channels;
        queries + keys + 2 * values
    }

    /// Attends, and adds the residual.
    fn run(
        &self,
        input: &FeatureMap,
        residual: Option<&FeatureMap>,
        output: &mut FeatureMap,
        planes: &mut [f32],
    ) -> Result<(), ShapeError> {
        let [queries, keys, values] = self.channels;
        let positions = input.shape().plane();
        let batch = input.batch();
        let shape = Attention { batch, positions, key_channels: keys, value_channels: values };
        let part = |channels: usize| batch * channels * positions;
        let (query, rest) = planes.split_at_mut(part(queries));
        let (key, rest) = rest.split_at_mut(part(keys));
        let (value, attended) = rest.split_at_mut(part(values));
        input.write_channels(0..queries, query)?;
        input.write_channels(queries..queries + keys, key)?;
        input.write_channels(queries + keys..queries + keys + values, value)?;
        if self.cell == 1 {
            attention_forward_to(self.precision, &shape, positions, [query, key, value], attended)?;
        } else {
            let size = input.shape().size();
            let (key, value) = (cell_means(key, size, self.cell), cell_means(value, size, self.cell));
            let cells = size.iter().map(|side| side.div_ceil(self.cell)).product();
            attention_forward_to(self.precision, &shape, cells, [query, &key, &value], attended)?;
        }
        match residual {
            Some(residual) => output.fill_with_sum(attended, residual),
            None => output.fill(attended),
        }
    }
}

/// Means of planes `[height, width]` over squares; those at the right and bottom may be cut.
fn cell_means(planes: &[f32], [height, width]: [usize; 2], cell: usize) -> Vec<f32> {
    let rows = height.div_ceil(cell);
    let cell_row = |plane: &[f32], row: usize| -> Vec<f32> {
        let lines = &plane[row * cell * width..((row + 1) * cell).min(height) * width];
        let mean = |start: usize| {
            let end = (start + cell).min(width);
            let sum: f32 = lines.chunks_exact(width).map(|line| line[start..end].iter().sum::<f32>()).sum();
            sum / (lines.len() / width * (end - start)) as f32
        };
        (0..width).step_by(cell).map(mean).collect()
    };
    let planes = planes.par_chunks_exact(height * width);
    planes.flat_map_iter(|plane| (0..rows).flat_map(move |row| cell_row(plane, row))).collect()
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use portraitist_kernels::FeatureMapShape;

    use super::*;

    #[test]
    fn cells_at_the_border_are_means_of_what_is_there() {
        let planes: Vec<f32> = (0..30).map(|value| value as f32).collect();
        // Two planes of 3x5.
        let expected = [3.0, 5.0, 6.5, 10.5, 12.5, 14.0];
        let both: Vec<f32> = expected.iter().copied().chain(expected.iter().map(|value| value + 15.0)).collect();
        assert_eq!(cell_means(&planes, [3, 5], 2), both);
        assert_eq!(cell_means(&planes, [3, 5], 1), planes);
        assert_eq!(cell_means(&planes, [3, 5], 9), [7.0, 22.0]);
    }

    /// Where keys and values are the same over each whole square, it does not matter whether each is looked at or their mean.
    #[test]
    fn attention_to_means_of_equal_neighbours_is_attention_to_all() {
        let (channels, [height, width], batch) = ([8, 8, 16], [12, 20], 2);
        let [queries, keys, values] = channels;
        let number = |seed: usize| ((seed * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.5;
        let image = |index: usize| {
            let (channel, y, x) = (index / (height * width), index / width % height, index % width);
            // Channels of queries differ from pixel to pixel, those of keys and values from square to square.
            let is_query = channel % (queries + keys + values) < queries;
            let place = if is_query { y * width + x } else { y / 4 * width + x / 4 };
            number(channel * 4096 + place)
        };
        let total = queries + keys + values;
        let images: Vec<f32> = (0..batch * total * height * width).map(image).collect();
        let mut input = FeatureMap::new(FeatureMapShape::features(total, height, width, 0), batch).unwrap();
        input.fill(&images).unwrap();
        let attended = |cell: usize| {
            let mut output = FeatureMap::new(FeatureMapShape::features(values, height, width, 0), batch).unwrap();
            let attention = PlannedAttention { channels, precision: Precision::Standard, cell };
            let mut room = vec![0.0; batch * attention.channels_of_planes() * height * width];
            attention.run(&input, None, &mut output, &mut room).unwrap();
            let mut planes = vec![0.0; batch * values * height * width];
            output.write(&mut planes).unwrap();
            planes
        };
        let all = attended(1);
        assert!(all.iter().any(|value| value.abs() > 0.05), "there is something to see");
        for cell in [2, 4] {
            let pairs = all.iter().zip(attended(cell));
            let most = pairs.map(|(all, means)| (all - means).abs()).fold(0.0, f32::max);
            assert!(most < 1e-5, "squares of {cell}: {most}");
        }
    }
}
