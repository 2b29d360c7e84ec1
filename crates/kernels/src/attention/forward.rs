//! Self-attention in tiles, without ever keeping a matrix of positions by positions.
//!
//! A task takes some queries and walks over the keys tile by tile, with a running maximum and total of each query's
//! exponentials. Dao et al. 2022, <https://arxiv.org/abs/2205.14135>.

use super::blocks::{BlockGemm, Groups, PackedChannels, PackedPositions, TILE};
use super::rounded::RoundedChannels;
use super::softmax::OnlineSoftmax;
use crate::algorithm::Precision;
use crate::error::{ShapeError, check_length, check_not_zero, elements};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::{Kernels, kernels};
use rayon::prelude::*;
use std::ops::Range;

/// Queries of a task.
const QUERIES: usize = 192;
/// Tasks below which they take fewer queries. Fixed, so that results do not depend on the number of threads.
const TASKS_WANTED: usize = 16;

/// The shape of attention.
///
/// # Shapes
/// All slices are contiguous:
/// - query, key and their gradients: `[batch, key_channels, positions]`
/// - value, output and their gradients: `[batch, value_channels, positions]`
/// - log_sum_exp: `[batch, positions]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attention {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Positions of an image.
    pub positions: usize,
    /// Channels of queries and keys.
    pub key_channels: usize,
    /// Channels of values and of the output.
    pub value_channels: usize,
}

impl Attention {
    /// Checks slices with key channels, with value channels and with one number for each position.
    pub(crate) fn check(
        &self,
        keys: &[(&'static str, usize)],
        values: &[(&'static str, usize)],
        sums: &[(&'static str, usize)],
    ) -> Result<(), ShapeError> {
        let Self { batch, positions, key_channels, value_channels } = *self;
        let fields = [("positions", positions), ("key_channels", key_channels), ("value_channels", value_channels)];
        check_not_zero(&fields)?;
        for (channels, arguments) in [(key_channels, keys), (value_channels, values), (1, sums)] {
            let expected = elements([batch, channels, positions, 1])?;
            arguments.iter().try_for_each(|(argument, found)| check_length(argument, expected, *found))?;
        }
        Ok(())
    }
}

/// Self-attention. Overwrites `output` with the values weighted by each query's probabilities,
/// `output[c][i] = sum_j value[c][j] * p[i][j]`, where `p[i]` is the softmax over j of
/// `sum_c query[c][i] * key[c][j]`.
///
/// Overwrites `log_sum_exp` with the logarithm of the sum of the exponentials, which
/// [`attention_gradient`](crate::attention_gradient()) needs. Scratch memory grows with the positions, not with their
/// square.
///
/// # Shapes
/// See [`Attention`].
///
/// # Errors
/// [`ShapeError`] if a slice has another length or a size other than the batch is zero; nothing is written then.
pub fn attention_forward(
    shape: &Attention,
    [query, key, value]: [&[f32]; 3],
    output: &mut [f32],
    log_sum_exp: &mut [f32],
) -> Result<(), ShapeError> {
    attention_forward_with(kernels(), Precision::Standard, shape, [query, key, value], output, log_sum_exp)
}

/// Attention for inference: `output[c][i] = sum_j value[c][j] * p[i][j]` over `keys` positions `j`, which may be fewer than there are queries.
/// Of large pictures keys and values may be means of neighbours; time then grows with the pictures' area instead of its square. Of a
/// precision with bf16, values and probabilities are rounded to that, scores are not.
///
/// # Shapes
/// As for [`Attention`], but key and value are `[batch, channels, keys]`.
///
/// # Errors
/// As [`attention_forward`].
pub fn attention_forward_to(
    precision: Precision,
    shape: &Attention,
    keys: usize,
    [query, key, value]: [&[f32]; 3],
    output: &mut [f32],
) -> Result<(), ShapeError> {
    let Attention { batch, positions, key_channels, value_channels } = *shape;
    shape.check(&[("query", query.len())], &[("output", output.len())], &[])?;
    let attended = Attention { batch, positions: keys, key_channels, value_channels };
    attended.check(&[("key", key.len())], &[("value", value.len())], &[])?;
    let mut log_sum_exp = Scratch::new(batch * positions);
    attend(kernels(), precision, shape, keys, [query, key, value], output, &mut log_sum_exp);
    Ok(())
}

/// As [`attention_forward`], in a precision as [`attention_forward_to`] has it.
pub(crate) fn attention_forward_with(
    kernels: &Kernels,
    precision: Precision,
    shape: &Attention,
    [query, key, value]: [&[f32]; 3],
    output: &mut [f32],
    log_sum_exp: &mut [f32],
) -> Result<(), ShapeError> {
    shape.check(
        &[("query", query.len()), ("key", key.len())],
        &[("value", value.len()), ("output", output.len())],
        &[("log_sum_exp", log_sum_exp.len())],
    )?;
    attend(kernels, precision, shape, shape.positions, [query, key, value], output, log_sum_exp);
    Ok(())
}

/// The computation, of slices whose lengths were checked.
fn attend(
    kernels: &Kernels,
    precision: Precision,
    shape: &Attention,
    num_keys: usize,
    [query, key, value]: [&[f32]; 3],
    output: &mut [f32],
    log_sum_exp: &mut [f32],
) {
    let Attention { batch, positions, key_channels, value_channels } = *shape;
    let forward = Forward {
        kernels,
        shape,
        num_keys,
        query,
        keys: PackedPositions::new(kernels, key, key_channels, num_keys),
        values: if precision.is_rounded() {
            Values::Rounded(RoundedChannels::new(kernels, value, value_channels, num_keys))
        } else {
            Values::Single(PackedChannels::new(kernels, value, value_channels, num_keys))
        },
        output: Shared::new(output),
        log_sum_exp: Shared::new(log_sum_exp),
    };
    let wanted = positions.div_ceil(TASKS_WANTED.div_ceil(batch.max(1)));
    let width = Groups::new(kernels, positions).width;
    let queries = even_parts(positions.div_ceil(width), wanted.min(QUERIES) / width) * width;
    let tasks = positions.div_ceil(queries);
    (0..batch * tasks).into_par_iter().with_max_len(1).for_each(|task| {
        let first = task % tasks * queries;
        forward.run(task / tasks, first..(first + queries).min(positions));
    });
}

/// The values that are weighted.
enum Values {
    Single(PackedChannels),
    Rounded(RoundedChannels),
}

/// What the tasks share.
struct Forward<'a> {
    kernels: &'a Kernels,
    shape: &'a Attention,
    num_keys: usize,
    query: &'a [f32],
    keys: PackedPositions,
    values: Values,
    output: Shared,
    log_sum_exp: Shared,
}

impl Forward<'_> {
    /// Computes the output of some queries of an image.
    fn run(&self, image: usize, queries: Range<usize>) {
        let Attention { positions, key_channels, value_channels, .. } = *self.shape;
        let groups = Groups::new(self.kernels, queries.len());
        let width = groups.width;
        let query = &self.query[image * key_channels * positions..];
        let query = groups.gather(query, positions, queries.start, key_channels);
        let mut scores = Scratch::new(TILE * width);
        let mut sums = Scratch::new(groups.len(value_channels));
        let mut running: Vec<OnlineSoftmax> = (0..groups.count()).map(|_| OnlineSoftmax::new(width)).collect();
        for start in (0..self.num_keys).step_by(TILE) {
            let len = TILE.min(self.num_keys - start);
            for (index, running) in running.iter_mut().enumerate() {
                let gemm = |rows, depth, packed, group| BlockGemm {
                    rows,
                    depth,
                    packed,
                    group,
                    ..self.empty_gemm(groups, index)
                };
                let query = &query[index * key_channels * width..];
                gemm(len, key_channels, self.keys.from(image, start), query).run(&mut scores);
                let scores = &mut scores[..len * width];
                self.kernels.softmax_columns(scores, running);
                let sums = &mut sums[index * value_channels * width..][..value_channels * width];
                if start > 0 {
                    running.rescale(sums);
                }
                match &self.values {
                    Values::Single(values) => {
                        let gemm = gemm(value_channels, len, values.tile(image, start), scores);
                        BlockGemm { accumulate: start > 0, ..gemm }.run(sums);
                    }
                    Values::Rounded(values) => {
                        values.add_weighted(self.kernels, [image, start], scores, width, sums, start > 0);
                    }
                }
            }
        }
        let (factors, logarithms): (Vec<Vec<f32>>, Vec<Vec<f32>>) = running.iter().map(OnlineSoftmax::finished).unzip();
        let start = image * value_channels * positions + queries.start;
        // SAFETY: tasks own different queries; the outputs live until the end of the function that starts the tasks.
        unsafe {
            groups.scatter(&sums, Some(&factors.concat()), self.output, start, positions);
            let start = image * positions + queries.start;
            groups.scatter(&logarithms.concat(), None, self.log_sum_exp, start, positions);
        }
    }

    /// A GEMM of nothing, to be filled in.
    fn empty_gemm(&self, groups: Groups, index: usize) -> BlockGemm<'_> {
        let kernels = self.kernels;
        BlockGemm { kernels, rows: 0, depth: 0, packed: &[], group: &[], groups, index, bias: None, accumulate: false }
    }
}
