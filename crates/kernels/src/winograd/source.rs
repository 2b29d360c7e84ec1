//! A source `[n, c, h, w]`, padded, converted to channels last and cut into rows of Winograd's tiles.

use super::columns::OUT;
use super::gemm::Transformed;
use super::tiles::{TileIn, TileTransform};
use crate::convolution::axis::Axis;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::Kernels;
use crate::simd::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

/// Elements that a task converts at least.
const ELEMENTS_PER_TASK: usize = 1 << 12;
/// Tiles of a task that transforms.
const TILES_PER_TASK: usize = 14;

/// What is converted to channels last.
pub(crate) struct TiledSource<'a> {
    pub(crate) kernels: &'a Kernels,
    /// `[batch, channels, size[0], size[1]]`.
    pub(crate) source: &'a [f32],
    pub(crate) channels: usize,
    pub(crate) size: [usize; 2],
    /// Padded rows and columns.
    pub(crate) axes: &'a [Axis; 2],
    /// Rows and columns of tiles of an image.
    pub(crate) grid: [usize; 2],
    /// Rows and columns that a tile shares with the next.
    pub(crate) overlap: usize,
}

/// Rows of tiles of one image, and where their padded rows start in the converted source.
pub(crate) struct Strip {
    pub(crate) image: usize,
    pub(crate) tile_rows: Range<usize>,
    /// First row of the converted source.
    row: usize,
    /// Tiles before those of the strip.
    tiles: usize,
}

impl TiledSource<'_> {
    /// Elements from a pixel to the next: channels, filled up to whole registers of any width.
    pub(crate) fn pitch(&self) -> usize {
        self.channels.next_multiple_of(MAX_LANES)
    }

    /// Elements from a padded row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        (self.grid[1] * OUT + self.overlap) * self.pitch()
    }

    /// Rows of the converted source that strips of so many rows of tiles have at most.
    pub(crate) fn most_rows(&self, tile_rows: usize) -> usize {
        // Each strip has its overlap once.
        OUT * tile_rows + self.overlap * (2 + tile_rows / self.grid[0])
    }

    /// Splits rows of tiles (of all images) by image.
    pub(crate) fn strips(&self, rows: Range<usize>) -> Vec<Strip> {
        let height = self.grid[0];
        let (mut row, mut tiles) = (0, 0);
        let images = rows.start / height..rows.end.div_ceil(height);
        let strip = |image: usize| {
            let start = rows.start.max(image * height) - image * height;
            let end = rows.end.min((image + 1) * height) - image * height;
            let strip = Strip { image, tile_rows: start..end, row, tiles };
            row += (end - start) * OUT + self.overlap;
            tiles += (end - start) * self.grid[1];
            strip
        };
        images.map(strip).collect()
    }

    /// The strip of a tile, and its row and column there.
    pub(crate) fn tile<'s>(&self, strips: &'s [Strip], tile: usize) -> (&'s Strip, [usize; 2]) {
        let strip = &strips[strips.partition_point(|strip| strip.tiles <= tile) - 1];
        let within = tile - strip.tiles;
        (strip, [within / self.grid[1], within % self.grid[1]])
    }

    /// Where the first pixel of a tile lies in the converted source.
    pub(crate) fn offset(&self, strip: &Strip, [row, column]: [usize; 2]) -> usize {
        (strip.row + row * OUT) * self.row_stride() + column * OUT * self.pitch()
    }

    /// Writes the padded rows of strips, `[row][column][channel]`.
    pub(crate) fn convert(&self, strips: &[Strip], pixels: &mut [f32]) {
        let stride = self.row_stride();
        let rows: Vec<[usize; 2]> = self.padded_rows(strips).collect();
        let targets = pixels.par_chunks_exact_mut(stride).zip(&rows);
        let at_once = ELEMENTS_PER_TASK / stride + 1;
        targets.with_min_len(at_once).for_each(|(target, [image, row])| self.convert_row(*image, *row, target));
    }

    /// As [`Self::convert`], on this thread.
    pub(crate) fn convert_here(&self, strips: &[Strip], pixels: &mut [f32]) {
        let targets = pixels.chunks_exact_mut(self.row_stride());
        self.padded_rows(strips).zip(targets).for_each(|([image, row], target)| self.convert_row(image, row, target));
    }

    /// Transforms rows of tiles (of all images) to `[point][tile][channel]`. Each task converts what its tiles need.
    pub(crate) fn transform_tiles(
        &self,
        transform: TileTransform,
        rows: Range<usize>,
        layout: Transformed,
        target: &mut [f32],
    ) {
        let at_once = (TILES_PER_TASK / self.grid[1]).max(1);
        let target = Shared::new(target);
        let tasks = rows.clone().into_par_iter().step_by(at_once).with_max_len(1);
        tasks.for_each(|first| {
            let strips = self.strips(first..(first + at_once).min(rows.end));
            let mut pixels = Scratch::new(self.most_rows(at_once) * self.row_stride());
            self.convert_here(&strips, &mut pixels);
            let tiles = strips.iter().map(|strip| strip.tile_rows.len() * self.grid[1]).sum();
            for index in 0..tiles {
                let (strip, position) = self.tile(&strips, index);
                let tile = TileIn {
                    transform,
                    source: pixels[self.offset(strip, position)..].as_ptr(),
                    row_stride: self.row_stride(),
                    pitch: self.pitch(),
                    channels: self.pitch(),
                    target: target.at(layout.at(0, (first - rows.start) * self.grid[1] + index)),
                    point_stride: layout.point_stride,
                };
                // SAFETY: strips have what their tiles share; tasks transform disjoint tiles.
                unsafe { self.kernels.tile_in(&tile) };
            }
        });
    }

    /// Image and padded row of each row of the converted source.
    fn padded_rows(&self, strips: &[Strip]) -> impl Iterator<Item = [usize; 2]> {
        strips.iter().flat_map(|strip| {
            let rows = strip.tile_rows.start * OUT..strip.tile_rows.end * OUT + self.overlap;
            rows.map(|row| [strip.image, row])
        })
    }

    /// Writes one padded row.
    fn convert_row(&self, image: usize, row: usize, target: &mut [f32]) {
        let Some(source_row) = self.axes[0].source(row) else {
            target.fill(0.0);
            return;
        };
        let ([height, width], pitch) = (self.size, self.pitch());
        let start = (image * self.channels * height + source_row) * width;
        let (interior, first_source) = self.axes[1].interior();
        let columns = target.len() / pitch;
        let inside = interior.start.min(columns)..interior.end.min(columns);
        if !inside.is_empty() {
            let rows = &self.source[start + first_source..];
            let target = &mut target[inside.start * pitch..inside.end * pitch];
            self.kernels.transpose_rows(rows, height * width, [self.channels, inside.len()], target, pitch);
        }
        for column in (0..inside.start).chain(inside.end..columns) {
            let pixel = &mut target[column * pitch..(column + 1) * pitch];
            pixel.fill(0.0);
            if let Some(source_column) = self.axes[1].source(column) {
                let values = self.source[start + source_column..].iter().step_by(height * width);
                pixel.iter_mut().zip(values.take(self.channels)).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
