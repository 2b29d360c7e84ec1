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
use crate::prepared::tiles::{PlaceProduct, Sums, Transformed, multiply_places, tiles_of_task};
use crate::prepared::transforms::{Filter, TileIn, TileOut, TileTransform};
use crate::prepared::weights::{OutputBlock, PreparedWeights, blocks, transform_part};
use crate::scratch::{Scratch, Shared};
use crate::transpose::Transposition;
use crate::turned::{Strip, Turned};
use crate::vector::MAX_LANES;
use crate::winograd_transforms::{IN, OUT};
use rayon::prelude::*;
use std::ops::Range;

const FILTER: Filter = Filter::Four;
/// Elements of padded and turned sources at a time (16 MB).
const TURNED_ELEMENTS: usize = 1 << 22;
/// Tiles up to which weights are transformed where they are used; more share what was transformed once.
const FEW_TILES: usize = 96;
/// Input channels whose weights are transformed at a time: with 64 output channels 576 KB.
const INPUTS_PER_PART: usize = 64;
/// Rows and columns that tiles of inputs share.
const OVERLAP: usize = IN - OUT;

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

/// Where outputs go.
#[derive(Clone, Copy)]
enum Target {
    /// `[image][channel][row][column]`
    Planes(Shared),
    /// `[image][row][column][channel]`, pixels so many elements apart: whole registers.
    Pixels(Shared, usize),
}

/// Tiles beside each other.
struct Run<'a> {
    image: usize,
    /// Row and column of the first output.
    first: [usize; 2],
    count: usize,
    sums: &'a Sums,
    /// Where the first tile lies in the sums.
    start: usize,
}

/// A correlation that is computed by tiles.
struct Winograd<'a> {
    kernels: &'a Kernels,
    correlation: &'a Correlation<'a>,
    source: Turned<'a>,
    /// For whole registers of target channels.
    bias: Vec<f32>,
    target: Target,
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
    Winograd::new(kernels, correlation, bias, Target::Planes(Shared::new(target))).run(weight, layout);
}

/// Computes a correlation of which [`is_possible`] holds; each pixel holds its channels, filled up to whole registers,
/// side by side. Returns the pixels and the elements from one to the next.
pub(crate) fn correlate_to_pixels(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
) -> (Scratch, usize) {
    let pitch = correlation.target_channels.next_multiple_of(kernels.lanes);
    let mut pixels = Scratch::new(correlation.batch * correlation.target_size.iter().product::<usize>() * pitch);
    Winograd::new(kernels, correlation, None, Target::Pixels(Shared::new(&mut pixels), pitch)).run(weight, layout);
    (pixels, pitch)
}

impl<'a> Winograd<'a> {
    fn new(kernels: &'a Kernels, correlation: &'a Correlation<'a>, bias: Option<&[f32]>, target: Target) -> Self {
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(correlation.target_channels.next_multiple_of(kernels.lanes), 0.0);
        let source = Turned {
            kernels,
            source: correlation.source,
            channels: correlation.source_channels,
            size: correlation.source_size,
            axes: &correlation.axes,
            grid: correlation.target_size.map(|size| size.div_ceil(OUT)),
            overlap: OVERLAP,
        };
        Self { kernels, correlation, source, bias, target }
    }

    fn run(&self, weight: &[f32], layout: &WeightLayout) {
        let source = &self.source;
        let rows = self.correlation.batch * source.grid[0];
        if rows == 0 {
            return;
        }
        if rows * source.grid[1] <= FEW_TILES {
            self.run_few_tiles(weight, layout);
            return;
        }
        let at_once = even_parts(rows, TURNED_ELEMENTS / (IN * source.row_stride()));
        let mut turned = Scratch::new(source.most_rows(at_once) * source.row_stride());
        let mut weights = PreparedWeights::for_call(self.kernels, layout);
        for first in (0..rows).step_by(at_once) {
            let strips = source.strips(first..(first + at_once).min(rows));
            if first == 0 {
                // Beside the weights: one wait less for the other threads.
                rayon::join(|| weights.fill(self.kernels, weight, layout), || source.turn(&strips, &mut turned));
            } else {
                source.turn(&strips, &mut turned);
            }
            self.run_strips(&strips, &weights, &turned);
        }
    }

    /// Computes all outputs where weights are more work than tiles. A task has all tiles and a block of output channels;
    /// weights are transformed part by part, and each part is used for all tiles while it lies in the second-level cache.
    fn run_few_tiles(&self, weight: &[f32], layout: &WeightLayout) {
        let (source, lanes) = (&self.source, self.kernels.lanes);
        let rows = self.correlation.batch * source.grid[0];
        let tiles = rows * source.grid[1];
        let inputs = Transformed::new(tiles, source.pitch());
        let mut transformed = Scratch::new(FILTER.places() * inputs.place_stride);
        source.transform_tiles(TileTransform::Input(FILTER), 0..rows, inputs, &mut transformed);
        let strips = source.strips(0..rows);
        let part = even_parts(layout.source_channels, INPUTS_PER_PART);
        // Outputs do not depend on how channels are divided, so that the number of threads may.
        let registers = self.correlation.target_channels.div_ceil(lanes);
        let columns = registers.div_ceil(rayon::current_num_threads()).min(self.kernels.outer_columns);
        let blocks = blocks(self.kernels, columns, registers, 0);
        blocks.par_iter().with_max_len(1).for_each(|block| {
            let width = block.columns * lanes;
            let place_stride = part * width + MAX_LANES;
            let mut weights = Scratch::new(FILTER.places() * place_stride);
            let sums_layout = Transformed::new(tiles, width);
            let mut sums = Scratch::new(FILTER.places() * sums_layout.place_stride);
            for first in (0..layout.source_channels).step_by(part) {
                let channels = first..(first + part).min(layout.source_channels);
                let target = weights.as_mut_ptr();
                // SAFETY: the weights of this task have room for a part at every place.
                unsafe {
                    transform_part(self.kernels, weight, layout, block, channels.clone(), target, place_stride);
                }
                for place in 0..FILTER.places() {
                    let product = PlaceProduct {
                        kernels: self.kernels,
                        columns: block.columns,
                        tiles,
                        source: &transformed[inputs.at(place, 0)..][..inputs.place_stride],
                        target: sums[sums_layout.at(place, 0)..].as_mut_ptr(),
                        strides: [inputs.channels, width],
                    };
                    // SAFETY: the sums of this task have room for all tiles at every place.
                    unsafe { product.add(channels.clone(), weights[place * place_stride..].as_ptr()) };
                }
            }
            let sums = Sums { first_channel: block.first, layout: sums_layout, values: sums };
            self.write(&strips, 0..tiles, std::slice::from_ref(block), &sums);
        });
    }

    /// Computes the outputs of strips.
    fn run_strips(&self, strips: &[Strip], weights: &PreparedWeights, turned: &[f32]) {
        let tiles: usize = strips.iter().map(|strip| strip.tile_rows.len() * self.source.grid[1]).sum();
        let at_once = tiles_of_task(self.kernels, tiles, FILTER, self.source.pitch());
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
        let inputs = Transformed::new(tiles.len(), self.source.pitch());
        let mut transformed = Scratch::new(FILTER.places() * inputs.place_stride);
        for (index, tile) in tiles.clone().enumerate() {
            let (strip, position) = self.source.tile(strips, tile);
            let transform = TileIn {
                transform: TileTransform::Input(FILTER),
                source: turned[self.source.offset(strip, position)..].as_ptr(),
                row_stride: self.source.row_stride(),
                pitch: self.source.pitch(),
                channels: self.source.pitch(),
                target: transformed[inputs.at(0, index)..].as_mut_ptr(),
                place_stride: inputs.place_stride,
            };
            // SAFETY: strips have two rows and columns more than their tiles have outputs; the target has all places.
            unsafe { self.kernels.tile_in(&transform) };
        }
        let sums = multiply_places(self.kernels, weights, FILTER, blocks, tiles.len(), (inputs, &transformed));
        self.write(strips, tiles, blocks, &sums);
    }

    /// Transforms the sums of some tiles to outputs of the channels of blocks.
    fn write(&self, strips: &[Strip], tiles: Range<usize>, blocks: &[OutputBlock], sums: &Sums) {
        let mut start = tiles.start;
        while start < tiles.end {
            let (strip, [row, column]) = self.source.tile(strips, start);
            let count = (self.source.grid[1] - column).min(tiles.end - start);
            let run = Run {
                image: strip.image,
                first: [(strip.tile_rows.start + row) * OUT, column * OUT],
                count,
                sums,
                start: sums.layout.at(0, start - tiles.start),
            };
            for block in blocks {
                match self.target {
                    Target::Planes(target) => self.write_planes(&run, block, target),
                    Target::Pixels(target, pitch) => self.write_pixels(&run, block, target, pitch),
                }
            }
            start += count;
        }
    }

    /// Transforms a run to outputs of a block's channels, and turns these back to planes.
    fn write_planes(&self, run: &Run<'_>, block: &OutputBlock, target: Shared) {
        let ([height, width], [y, x]) = (self.correlation.target_size, run.first);
        let channels = block.columns * self.kernels.lanes;
        let row_stride = run.count * OUT * channels;
        let mut pixels = Scratch::new(OUT * row_stride);
        // SAFETY: the pixels have room for whole tiles.
        unsafe { self.transform_out(run, block, pixels.as_mut_ptr(), [row_stride, channels], [OUT, run.count * OUT]) };
        let wanted = channels.min(self.correlation.target_channels - block.first);
        for row in 0..OUT.min(height - y) {
            let plane = run.image * self.correlation.target_channels + block.first;
            let matrix = Transposition {
                source: pixels[row * row_stride..].as_ptr(),
                source_stride: channels,
                rows: (run.count * OUT).min(width - x),
                columns: wanted,
                target: target.at((plane * height + y + row) * width + x),
                target_stride: height * width,
                fill: 0,
            };
            // SAFETY: the rows are those of the run, the target is within its planes; tasks write disjoint tiles or
            // channels.
            unsafe { self.kernels.transpose(&matrix) };
        }
    }

    /// Transforms a run to outputs of a block's channels.
    fn write_pixels(&self, run: &Run<'_>, block: &OutputBlock, target: Shared, pitch: usize) {
        let ([height, width], [y, x]) = (self.correlation.target_size, run.first);
        let first = ((run.image * height + y) * width + x) * pitch + block.first;
        // SAFETY: what is written is limited to the picture; tasks write disjoint tiles or channels.
        unsafe {
            self.transform_out(run, block, target.at(first), [width * pitch, pitch], [height - y, width - x]);
        }
    }

    /// Transforms a run to outputs of a block's channels, of which the target has `size[0]` rows and `size[1]` columns,
    /// `strides` elements apart.
    ///
    /// # Safety
    /// The target is valid for these outputs of whole registers of channels, and no other thread touches them.
    unsafe fn transform_out(
        &self,
        run: &Run<'_>,
        block: &OutputBlock,
        target: *mut f32,
        [row_stride, pitch]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) {
        let Sums { first_channel, layout, values } = run.sums;
        let finish =
            Finish { bias: self.bias.as_ptr(), ending: Ending::Linear, slopes: std::ptr::null(), residual: None };
        for index in 0..run.count {
            let source = run.start + index * layout.channels + block.first - first_channel;
            let transform = TileOut {
                filter: FILTER,
                source: values[source..].as_ptr(),
                place_stride: layout.place_stride,
                channels: block.columns * self.kernels.lanes,
                target: target.wrapping_add(index * OUT * pitch),
                row_stride,
                pitch,
                size: [rows, columns - index * OUT],
                finish: finish.from(block.first),
            };
            // SAFETY: the sums hold the block's channels at every place, the bias has whole registers; the caller vouches
            // for the target.
            unsafe { self.kernels.tile_out(&transform) };
        }
    }
}
