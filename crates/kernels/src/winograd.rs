//! Winograd's minimal filtering F(4x4, 3x3): four times fewer multiplications for 3x3 kernels with stride 1.
//!
//! Each 4x4 tile of outputs comes from 6x6 inputs d: `Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` (Lavin and Gray 2016,
//! <https://arxiv.org/abs/1509.09308>). The product ⊙ summed over channels is one matrix product for each of the 36
//! places.
//!
//! The source is padded and turned so that a pixel's channels lie side by side. A task then transforms, multiplies and
//! transforms back some tiles without waiting for others, as in [`crate::prepared`].
//!
//! The transforms lose about one decimal digit: errors are around 1e-5 of the largest output, where the direct
//! convolution has 1e-6.

use crate::correlate::Correlation;
use crate::cover::even_parts;
use crate::isa::Kernels;
use crate::pack::WeightLayout;
use crate::prepared::direct::TASKS_WANTED;
use crate::prepared::product::{Ending, Finish};
use crate::prepared::tiles::{Transformed, multiply_places, tiles_of_task};
use crate::prepared::transforms::{Filter, TileIn, TileOut};
use crate::prepared::weights::{OutputBlock, PreparedWeights};
use crate::scratch::{Scratch, Shared};
use crate::transpose::Transposition;
use crate::vector::MAX_LANES;
use crate::winograd_transforms::OUT;
use rayon::prelude::*;
use std::ops::Range;

const FILTER: Filter = Filter::Four;
/// Elements of padded and turned sources at a time (16 MB).
const TURNED_ELEMENTS: usize = 1 << 22;
/// Elements that a task turns at least.
const TURNED_PER_TASK: usize = 1 << 12;

/// Whether the kernel is 3x3 and the stride 1.
pub(crate) fn is_possible(correlation: &Correlation<'_>) -> bool {
    let three_by_three = correlation.taps.len() == 9 && correlation.taps.last() == Some(&[2, 2]);
    three_by_three && correlation.axes[0].stride == 1
}

/// Whether Winograd is expected to be faster than the direct correlation, where it is possible.
pub(crate) fn is_faster(correlation: &Correlation<'_>) -> bool {
    let [height, width] = correlation.target_size;
    let channels = [correlation.source_channels, correlation.target_channels];
    if channels.iter().any(|channels| *channels < 16) {
        return false;
    }
    // Nanoseconds for each pair of channels, fitted to measurements on two threads of Zen 5 with AVX-512.
    let tiles = (correlation.batch * height.div_ceil(OUT) * width.div_ceil(OUT)) as f64;
    let inverse_channels: f64 = channels.iter().map(|channels| 1.0 / *channels as f64).sum();
    let [multiply, transform_weights, transform_tiles] = [0.18 * tiles, 8.0, 4.0 * tiles * inverse_channels];
    let direct = 0.05 * (correlation.batch * height * width) as f64;
    multiply + transform_weights + transform_tiles < 0.95 * direct
}

/// A correlation that is computed by tiles.
struct Winograd<'a> {
    kernels: &'a Kernels,
    correlation: &'a Correlation<'a>,
    /// For whole registers of target channels.
    bias: Vec<f32>,
    /// Rows and columns of tiles of an image.
    grid: [usize; 2],
    /// Source channels, filled up to whole registers.
    pitch: usize,
    target: Shared,
}

/// Rows of tiles of one image, and where their padded rows start in the turned source.
struct Strip {
    image: usize,
    tile_rows: Range<usize>,
    /// First row of the turned source.
    row: usize,
    /// Tiles before those of the strip.
    tiles: usize,
}

/// Computes a correlation of which [`is_possible`] holds.
pub(crate) fn correlate(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    bias.resize(correlation.target_channels.next_multiple_of(kernels.lanes), 0.0);
    let winograd = Winograd {
        kernels,
        correlation,
        bias,
        grid: correlation.target_size.map(|size| size.div_ceil(OUT)),
        pitch: correlation.source_channels.next_multiple_of(MAX_LANES),
        target: Shared::new(target),
    };
    let rows = correlation.batch * winograd.grid[0];
    if rows == 0 {
        return;
    }
    let at_once = even_parts(rows, TURNED_ELEMENTS / ((OUT + 2) * winograd.row_stride()));
    // Each strip has two rows more than its tiles have outputs.
    let strips_at_once = 2 + at_once / winograd.grid[0];
    let mut turned = Scratch::new((OUT * at_once + 2 * strips_at_once) * winograd.row_stride());
    let mut weights = PreparedWeights::for_call(kernels, layout);
    for first in (0..rows).step_by(at_once) {
        let strips = winograd.strips(first..(first + at_once).min(rows));
        if first == 0 {
            // Beside the weights: one wait less for the other threads.
            rayon::join(|| weights.fill(kernels, weight, layout), || winograd.turn(&strips, &mut turned));
        } else {
            winograd.turn(&strips, &mut turned);
        }
        winograd.run(&strips, &weights, &turned);
    }
}

impl Winograd<'_> {
    /// Elements from a padded row to the next.
    fn row_stride(&self) -> usize {
        (self.grid[1] * OUT + 2) * self.pitch
    }

    /// Splits rows of tiles (of all images) by image.
    fn strips(&self, rows: Range<usize>) -> Vec<Strip> {
        let height = self.grid[0];
        let (mut row, mut tiles) = (0, 0);
        let images = rows.start / height..rows.end.div_ceil(height);
        let strip = |image: usize| {
            let start = rows.start.max(image * height) - image * height;
            let end = rows.end.min((image + 1) * height) - image * height;
            let strip = Strip { image, tile_rows: start..end, row, tiles };
            row += (end - start) * OUT + 2;
            tiles += (end - start) * self.grid[1];
            strip
        };
        images.map(strip).collect()
    }

    /// Writes the padded rows of strips, `[row][column][channel]`.
    fn turn(&self, strips: &[Strip], turned: &mut [f32]) {
        let stride = self.row_stride();
        let rows: Vec<[usize; 2]> = strips
            .iter()
            .flat_map(|strip| {
                let first = strip.tile_rows.start * OUT;
                (first..strip.tile_rows.end * OUT + 2).map(|row| [strip.image, row])
            })
            .collect();
        let targets = turned.par_chunks_exact_mut(stride).zip(&rows);
        targets.with_min_len(TURNED_PER_TASK / stride + 1).for_each(|(target, [image, row])| {
            match self.correlation.axes[0].source(*row) {
                Some(source_row) => self.turn_row(*image, source_row, target),
                None => target.fill(0.0),
            }
        });
    }

    /// Writes one padded row from a row of the source.
    fn turn_row(&self, image: usize, source_row: usize, target: &mut [f32]) {
        let Correlation { source, source_channels, source_size: [height, width], axes, .. } = self.correlation;
        let start = (image * source_channels * height + source_row) * width;
        let (interior, first_source) = axes[1].interior();
        let columns = target.len() / self.pitch;
        let inside = interior.start.min(columns)..interior.end.min(columns);
        if !inside.is_empty() {
            let rows = &source[start + first_source..];
            let target = &mut target[inside.start * self.pitch..inside.end * self.pitch];
            self.kernels.transpose_rows(rows, height * width, [*source_channels, inside.len()], target, self.pitch);
        }
        for column in (0..inside.start).chain(inside.end..columns) {
            let pixel = column * self.pitch..(column + 1) * self.pitch;
            match axes[1].source(column) {
                None => target[pixel].fill(0.0),
                Some(source_column) => {
                    let values = source[start + source_column..].iter().step_by(height * width);
                    target[pixel.clone()].fill(0.0);
                    target[pixel].iter_mut().zip(values.take(*source_channels)).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// Computes the outputs of strips.
    fn run(&self, strips: &[Strip], weights: &PreparedWeights, turned: &[f32]) {
        let tiles: usize = strips.iter().map(|strip| strip.tile_rows.len() * self.grid[1]).sum();
        let at_once = tiles_of_task(self.kernels, tiles, FILTER, self.pitch);
        let tile_tasks = tiles.div_ceil(at_once);
        let blocks = &weights.blocks;
        let blocks_at_once = even_parts(blocks.len(), blocks.len().div_ceil(TASKS_WANTED.div_ceil(tile_tasks)));
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..tile_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let blocks = &blocks[first_block..(first_block + blocks_at_once).min(blocks.len())];
            self.run_task(strips, first..(first + at_once).min(tiles), blocks, weights, turned);
        });
    }

    fn run_task(
        &self,
        strips: &[Strip],
        tiles: Range<usize>,
        blocks: &[OutputBlock],
        weights: &PreparedWeights,
        turned: &[f32],
    ) {
        let inputs = Transformed::new(tiles.len(), self.pitch);
        let mut transformed = Scratch::new(FILTER.places() * inputs.place_stride);
        for (index, tile) in tiles.clone().enumerate() {
            let (strip, [row, column]) = self.tile(strips, tile);
            let source = (strip.row + row * OUT) * self.row_stride() + column * OUT * self.pitch;
            let transform = TileIn {
                filter: FILTER,
                source: turned[source..].as_ptr(),
                row_stride: self.row_stride(),
                pitch: self.pitch,
                channels: self.pitch,
                target: transformed[inputs.at(0, index)..].as_mut_ptr(),
                place_stride: inputs.place_stride,
            };
            // SAFETY: strips have two rows and columns more than their tiles have outputs; the target has all places.
            unsafe { self.kernels.tile_in(&transform) };
        }
        let sums = multiply_places(self.kernels, weights, FILTER, blocks, tiles.len(), (inputs, &transformed));
        let mut start = tiles.start;
        while start < tiles.end {
            let (strip, [row, column]) = self.tile(strips, start);
            let count = (self.grid[1] - column).min(tiles.end - start);
            let position = [(strip.tile_rows.start + row) * OUT, column * OUT];
            for block in blocks {
                let source = sums.layout.at(0, start - tiles.start) + block.first - sums.first_channel;
                self.write_run(strip.image, position, count, block, sums.layout, &sums.values[source..]);
            }
            start += count;
        }
    }

    /// The strip of a tile, and its row and column there.
    fn tile<'s>(&self, strips: &'s [Strip], tile: usize) -> (&'s Strip, [usize; 2]) {
        let strip = &strips[strips.partition_point(|strip| strip.tiles <= tile) - 1];
        let within = tile - strip.tiles;
        (strip, [within / self.grid[1], within % self.grid[1]])
    }

    /// Transforms `count` tiles beside each other to outputs of a block's channels, and turns these back to planes.
    fn write_run(
        &self,
        image: usize,
        [y, x]: [usize; 2],
        count: usize,
        block: &OutputBlock,
        outputs: Transformed,
        source: &[f32],
    ) {
        let [height, width] = self.correlation.target_size;
        let channels = block.columns * self.kernels.lanes;
        let row_stride = count * OUT * channels;
        let mut pixels = Scratch::new(OUT * row_stride);
        let finish =
            Finish { bias: self.bias.as_ptr(), ending: Ending::Linear, slopes: std::ptr::null(), residual: None };
        for index in 0..count {
            let transform = TileOut {
                filter: FILTER,
                source: source[index * outputs.channels..].as_ptr(),
                place_stride: outputs.place_stride,
                channels,
                target: pixels[index * OUT * channels..].as_mut_ptr(),
                row_stride,
                pitch: channels,
                size: [OUT; 2],
                finish: finish.from(block.first),
            };
            // SAFETY: the sums hold the block's channels at every place, the bias has whole registers.
            unsafe { self.kernels.tile_out(&transform) };
        }
        let wanted = channels.min(self.correlation.target_channels - block.first);
        for row in 0..OUT.min(height - y) {
            let plane = image * self.correlation.target_channels + block.first;
            let matrix = Transposition {
                source: pixels[row * row_stride..].as_ptr(),
                source_stride: channels,
                rows: (count * OUT).min(width - x),
                columns: wanted,
                target: self.target.at((plane * height + y + row) * width + x),
                target_stride: height * width,
                fill: 0,
            };
            // SAFETY: the rows are those of the run, the target is within its planes; tasks write disjoint tiles or
            // channels.
            unsafe { self.kernels.transpose(&matrix) };
        }
    }
}
