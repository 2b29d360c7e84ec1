//! The gradients of attention. Probabilities are recomputed from the logarithms of the sums of exponentials.
//!
//! Tasks own segments of keys, so each sums the gradients of its keys and values over all queries by itself, in a fixed
//! order. What a segment adds to the gradient of the queries is kept apart, and summed in the order of the segments.

use super::blocks::{BlockGemm, Groups, PackedChannels, PackedPositions, TILE};
use super::forward::Attention;
use crate::error::ShapeError;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::{Kernels, kernels};
use crate::simd::outer_product::{MAX_OUTER_ROWS, OuterProduct};
use rayon::prelude::*;
use std::ops::Range;

/// Keys that a task takes at a time.
const KEYS: usize = 96;
/// Segments of keys at most. Fixed, so that results do not depend on the number of threads.
const SEGMENTS: usize = 16;
/// Positions whose inner products a task computes.
const INNER: usize = 512;

/// Overwrites the gradients of query, key and value.
///
/// # Shapes
/// See [`Attention`]; `output` and `log_sum_exp` are what [`attention_forward`](crate::attention_forward) made of
/// `query`, `key` and `value`.
///
/// # Errors
/// [`ShapeError`] if a slice has another length or a size other than the batch is zero; nothing is written then.
pub fn attention_gradient(
    shape: &Attention,
    operands: [&[f32]; 3],
    output: &[f32],
    log_sum_exp: &[f32],
    output_gradient: &[f32],
    gradients: [&mut [f32]; 3],
) -> Result<(), ShapeError> {
    attention_gradient_with(kernels(), shape, operands, output, log_sum_exp, output_gradient, gradients)
}

/// As [`attention_gradient`].
pub(crate) fn attention_gradient_with(
    kernels: &Kernels,
    shape: &Attention,
    [query, key, value]: [&[f32]; 3],
    output: &[f32],
    log_sum_exp: &[f32],
    output_gradient: &[f32],
    [query_gradient, key_gradient, value_gradient]: [&mut [f32]; 3],
) -> Result<(), ShapeError> {
    shape.check(
        &[
            ("query", query.len()),
            ("key", key.len()),
            ("query_gradient", query_gradient.len()),
            ("key_gradient", key_gradient.len()),
        ],
        &[
            ("value", value.len()),
            ("output", output.len()),
            ("output_gradient", output_gradient.len()),
            ("value_gradient", value_gradient.len()),
        ],
        &[("log_sum_exp", log_sum_exp.len())],
    )?;
    let Attention { batch, positions, key_channels, value_channels } = *shape;
    let blocks = positions.div_ceil(KEYS);
    let segment = blocks.div_ceil(SEGMENTS) * KEYS;
    let segments = positions.div_ceil(segment);
    let padded_channels = key_channels.next_multiple_of(kernels.lanes);
    let part = positions * padded_channels;
    let mut query_parts = Scratch::new(batch * segments * part);
    let backward = Backward {
        kernels,
        shape,
        key,
        value,
        queries: PackedPositions::new(kernels, query, key_channels, positions),
        query_channels: PackedChannels::new(kernels, query, key_channels, positions),
        outputs: PackedPositions::new(kernels, output_gradient, value_channels, positions),
        output_channels: PackedChannels::new(kernels, output_gradient, value_channels, positions),
        minus_logarithms: log_sum_exp.iter().map(|value| -value).collect(),
        minus_means: minus_means(shape, output, output_gradient),
        padded_channels,
        key_gradient: Shared::new(key_gradient),
        value_gradient: Shared::new(value_gradient),
    };
    query_parts.par_chunks_exact_mut(part).with_max_len(1).enumerate().for_each(|(task, query_part)| {
        let first = task % segments * segment;
        query_part.fill(0.0);
        for start in (first..(first + segment).min(positions)).step_by(KEYS) {
            let end = (start + KEYS).min(first + segment).min(positions);
            backward.run(task / segments, start..end, query_part);
        }
    });
    let images = query_gradient.chunks_exact_mut(key_channels * positions);
    for (gradient, parts) in images.zip(query_parts.chunks_exact(segments * part)) {
        sum_query_parts(kernels, parts, [segments, positions, padded_channels], gradient);
    }
    Ok(())
}

/// Sums `[segment][position][channel]` over the segments, in their order, to `[channel][position]`.
fn sum_query_parts(
    kernels: &Kernels,
    parts: &[f32],
    [segments, positions, padded_channels]: [usize; 3],
    gradient: &mut [f32],
) {
    gradient.par_chunks_mut(positions * kernels.lanes).enumerate().for_each(|(block, target)| {
        let sums = &parts[block * kernels.lanes..];
        let part = positions * padded_channels;
        kernels.sum_transposed(sums, [segments, part], [positions, padded_channels], target);
    });
}

/// For each position the negative inner product of output and output gradient, which is the mean of the gradients of
/// its probabilities.
fn minus_means(shape: &Attention, output: &[f32], output_gradient: &[f32]) -> Vec<f32> {
    let Attention { batch, positions, value_channels, .. } = *shape;
    let mut means = vec![0.0; batch * positions];
    for (image, means) in means.chunks_exact_mut(positions).enumerate() {
        let start = image * value_channels * positions;
        means.par_chunks_mut(INNER).enumerate().for_each(|(chunk, means)| {
            for channel in 0..value_channels {
                let first = start + channel * positions + chunk * INNER;
                let products = output[first..].iter().zip(&output_gradient[first..]).map(|(left, right)| left * right);
                means.iter_mut().zip(products).for_each(|(mean, product)| *mean -= product);
            }
        });
    }
    means
}

/// What the tasks share.
struct Backward<'a> {
    kernels: &'a Kernels,
    shape: &'a Attention,
    key: &'a [f32],
    value: &'a [f32],
    queries: PackedPositions,
    query_channels: PackedChannels,
    outputs: PackedPositions,
    output_channels: PackedChannels,
    minus_logarithms: Vec<f32>,
    minus_means: Vec<f32>,
    /// Key channels filled up to whole registers.
    padded_channels: usize,
    key_gradient: Shared,
    value_gradient: Shared,
}

impl Backward<'_> {
    /// Writes the gradients of some keys and their values; adds to `query_part`, `[position][padded channel]`.
    fn run(&self, image: usize, keys: Range<usize>, query_part: &mut [f32]) {
        let Attention { positions, key_channels, value_channels, .. } = *self.shape;
        let groups = Groups::new(self.kernels, keys.len());
        let width = groups.width;
        let [key_start, value_start] = [key_channels, value_channels].map(|channels| image * channels * positions);
        let key = groups.gather(&self.key[key_start..], positions, keys.start, key_channels);
        let value = groups.gather(&self.value[value_start..], positions, keys.start, value_channels);
        let mut key_vectors = Scratch::new(keys.len() * self.padded_channels);
        let from = &self.key[key_start + keys.start..];
        let size = [key_channels, keys.len()];
        self.kernels.transpose_rows(from, positions, size, &mut key_vectors, self.padded_channels);
        let [mut key_sums, mut value_sums] =
            [key_channels, value_channels].map(|depth| Scratch::new(groups.len(depth)));
        let [mut probabilities, mut score_gradients] = [(); 2].map(|()| Scratch::new(TILE * width));
        for start in (0..positions).step_by(TILE) {
            let len = TILE.min(positions - start);
            let at = image * positions + start;
            for index in 0..groups.count() {
                let gemm = |rows, depth, packed, group, bias, accumulate| {
                    let (kernels, bias) = (self.kernels, bias);
                    BlockGemm { kernels, rows, depth, packed, group, groups, index, bias, accumulate }
                };
                let bias = Some(&self.minus_logarithms[at..at + len]);
                let key = &key[index * key_channels * width..];
                gemm(len, key_channels, self.queries.from(image, start), key, bias, false).run(&mut probabilities);
                let bias = Some(&self.minus_means[at..at + len]);
                let value = &value[index * value_channels * width..];
                gemm(len, value_channels, self.outputs.from(image, start), value, bias, false)
                    .run(&mut score_gradients);
                self.kernels.softmax_gradients(&mut probabilities[..len * width], &mut score_gradients[..len * width]);
                let (outputs, queries) =
                    (self.output_channels.tile(image, start), self.query_channels.tile(image, start));
                let sums = &mut value_sums[index * value_channels * width..];
                gemm(value_channels, len, outputs, &probabilities, None, start > 0).run(sums);
                let sums = &mut key_sums[index * key_channels * width..];
                gemm(key_channels, len, queries, &score_gradients, None, start > 0).run(sums);
                let vectors = &key_vectors[index * width * self.padded_channels..];
                let sums = &mut query_part[start * self.padded_channels..][..len * self.padded_channels];
                self.add_query_gradient(&score_gradients, width, groups.positions(index), vectors, sums);
            }
        }
        // SAFETY: tasks own different keys; the gradients live until the end of the function that starts the tasks.
        unsafe {
            groups.scatter(&key_sums, None, self.key_gradient, key_start + keys.start, positions);
            groups.scatter(&value_sums, None, self.value_gradient, value_start + keys.start, positions);
        }
    }

    /// Adds to `sums`, `[query][padded channel]`, the product of `score_gradients`, `[query][width]`, and the vectors of the first
    /// `keys` keys.
    fn add_query_gradient(
        &self,
        score_gradients: &[f32],
        width: usize,
        keys: usize,
        vectors: &[f32],
        sums: &mut [f32],
    ) {
        let (kernels, channels) = (self.kernels, self.padded_channels);
        let queries = sums.len() / channels;
        assert!(score_gradients.len() >= queries * width && vectors.len() >= keys * channels && keys <= width);
        let step = even_parts(channels / kernels.lanes, kernels.outer_columns) * kernels.lanes;
        for first in (0..queries).step_by(kernels.outer_rows) {
            let rows = kernels.outer_rows.min(queries - first);
            let mut scalars = [score_gradients.as_ptr(); MAX_OUTER_ROWS];
            for (row, scalars) in scalars.iter_mut().enumerate().take(rows) {
                *scalars = score_gradients[(first + row) * width..].as_ptr();
            }
            for channel in (0..channels).step_by(step) {
                let product = OuterProduct {
                    rows,
                    columns: step.min(channels - channel) / kernels.lanes,
                    scalars,
                    scalar_stride: 1,
                    scalar_row_stride: 0,
                    vectors: vectors[channel..].as_ptr(),
                    vector_stride: channels,
                    vector_row_stride: 0,
                    scalar_image_stride: 0,
                    vector_image_stride: 0,
                    images: 1,
                    height: 1,
                    width: keys,
                    sums: sums[first * channels + channel..].as_mut_ptr(),
                    sums_stride: channels,
                    accumulate: true,
                };
                // SAFETY: the lengths are asserted above; the sums are borrowed.
                unsafe { kernels.outer_product(&product) };
            }
        }
    }
}
