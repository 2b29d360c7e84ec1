//! Winograd's minimal filtering F(4x4, 3x3): four times fewer multiplications for 3x3 kernels with stride 1.
//!
//! Each 4x4 tile of outputs comes from 6x6 inputs d: `Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` (Lavin and Gray 2016,
//! <https://arxiv.org/abs/1509.09308>). The product ⊙ summed over channels is one matrix product for each of the 36
//! places, for which the register tiles of the direct convolution serve.
//!
//! The transforms lose about one decimal digit: errors are around 1e-5 of the largest output, where the direct
//! convolution has 1e-6.

use crate::correlate::{Correlation, even_parts, fill_panel, tile_ranges};
use crate::isa::Kernels;
use crate::microkernel::{MAX_TILE_COLUMNS, Segment, Tile};
use crate::pack::{Block, WeightLayout, blocks};
use crate::scratch::{Scratch, Shared};
use crate::vector::{MAX_LANES, Vector};
use rayon::prelude::*;
use std::ops::Range;

/// Side of an output tile.
const OUT: usize = 4;
/// Side of an input tile.
const IN: usize = 6;
/// Places of an input tile.
const PLACES: usize = IN * IN;
/// Elements of transformed inputs and outputs at a time (16 MB), so that they stay in the last-level cache.
const TRANSFORMED_ELEMENTS: usize = 1 << 22;
/// Channels that a register tile sums before it goes to memory.
const CHANNELS_PER_CHUNK: usize = 128;

/// Whether the kernel is 3x3 and the stride 1.
pub(crate) fn is_possible(correlation: &Correlation<'_>) -> bool {
    let three_by_three = correlation.taps.len() == 9 && correlation.taps.last() == Some(&[2, 2]);
    three_by_three && correlation.axes[0].stride == 1
}

/// Whether Winograd is expected to be faster than the direct correlation, where it is possible.
pub(crate) fn is_faster(correlation: &Correlation<'_>) -> bool {
    let [height, width] = correlation.target_size;
    let channels = [correlation.source_channels, correlation.target_channels];
    if channels.iter().any(|channels| *channels < 32) {
        return false;
    }
    // Cycles for each pair of channels, from measurements: multiply, transform weights, transform tiles.
    let tiles = (correlation.batch * height.div_ceil(OUT) * width.div_ceil(OUT))
        .next_multiple_of(MAX_LANES) as f64;
    let winograd = 1.2 * tiles
        + 45.0
        + 20.0
            * tiles
            * channels
                .map(|channels| 1.0 / channels as f64)
                .iter()
                .sum::<f64>();
    let direct = 0.3 * (correlation.batch * height * width) as f64;
    winograd < 0.9 * direct
}

/// Input tiles in phases of `OUT` rows and columns, to be transformed.
pub(crate) struct InputTransform {
    /// First tile of a row of tiles: phase 0.
    pub(crate) source: *const f32,
    /// Elements from a phase to the next.
    pub(crate) phase_stride: usize,
    /// Elements from a row of a phase to the next.
    pub(crate) row_stride: usize,
    /// Where place 0 of the first tile goes.
    pub(crate) target: *mut f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Tiles in the row; whole registers are read and written.
    pub(crate) tiles: usize,
}

/// Products of tiles, to be transformed to outputs.
pub(crate) struct OutputTransform {
    /// Place 0 of the first tile of a row of tiles.
    pub(crate) source: *const f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Tiles in the row; whole registers are read.
    pub(crate) tiles: usize,
    /// First output of the row of tiles.
    pub(crate) target: *mut f32,
    /// Output rows, at most `OUT`.
    pub(crate) height: usize,
    /// Output columns.
    pub(crate) width: usize,
    pub(crate) bias: f32,
}

/// `Bᵀ` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn input_column<V: Vector>(d: [V; IN]) -> [V; IN] {
    // SAFETY: the caller's promise.
    unsafe {
        let [four, minus_four, minus_five] = [V::splat(4.0), V::splat(-4.0), V::splat(-5.0)];
        let [minus_one, two] = [V::splat(-1.0), V::splat(2.0)];
        let even = d[4].add_product(minus_four, d[2]);
        let odd = d[3].add_product(minus_four, d[1]);
        let even_difference = d[4].add_product(minus_one, d[2]);
        let odd_difference = d[3].add_product(minus_one, d[1]);
        [
            d[4].add_product(four, d[0]).add_product(minus_five, d[2]),
            even.add(odd),
            even.add_product(minus_one, odd),
            even_difference.add_product(two, odd_difference),
            even_difference.add_product(V::splat(-2.0), odd_difference),
            d[5].add_product(four, d[1]).add_product(minus_five, d[3]),
        ]
    }
}

/// `Aᵀ` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn output_column<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller's promise.
    unsafe {
        let minus_one = V::splat(-1.0);
        let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
        let (near_difference, far_difference) = (
            m[1].add_product(minus_one, m[2]),
            m[3].add_product(minus_one, m[4]),
        );
        [
            m[0].add(near).add(far),
            near_difference.add_product(V::splat(2.0), far_difference),
            near.add_product(V::splat(4.0), far),
            m[5].add(near_difference)
                .add_product(V::splat(8.0), far_difference),
        ]
    }
}

/// Transforms a row of input tiles.
///
/// # Safety
/// The processor has `V`'s instruction set; source and target are valid for whole registers at every place.
#[inline(always)]
pub(crate) unsafe fn transform_input<V: Vector>(transform: &InputTransform) {
    for tile in (0..transform.tiles).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = transform.source.add(tile);
            let mut half = [[V::zero(); IN]; IN];
            for x in 0..IN {
                let column: [V; IN] = std::array::from_fn(|y| {
                    let phase = y % OUT * OUT + x % OUT;
                    V::load(source.add(
                        phase * transform.phase_stride + y / OUT * transform.row_stride + x / OUT,
                    ))
                });
                let column = input_column(column);
                for y in 0..IN {
                    half[y][x] = column[y];
                }
            }
            let target = transform.target.add(tile);
            for (y, row) in half.into_iter().enumerate() {
                for (x, value) in input_column(row).into_iter().enumerate() {
                    value.store(target.add((y * IN + x) * transform.place_stride));
                }
            }
        }
    }
}

/// Transforms a row of tiles to outputs.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for whole registers at every place, the target for
/// `height` rows of `width` outputs, which no other thread touches.
#[inline(always)]
pub(crate) unsafe fn transform_output<V: Vector>(transform: &OutputTransform) {
    for tile in (0..transform.tiles).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = transform.source.add(tile);
            let mut half = [[V::zero(); IN]; OUT];
            for x in 0..IN {
                let column: [V; IN] = std::array::from_fn(|y| {
                    V::load(source.add((y * IN + x) * transform.place_stride))
                });
                let column = output_column(column);
                for y in 0..OUT {
                    half[y][x] = column[y];
                }
            }
            for (y, row) in half.into_iter().enumerate().take(transform.height) {
                let mut lanes = [[0.0_f32; MAX_LANES]; OUT];
                for (lanes, value) in lanes.iter_mut().zip(output_column(row)) {
                    value
                        .add(V::splat(transform.bias))
                        .store(lanes.as_mut_ptr());
                }
                let mut outputs = [[0.0_f32; OUT]; MAX_LANES];
                for lane in 0..V::LANES {
                    outputs[lane] = [
                        lanes[0][lane],
                        lanes[1][lane],
                        lanes[2][lane],
                        lanes[3][lane],
                    ];
                }
                let first = tile * OUT;
                let count = (transform.width - first).min(V::LANES * OUT);
                let target = transform.target.add(y * transform.width + first);
                if count == MAX_LANES * OUT {
                    target
                        .cast::<[[f32; OUT]; MAX_LANES]>()
                        .write_unaligned(outputs);
                } else {
                    std::ptr::copy_nonoverlapping(outputs.as_ptr().cast(), target, count);
                }
            }
        }
    }
}

/// Transformed weights, `[place][block][source channel][row]`.
struct TransformedWeights {
    weights: Scratch,
    blocks: Vec<Block>,
    place_stride: usize,
}

/// `G` times a column.
fn weight_column<const ROWS: usize>(g: [[f32; ROWS]; 3]) -> [[f32; ROWS]; IN] {
    let mut column = [[0.0; ROWS]; IN];
    for row in 0..ROWS {
        let [first, middle, last] = [g[0][row], g[1][row], g[2][row]];
        let (sum, wide) = (first + last, first + 4.0 * last);
        column[0][row] = first / 4.0;
        column[1][row] = (sum + middle) * (-1.0 / 6.0);
        column[2][row] = (sum - middle) * (-1.0 / 6.0);
        column[3][row] = (wide + 2.0 * middle) * (1.0 / 24.0);
        column[4][row] = (wide - 2.0 * middle) * (1.0 / 24.0);
        column[5][row] = last;
    }
    column
}

impl TransformedWeights {
    fn new(kernels: &Kernels, weight: &[f32], layout: &WeightLayout) -> Self {
        let depth = layout.source_channels;
        let blocks = blocks(layout.channels.len(), kernels.tile_rows, depth);
        let place_stride = blocks
            .last()
            .map_or(0, |block| block.start + block.rows * depth)
            .next_multiple_of(16);
        let mut weights = Scratch::new(PLACES * place_stride);
        let shared = Shared::new(&mut weights);
        blocks
            .par_iter()
            .with_min_len(64 / depth + 1)
            .for_each(|block| {
                for channel in 0..depth {
                    let kernel = gather_kernels(weight, layout, *block, channel);
                    let columns: [_; 3] = std::array::from_fn(|x| {
                        weight_column([kernel[x], kernel[3 + x], kernel[6 + x]])
                    });
                    for y in 0..IN {
                        let row = weight_column([columns[0][y], columns[1][y], columns[2][y]]);
                        for (x, values) in row.iter().enumerate() {
                            let start =
                                (y * IN + x) * place_stride + block.start + channel * block.rows;
                            // SAFETY: blocks are disjoint parts of the buffer, which lives until the end of this function.
                            let target = unsafe {
                                std::slice::from_raw_parts_mut(shared.at(start), block.rows)
                            };
                            match target.first_chunk_mut() {
                                Some(target) => *target = *values,
                                None => target.copy_from_slice(&values[..block.rows]),
                            }
                        }
                    }
                }
            });
        Self {
            weights,
            blocks,
            place_stride,
        }
    }
}

/// The 3x3 kernels of one source channel for the rows of a block, zero where there is no channel.
fn gather_kernels(
    weight: &[f32],
    layout: &WeightLayout,
    block: Block,
    channel: usize,
) -> [[f32; 8]; 9] {
    let mut kernels = [[0.0; 8]; 9];
    for (row, (start, kind)) in layout.channels[block.first..][..block.channels]
        .iter()
        .enumerate()
    {
        let weight = &weight[start + channel * layout.source_stride..];
        for (kernel, offset) in kernels.iter_mut().zip(&layout.taps[*kind]) {
            kernel[row] = offset.map_or(0.0, |offset| weight[offset]);
        }
    }
    kernels
}

/// The tiles of a correlation, a part of whose rows is transformed at a time.
struct Winograd<'a> {
    kernels: &'a Kernels,
    correlation: &'a Correlation<'a>,
    bias: Option<&'a [f32]>,
    /// Rows and columns of tiles of an image.
    tiles: [usize; 2],
}

/// Computes a correlation of which [`is_faster`] holds.
pub(crate) fn correlate(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    let tiles = correlation.target_size.map(|size| size.div_ceil(OUT));
    let winograd = Winograd {
        kernels,
        correlation,
        bias,
        tiles,
    };
    let weights = TransformedWeights::new(kernels, weight, layout);
    let channels = correlation.source_channels + correlation.target_channels;
    let rows = correlation.batch * tiles[0];
    let step = even_parts(rows, TRANSFORMED_ELEMENTS / (PLACES * channels * tiles[1]));
    // Whole registers are written, also for the last tiles.
    let stride = (step * tiles[1]).next_multiple_of(MAX_LANES) + 2 * MAX_LANES;
    let mut inputs = Scratch::new(PLACES * correlation.source_channels * stride);
    let mut products = Scratch::new(PLACES * correlation.target_channels * stride);
    let target = Shared::new(target);
    for first in (0..rows).step_by(step) {
        let rows = first..(first + step).min(rows);
        winograd.transform_inputs(rows.clone(), stride, &mut inputs);
        winograd.multiply(
            &weights,
            rows.len() * tiles[1],
            stride,
            &inputs,
            &mut products,
        );
        winograd.transform_outputs(rows, stride, &products, target);
    }
}

impl Winograd<'_> {
    /// Splits rows of tiles (of all images) by image: first row overall, image, rows within the image.
    fn by_image(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
        let height = self.tiles[0];
        (rows.start / height..rows.end.div_ceil(height)).map(move |image| {
            let within = rows.start.max(image * height)..rows.end.min((image + 1) * height);
            (
                within.start,
                image,
                within.start - image * height..within.end - image * height,
            )
        })
    }

    /// Transforms rows of tiles to `[place][channel][stride]`.
    fn transform_inputs(&self, rows: Range<usize>, stride: usize, inputs: &mut [f32]) {
        let Correlation {
            source,
            source_size,
            source_channels,
            axes,
            ..
        } = self.correlation;
        let axes = axes.clone().map(|axis| axis.with_stride(OUT));
        let plane = source_size[0] * source_size[1];
        let row_stride = self.tiles[1] + 1;
        let inputs = Shared::new(inputs);
        (0..*source_channels)
            .into_par_iter()
            .with_min_len(2)
            .for_each(|channel| {
                for (first, image, within) in self.by_image(rows.clone()) {
                    let phase_stride = (within.len() + 1) * row_stride;
                    let mut panel = Scratch::new(OUT * OUT * phase_stride + MAX_LANES);
                    let source = &source[(image * source_channels + channel) * plane..][..plane];
                    fill_panel(
                        &axes,
                        source,
                        within.start,
                        &mut panel[..OUT * OUT * phase_stride],
                        row_stride,
                    );
                    for row in 0..within.len() {
                        let tile = (first - rows.start + row) * self.tiles[1];
                        let transform = InputTransform {
                            source: panel[row * row_stride..].as_ptr(),
                            phase_stride,
                            row_stride,
                            target: inputs.at(channel * stride + tile),
                            place_stride: source_channels * stride,
                            tiles: self.tiles[1],
                        };
                        // SAFETY: panel and target have a margin of a register; what is written beyond a row of tiles is
                        // overwritten by the next row. Channels are disjoint.
                        unsafe { self.kernels.transform_input(&transform) };
                    }
                }
            });
    }

    /// One matrix product for each place, to `[place][target channel][stride]`.
    fn multiply(
        &self,
        weights: &TransformedWeights,
        tiles: usize,
        stride: usize,
        inputs: &[f32],
        products: &mut [f32],
    ) {
        let Correlation {
            source_channels,
            target_channels,
            ..
        } = *self.correlation;
        let lanes = self.kernels.lanes;
        let whole = u32::MAX >> (32 - lanes);
        let segments: Vec<Segment> = (0..tiles)
            .step_by(lanes)
            .map(|tile| Segment {
                offset: tile as isize,
                mask: whole,
            })
            .collect();
        let chunk = even_parts(source_channels, CHANNELS_PER_CHUNK);
        let offsets: Vec<u32> = (0..chunk)
            .map(|channel| (channel * stride) as u32)
            .collect();
        let products = Shared::new(products);
        (0..PLACES)
            .into_par_iter()
            .with_max_len(1)
            .for_each(|place| {
                for first in (0..source_channels).step_by(chunk) {
                    let count = chunk.min(source_channels - first);
                    let input = inputs[(place * source_channels + first) * stride..].as_ptr();
                    for blocks in weights
                        .blocks
                        .chunk_by(|left, right| left.rows == right.rows)
                    {
                        for columns in
                            tile_ranges(segments.len(), self.kernels.tile_columns(blocks[0].rows))
                        {
                            let mut tile = Tile {
                                rows: blocks[0].rows,
                                columns: columns.len(),
                                weights: std::ptr::null(),
                                offsets: &offsets[..count],
                                sources: [input; MAX_TILE_COLUMNS],
                                segments: [&[]; MAX_TILE_COLUMNS],
                                target: products.at(0),
                                target_stride: stride,
                                channels: 0,
                                accumulate: first > 0,
                                bias: std::ptr::null(),
                            };
                            for (slot, column) in columns.enumerate() {
                                tile.sources[slot] = input.wrapping_add(column * lanes);
                                tile.segments[slot] = &segments[column..=column];
                            }
                            for block in blocks {
                                let start =
                                    place * weights.place_stride + block.start + first * block.rows;
                                tile.weights = weights.weights[start..].as_ptr();
                                tile.target =
                                    products.at((place * target_channels + block.first) * stride);
                                tile.channels = block.channels;
                                // SAFETY: inputs and products have a margin of a register; places are disjoint.
                                unsafe { self.kernels.tile(&tile) };
                            }
                        }
                    }
                }
            });
    }

    /// Transforms rows of tiles to outputs.
    fn transform_outputs(
        &self,
        rows: Range<usize>,
        stride: usize,
        products: &[f32],
        target: Shared,
    ) {
        let Correlation {
            target_channels,
            target_size: [height, width],
            ..
        } = *self.correlation;
        (0..target_channels)
            .into_par_iter()
            .with_min_len(2)
            .for_each(|channel| {
                for (first, image, within) in self.by_image(rows.clone()) {
                    for row in within.clone() {
                        let tile = (first - rows.start + row - within.start) * self.tiles[1];
                        let transform = OutputTransform {
                            source: products[channel * stride + tile..].as_ptr(),
                            place_stride: target_channels * stride,
                            tiles: self.tiles[1],
                            target: target
                                .at(((image * target_channels + channel) * height + row * OUT)
                                    * width),
                            height: (height - row * OUT).min(OUT),
                            width,
                            bias: self.bias.map_or(0.0, |bias| bias[channel]),
                        };
                        // SAFETY: the products have a margin of a register; channels are disjoint.
                        unsafe { self.kernels.transform_output(&transform) };
                    }
                }
            });
    }
}
