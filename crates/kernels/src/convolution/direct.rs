//! The direct correlation.
//!
//! The padded source is split into phases (see [`Axis`]), so that every stride becomes 1. A task copies the rows it
//! needs of a few channels at a time into a *panel* that stays in the cache. There, output position p of tap t reads
//! `panel[offset(t) + p]`: a matrix product whose rows are shifted pointers.

use super::axis::Axis;
use super::correlation::Correlation;
use super::packed_weights::PackedWeights;
use super::vectors::{Vectors, tile_ranges};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::convolution_tile::{ConvolutionTile, MAX_TILE_COLUMNS, Segment};
use crate::simd::dispatch::Kernels;
use crate::simd::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

/// Taps that a register tile sums before it goes to memory; what they read fits into the first-level cache.
const TAPS_PER_CHUNK: usize = 320;
/// Elements of a panel at most (256 KB), unless one channel needs more.
const PANEL_ELEMENTS: usize = 1 << 16;
/// Positions of a task, with few or many output channels.
const POSITIONS_PER_TASK: [usize; 2] = [2048, 768];
/// Tasks below which output channels are split too. Fixed, so that results do not depend on the number of threads.
const TASKS_WANTED: usize = 32;

/// How a correlation is cut into tasks; depends on shapes alone.
struct Plan<'a> {
    correlation: &'a Correlation<'a>,
    kernels: &'a Kernels,
    weights: &'a PackedWeights,
    bias: Option<&'a [f32]>,
    /// Images of a task; more than one only if a task takes all rows.
    images: usize,
    /// Output rows of a task.
    rows: usize,
    /// Weight blocks of a task.
    blocks: usize,
    /// Source channels of a panel.
    chunk: usize,
    /// Rows and columns of a phase beyond the output position.
    reach: [usize; 2],
    /// Read the source in place: nothing to pad or to split.
    in_place: bool,
    /// Pad the source once, because several tasks need the same rows.
    pad_once: bool,
}

/// Distances between elements of a padded source.
#[derive(Clone, Copy)]
struct Strides {
    row: usize,
    phase: usize,
    channel: usize,
    image: usize,
}

/// Some output rows of some output channels of one or more images.
struct Task<'a> {
    images: Range<usize>,
    rows: Range<usize>,
    /// Blocks of weights.
    blocks: Range<usize>,
    /// Padded source of all tasks; otherwise the task makes its own.
    shared: Option<&'a [f32]>,
    /// All outputs.
    target: Shared,
}

/// Computes a correlation; `bias` has one element for each target channel.
pub(crate) fn correlate(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weights: &PackedWeights,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    let plan = Plan::new(kernels, correlation, weights, bias);
    let padded = plan.padded_source();
    let shared = match &padded {
        _ if plan.in_place => Some(correlation.source),
        Some(padded) => Some(&padded[..]),
        None => None,
    };
    let height = correlation.target_size[0];
    let image_tasks = correlation.batch.div_ceil(plan.images);
    let row_tasks = height.div_ceil(plan.rows);
    let block_tasks = weights.blocks.len().div_ceil(plan.blocks);
    let target = Shared::new(target);
    (0..image_tasks * row_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
        let (image, part) = (task / (row_tasks * block_tasks) * plan.images, task % (row_tasks * block_tasks));
        let (block, row) = (part / row_tasks * plan.blocks, part % row_tasks * plan.rows);
        plan.run(&Task {
            images: image..(image + plan.images).min(correlation.batch),
            rows: row..(row + plan.rows).min(height),
            blocks: block..(block + plan.blocks).min(weights.blocks.len()),
            shared,
            target,
        });
    });
}

impl<'a> Plan<'a> {
    fn new(
        kernels: &'a Kernels,
        correlation: &'a Correlation<'a>,
        weights: &'a PackedWeights,
        bias: Option<&'a [f32]>,
    ) -> Self {
        let [height, width] = correlation.target_size;
        let stride = correlation.axes[0].stride;
        let reach = [0, 1].map(|axis| {
            let furthest = correlation.taps.iter().map(|tap| tap[axis]).max();
            furthest.unwrap_or(0) / stride
        });
        let positions = POSITIONS_PER_TASK[usize::from(correlation.target_channels > 2 * kernels.tile_rows)];
        let rows = even_parts(height, (positions / width).max(1));
        let in_place = correlation.taps == [[0, 0]]
            && stride == 1
            && correlation.target_size == correlation.source_size
            && width % kernels.lanes == 0;
        let images = if rows < height || in_place { 1 } else { (positions / (height * width)).max(1) };
        let images = even_parts(correlation.batch, images);
        let other_tasks = correlation.batch.div_ceil(images) * height.div_ceil(rows);
        let groups = TASKS_WANTED.div_ceil(other_tasks.max(1)).min(weights.blocks.len().div_ceil(4));
        let plane = if in_place { height * width } else { stride * stride * (height + reach[0]) * (width + reach[1]) };
        // Offsets within a chunk fit into 32 bits.
        let mut chunk = (TAPS_PER_CHUNK / correlation.taps.len()).min(u32::MAX as usize / plane);
        if !in_place {
            let elements = stride * stride * (rows + reach[0]) * (width + reach[1]);
            chunk = chunk.min(PANEL_ELEMENTS / (elements * images));
        }
        Self {
            correlation,
            kernels,
            weights,
            bias,
            images,
            rows,
            blocks: even_parts(weights.blocks.len(), weights.blocks.len().div_ceil(groups.max(1))),
            chunk: even_parts(correlation.source_channels, chunk),
            reach,
            in_place,
            pad_once: !in_place && groups > 1,
        }
    }

    /// Strides of a padded source with some output rows and channels.
    fn strides(&self, rows: usize, channels: usize) -> Strides {
        let [source_height, source_width] = self.correlation.source_size;
        let stride = self.correlation.axes[0].stride;
        let (row, phase, channel) = if self.in_place {
            (source_width, 0, source_height * source_width)
        } else {
            let row = self.correlation.target_size[1] + self.reach[1];
            let phase = (rows + self.reach[0]) * row;
            (row, phase, stride * stride * phase)
        };
        Strides { row, phase, channel, image: channels * channel }
    }

    /// The whole source with its padding, if it is to be padded once.
    fn padded_source(&self) -> Option<Scratch> {
        let Correlation { source, source_size, source_channels, batch, axes, .. } = self.correlation;
        if !self.pad_once {
            return None;
        }
        let strides = self.strides(self.correlation.target_size[0], *source_channels);
        let mut padded = Scratch::new(batch * strides.image + MAX_LANES);
        let planes = source.par_chunks_exact(source_size[0] * source_size[1]);
        let targets = padded.par_chunks_exact_mut(strides.channel).take(batch * source_channels);
        planes.zip(targets).with_min_len((1 << 12) / strides.channel + 1).for_each(|(source, target)| {
            fill_panel(axes, source, 0, target, strides.row);
        });
        Some(padded)
    }

    /// Computes a task.
    fn run(&self, task: &Task<'_>) {
        let correlation = self.correlation;
        let [source_height, source_width] = correlation.source_size;
        let source_plane = source_height * source_width;
        let [height, width] = correlation.target_size;
        let strides = match task.shared {
            Some(_) => self.strides(height, correlation.source_channels),
            None => self.strides(task.rows.len(), self.chunk),
        };
        // Vectors may read up to a register beyond the last position they need.
        let own_len = if task.shared.is_some() { 0 } else { task.images.len() * strides.image + MAX_LANES };
        let mut own = Scratch::new(own_len);
        let offsets = self.offsets(strides);
        let mut vectors = Vectors::default();
        for image in 0..task.images.len() {
            let origin = [image * strides.image, image * correlation.target_channels * height * width];
            vectors.cover(self.kernels.lanes, task.rows.len(), width, strides.row, origin);
        }
        for first in (0..correlation.source_channels).step_by(self.chunk) {
            let channels = first..(first + self.chunk).min(correlation.source_channels);
            let start = if let Some(shared) = task.shared {
                let image = task.images.start * strides.image;
                shared[image + first * strides.channel + task.rows.start * strides.row..].as_ptr()
            } else {
                for (image, panel) in task.images.clone().zip(own.chunks_exact_mut(strides.image)) {
                    let plane = image * correlation.source_channels + first;
                    let planes = correlation.source.chunks_exact(source_plane).skip(plane).take(channels.len());
                    for (source, panel) in planes.zip(panel.chunks_exact_mut(strides.channel)) {
                        fill_panel(&correlation.axes, source, task.rows.start, panel, strides.row);
                    }
                }
                own.as_ptr()
            };
            let offsets = &offsets[..channels.len() * correlation.taps.len()];
            // SAFETY: every vector of `vectors` can be read at every offset: where padded thanks to the registers behind the panel, in
            // place because rows are whole registers. Tasks write disjoint images, rows or channels.
            unsafe { self.run_chunk(task, first, start, offsets, &vectors) };
        }
    }

    /// Where each (channel, tap) pair of a chunk reads in a panel.
    fn offsets(&self, strides: Strides) -> Vec<u32> {
        let stride = self.correlation.axes[0].stride;
        let tap = |&[y, x]: &[usize; 2]| {
            (y % stride * stride + x % stride) * strides.phase + y / stride * strides.row + x / stride
        };
        let taps: Vec<usize> = self.correlation.taps.iter().map(tap).collect();
        let starts = (0..self.chunk).map(|channel| channel * strides.channel);
        starts.flat_map(|start| taps.iter().map(move |tap| (start + tap) as u32)).collect()
    }

    /// Adds the source channels from `first_channel` on, one for each tap in `offsets`, to the outputs of a task.
    ///
    /// # Safety
    /// Each of `vectors` can be read at each offset from `panel`; no other thread writes the outputs of the task.
    unsafe fn run_chunk(
        &self,
        task: &Task<'_>,
        first_channel: usize,
        panel: *const f32,
        offsets: &[u32],
        vectors: &Vectors,
    ) {
        let correlation = self.correlation;
        let [height, width] = correlation.target_size;
        let bias = self.bias.filter(|_| first_channel == 0);
        for blocks in self.weights.blocks[task.blocks.clone()].chunk_by(|left, right| left.rows == right.rows) {
            for columns in tile_ranges(vectors.sources.len(), self.kernels.tile_columns(blocks[0].rows)) {
                let mut sources = [panel; MAX_TILE_COLUMNS];
                let mut segments: [&[Segment]; MAX_TILE_COLUMNS] = [&[]; MAX_TILE_COLUMNS];
                for (slot, vector) in columns.clone().enumerate() {
                    sources[slot] = panel.wrapping_add(vectors.sources[vector]);
                    segments[slot] = vectors.segments(vector);
                }
                for block in blocks {
                    let plane = task.images.start * correlation.target_channels + block.first;
                    let tile = ConvolutionTile {
                        rows: block.rows,
                        columns: columns.len(),
                        weights: self.weights.from(*block, first_channel * correlation.taps.len()).as_ptr(),
                        offsets,
                        sources,
                        segments,
                        target: task.target.at((plane * height + task.rows.start) * width),
                        target_stride: height * width,
                        channels: block.channels,
                        accumulate: first_channel > 0,
                        bias: bias.map_or(std::ptr::null(), |bias| bias[block.first..].as_ptr()),
                    };
                    // SAFETY: the caller vouches for sources and outputs; the weights have a row for every offset.
                    unsafe { self.kernels.convolution_tile(&tile) };
                }
            }
        }
    }
}

/// Copies padded rows of one channel from an output row on, phase by phase.
pub(crate) fn fill_panel(axes: &[Axis; 2], source: &[f32], first_row: usize, panel: &mut [f32], row_stride: usize) {
    let [rows, columns] = axes;
    let stride = rows.stride;
    let source_width = columns.source_len();
    for (index, phase) in panel.chunks_exact_mut(panel.len() / (stride * stride)).enumerate() {
        let (phase_y, phase_x) = (index / stride, index % stride);
        for (row, target) in phase.chunks_exact_mut(row_stride).enumerate() {
            match rows.source((first_row + row) * stride + phase_y) {
                Some(source_row) => {
                    columns.gather(&source[source_row * source_width..][..source_width], phase_x, target);
                }
                None => target.fill(0.0),
            }
        }
    }
}
