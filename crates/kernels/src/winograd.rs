//! Winograd's minimal filtering F(4x4, 3x3): four times fewer multiplications for 3x3 kernels with stride 1.
//!
//! Each 4x4 tile of outputs comes from 6x6 inputs d: `Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` (Lavin and Gray 2016,
//! <https://arxiv.org/abs/1509.09308>). The product ⊙ summed over channels is one matrix product for each of the 36
//! places, for which the register tiles of the direct convolution serve.
//!
//! The transforms lose about one decimal digit: errors are around 1e-5 of the largest output, where the direct
//! convolution has 1e-6.

use crate::axis::Axis;
use crate::correlate::Correlation;
use crate::cover::{even_parts, tile_ranges};
use crate::isa::Kernels;
use crate::microkernel::{MAX_TILE_COLUMNS, Segment, Tile};
use crate::pack::{Block, WeightLayout, blocks};
use crate::scratch::{Scratch, Shared};
use crate::vector::MAX_LANES;
use crate::winograd_transforms::{IN, InputTransform, OUT, OutputTransform, WeightTransform};
use rayon::prelude::*;
use std::ops::Range;

/// Places of an input tile.
pub(crate) const PLACES: usize = IN * IN;
/// Elements of transformed inputs and outputs at a time (16 MB), so that they stay in the last-level cache.
const TRANSFORMED_ELEMENTS: usize = 1 << 22;
/// Channels that a register tile sums before it goes to memory.
const CHANNELS_PER_CHUNK: usize = 128;
/// Most rows of a register tile.
const MAX_ROWS: usize = 8;
/// What a weight that is not there reads.
static ZERO: [f32; 1] = [0.0];

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
    // Nanoseconds for each pair of channels, fitted to measurements on Zen 5 with AVX-512; rather too high than too low.
    let pitch = pitch(width.div_ceil(OUT), MAX_LANES);
    let tiles = (correlation.batch * height.div_ceil(OUT) * pitch) as f64;
    let inverse_channels: f64 = channels.iter().map(|channels| 1.0 / *channels as f64).sum();
    let [multiply, transform_weights, transform_tiles] = [0.11 * tiles, 20.0, 11.0 * tiles * inverse_channels];
    // Four rounds of tasks where the direct correlation has two.
    let more_rounds = 60_000.0 / (channels[0] * channels[1]) as f64;
    let direct = 0.05 * (correlation.batch * height * width) as f64;
    multiply + transform_weights + transform_tiles + more_rounds < 0.95 * direct
}

/// Transformed weights, `[place][block][source channel][row]`.
struct TransformedWeights {
    weights: Scratch,
    blocks: Vec<Block>,
    place_stride: usize,
}

impl TransformedWeights {
    /// Room for the weights of a correlation.
    fn new(kernels: &Kernels, layout: &WeightLayout) -> Self {
        let depth = layout.source_channels;
        let blocks = blocks(layout.channels.len(), kernels.tile_rows, depth);
        let place_stride = blocks.last().map_or(0, |block| block.start + block.rows * depth).next_multiple_of(16);
        Self { weights: Scratch::new(PLACES * place_stride), blocks, place_stride }
    }

    /// Transforms the weights.
    fn fill(&mut self, kernels: &Kernels, weight: &[f32], layout: &WeightLayout) {
        let (depth, place_stride) = (layout.source_channels, self.place_stride);
        let shared = Shared::new(&mut self.weights);
        self.blocks.par_iter().with_min_len(64 / depth + 1).for_each(|block| {
            // Rows without a channel, and taps without a weight, read a zero over and over.
            let mut taps = [[ZERO.as_ptr(); 9]; MAX_ROWS];
            let mut steps = [[0; 9]; MAX_ROWS];
            for (row, (start, kind)) in layout.channels[block.first..][..block.channels].iter().enumerate() {
                for (tap, offset) in layout.taps[*kind].iter().enumerate() {
                    if let Some(offset) = offset {
                        // The last source channel's weight is inside too.
                        let last = start + offset + (depth - 1) * layout.source_stride;
                        assert!(last < weight.len(), "the layout has no weights beyond the slice");
                        taps[row][tap] = weight[start + offset..].as_ptr();
                        steps[row][tap] = layout.source_stride;
                    }
                }
            }
            let transform = WeightTransform {
                taps: &taps[..block.rows],
                steps: &steps[..block.rows],
                source_channels: depth,
                end: weight.as_ptr_range().end,
                target: shared.at(block.start),
                place_stride,
            };
            // SAFETY: taps were checked above; blocks are disjoint parts of every place.
            unsafe { kernels.transform_weights(&transform) };
        });
    }
}

/// Planes that are cut into tiles, a part of whose rows is transformed at a time.
pub(crate) struct Tiles<'a> {
    pub(crate) kernels: &'a Kernels,
    pub(crate) batch: usize,
    /// Rows and columns of tiles of an image.
    pub(crate) tiles: [usize; 2],
    /// Transformed tiles from a row of tiles to the next: one more than there are, where rows are too short to be
    /// transformed one by one.
    pub(crate) pitch: usize,
}

/// What is cut into tiles.
pub(crate) struct Planes<'a> {
    /// `[batch, channels, size[0], size[1]]`.
    pub(crate) values: &'a [f32],
    pub(crate) channels: usize,
    pub(crate) size: [usize; 2],
    /// Padded rows and columns.
    pub(crate) axes: &'a [Axis; 2],
    /// Whether these are gradients of outputs, whose tiles do not overlap.
    pub(crate) gradient: bool,
}

/// Transformed tiles from a row to the next: whichever wastes less.
fn pitch(tiles: usize, lanes: usize) -> usize {
    if tiles.next_multiple_of(lanes) * 8 > tiles * 9 { tiles + 1 } else { tiles }
}

/// A correlation that is computed by tiles.
struct Winograd<'a> {
    kernels: &'a Kernels,
    correlation: &'a Correlation<'a>,
    bias: Option<&'a [f32]>,
    tiles: Tiles<'a>,
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
    let tiles = Tiles::new(kernels, correlation.batch, correlation.target_size);
    let step = tiles.rows_at_once(correlation.source_channels + correlation.target_channels);
    let stride = tiles.stride(step);
    let winograd = Winograd { kernels, correlation, bias, tiles };
    let mut inputs = Scratch::new(PLACES * correlation.source_channels * stride);
    let sources = Planes {
        values: correlation.source,
        channels: correlation.source_channels,
        size: correlation.source_size,
        axes: &correlation.axes,
        gradient: false,
    };
    let rows = winograd.tiles.rows();
    // The first tiles are transformed beside the weights: one wait less for the other threads.
    let mut weights = TransformedWeights::new(kernels, layout);
    let mut products = Scratch::new(PLACES * correlation.target_channels * stride);
    rayon::join(
        || weights.fill(kernels, weight, layout),
        || winograd.tiles.transform(&sources, 0..step.min(rows), stride, &mut inputs),
    );
    let target = Shared::new(target);
    for first in (0..rows).step_by(step) {
        let rows = first..(first + step).min(rows);
        if first > 0 {
            winograd.tiles.transform(&sources, rows.clone(), stride, &mut inputs);
        }
        winograd.multiply(&weights, rows.len() * winograd.tiles.pitch, stride, &inputs, &mut products);
        winograd.transform_outputs(rows, stride, &products, target);
    }
}

impl<'a> Tiles<'a> {
    /// The tiles of planes of outputs.
    pub(crate) fn new(kernels: &'a Kernels, batch: usize, size: [usize; 2]) -> Self {
        let tiles = size.map(|size| size.div_ceil(OUT));
        Self { kernels, batch, tiles, pitch: pitch(tiles[1], kernels.lanes) }
    }

    /// Rows of tiles of all images.
    pub(crate) fn rows(&self) -> usize {
        self.batch * self.tiles[0]
    }

    /// Rows of tiles whose transforms, of so many channels, stay in the cache.
    pub(crate) fn rows_at_once(&self, channels: usize) -> usize {
        even_parts(self.rows(), TRANSFORMED_ELEMENTS / (PLACES * channels * self.pitch))
    }

    /// Elements from a channel to the next for so many rows: whole registers are written, also for the last tiles.
    pub(crate) fn stride(&self, rows: usize) -> usize {
        (rows * self.pitch).next_multiple_of(MAX_LANES) + 2 * MAX_LANES
    }

    /// Splits rows of tiles (of all images) by image: first row overall, image, rows within the image.
    fn by_image(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
        let height = self.tiles[0];
        (rows.start / height..rows.end.div_ceil(height)).map(move |image| {
            let within = rows.start.max(image * height)..rows.end.min((image + 1) * height);
            (within.start, image, within.start - image * height..within.end - image * height)
        })
    }

    /// Transforms rows of tiles to `[place][channel][stride]`.
    pub(crate) fn transform(&self, planes: &Planes<'_>, rows: Range<usize>, stride: usize, target: &mut [f32]) {
        let plane = planes.size[0] * planes.size[1];
        let row_stride = self.tiles[1] + 1;
        let target = Shared::new(target);
        (0..planes.channels).into_par_iter().with_min_len(2).for_each(|channel| {
            for (first, image, within) in self.by_image(rows.clone()) {
                let phase_stride = (within.len() + 1) * row_stride;
                let mut panel = Scratch::new(OUT * OUT * phase_stride + OUT * row_stride + MAX_LANES);
                let source = &planes.values[(image * planes.channels + channel) * plane..][..plane];
                fill_phases(planes.axes, source, within.start * OUT, &mut panel, row_stride, phase_stride);
                // Straight on through the column between the rows, or row by row.
                let (calls, tiles) = if self.pitch > self.tiles[1] {
                    (1, within.len() * self.pitch)
                } else {
                    (within.len(), self.pitch)
                };
                for row in 0..calls {
                    let tile = (first - rows.start + row) * self.pitch;
                    let transform = InputTransform {
                        source: panel[row * row_stride..].as_ptr(),
                        phase_stride,
                        row_stride,
                        target: target.at(channel * stride + tile),
                        place_stride: planes.channels * stride,
                        tiles,
                    };
                    // SAFETY: panel and target have a margin of a register; what is written beyond a row of tiles is
                    // overwritten by the next row. Channels are disjoint.
                    unsafe {
                        if planes.gradient {
                            self.kernels.transform_gradient(&transform);
                        } else {
                            self.kernels.transform_input(&transform);
                        }
                    }
                }
            }
        });
    }
}

impl Winograd<'_> {
    /// One matrix product for each place, to `[place][target channel][stride]`.
    fn multiply(
        &self,
        weights: &TransformedWeights,
        tiles: usize,
        stride: usize,
        inputs: &[f32],
        products: &mut [f32],
    ) {
        let Correlation { source_channels, target_channels, .. } = *self.correlation;
        let lanes = self.kernels.lanes;
        let whole = u32::MAX >> (32 - lanes);
        let segments: Vec<Segment> =
            (0..tiles).step_by(lanes).map(|tile| Segment { offset: tile as isize, mask: whole }).collect();
        let chunk = even_parts(source_channels, CHANNELS_PER_CHUNK);
        let offsets: Vec<u32> = (0..chunk).map(|channel| (channel * stride) as u32).collect();
        let products = Shared::new(products);
        (0..PLACES).into_par_iter().with_max_len(1).for_each(|place| {
            for first in (0..source_channels).step_by(chunk) {
                let count = chunk.min(source_channels - first);
                let input = inputs[(place * source_channels + first) * stride..].as_ptr();
                for blocks in weights.blocks.chunk_by(|left, right| left.rows == right.rows) {
                    for columns in tile_ranges(segments.len(), self.kernels.tile_columns(blocks[0].rows)) {
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
                            let start = place * weights.place_stride + block.start + first * block.rows;
                            tile.weights = weights.weights[start..].as_ptr();
                            tile.target = products.at((place * target_channels + block.first) * stride);
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
    fn transform_outputs(&self, rows: Range<usize>, stride: usize, products: &[f32], target: Shared) {
        let Correlation { target_channels, target_size: [height, width], .. } = *self.correlation;
        (0..target_channels).into_par_iter().with_min_len(2).for_each(|channel| {
            for (first, image, within) in self.tiles.by_image(rows.clone()) {
                let tile = (first - rows.start) * self.tiles.pitch;
                let row = within.start * OUT;
                let transform = OutputTransform {
                    source: products[channel * stride + tile..].as_ptr(),
                    place_stride: target_channels * stride,
                    tile_rows: within.len(),
                    pitch: self.tiles.pitch,
                    target: target.at(((image * target_channels + channel) * height + row) * width),
                    height: height - row,
                    width,
                    bias: self.bias.map_or(0.0, |bias| bias[channel]),
                };
                // SAFETY: the products have a margin of a register; channels are disjoint.
                unsafe { self.kernels.transform_output(&transform) };
            }
        });
    }
}

/// Copies padded rows from `first_row` on, split into `OUT * OUT` phases. The panel has room for a padded row at its end.
fn fill_phases(
    axes: &[Axis; 2],
    source: &[f32],
    first_row: usize,
    panel: &mut [f32],
    row_stride: usize,
    phase_stride: usize,
) {
    let [rows, columns] = axes;
    let width = columns.source_len();
    let (phases, padded) = panel.split_at_mut(OUT * OUT * phase_stride);
    let padded = &mut padded[..OUT * row_stride];
    for row in 0..phase_stride / row_stride * OUT {
        match rows.source(first_row + row) {
            Some(source_row) => columns.gather(&source[source_row * width..][..width], 0, padded),
            None => padded.fill(0.0),
        }
        let targets = phases.chunks_exact_mut(phase_stride).skip(row % OUT * OUT).take(OUT);
        for (phase, target) in targets.enumerate() {
            let target = &mut target[row / OUT * row_stride..][..row_stride];
            for (value, columns) in target.iter_mut().zip(padded.as_chunks::<OUT>().0) {
                *value = columns[phase];
            }
        }
    }
}
