//! Planes cut into the tiles of Winograd's algorithm, for the gradient of weights.

use crate::axis::Axis;
use crate::cover::even_parts;
use crate::isa::Kernels;
use crate::scratch::{Scratch, Shared};
use crate::vector::MAX_LANES;
use crate::winograd_transforms::{IN, InputTransform, OUT};
use rayon::prelude::*;
use std::ops::Range;

/// Places of an input tile.
pub(crate) const PLACES: usize = IN * IN;
/// Elements of transformed inputs and outputs at a time (16 MB), so that they stay in the last-level cache.
const TRANSFORMED_ELEMENTS: usize = 1 << 22;

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
