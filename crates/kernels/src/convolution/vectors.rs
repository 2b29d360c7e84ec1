//! How output positions are divided among registers and register tiles.

use crate::partition::even_parts;
use crate::simd::convolution_tile::Segment;
use std::ops::Range;

/// Splits vectors into tiles of nearly equal width that the kernels have.
pub(crate) fn tile_ranges(vectors: usize, widest: usize) -> impl Iterator<Item = Range<usize>> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = vectors - first;
        let even = even_parts(left, widest);
        let columns = [6, 3, 2, 1].into_iter().find(|columns| *columns <= even).unwrap_or(1).min(left);
        first += columns;
        (columns > 0).then_some(first - columns..first)
    })
}

/// The vectors that cover the output positions of a task.
#[derive(Default)]
pub(crate) struct Vectors {
    /// Where each vector reads in a panel, for the tap at offset 0.
    pub(crate) sources: Vec<usize>,
    segments: Vec<Segment>,
    /// For each vector the end of its segments.
    ends: Vec<usize>,
}

impl Vectors {
    /// Covers `rows` by `width` outputs whose sources are `row_stride` apart, in whichever way needs fewer vectors: row
    /// by row, or straight on through the columns between the rows, whose results are dropped. `origin` is where the
    /// first output reads and is written.
    pub(crate) fn cover(&mut self, lanes: usize, rows: usize, width: usize, row_stride: usize, origin: [usize; 2]) {
        let by_row = rows * width.div_ceil(lanes);
        let straight = ((rows - 1) * row_stride + width).div_ceil(lanes);
        if by_row <= straight {
            for row in 0..rows {
                for column in (0..width).step_by(lanes) {
                    let position = row * row_stride + column;
                    self.push([position, (width - column).min(lanes)], [rows, width], row_stride, origin);
                }
            }
        } else {
            for vector in 0..straight {
                self.push([vector * lanes, lanes], [rows, width], row_stride, origin);
            }
        }
    }

    /// Adds a vector at `position`, of which the first `lanes` lanes count.
    fn push(
        &mut self,
        [position, lanes]: [usize; 2],
        [rows, width]: [usize; 2],
        row_stride: usize,
        origin: [usize; 2],
    ) {
        let mut lane = 0;
        while lane < lanes {
            let (row, column) = ((position + lane) / row_stride, (position + lane) % row_stride);
            let in_row = (row_stride - column).min(lanes - lane);
            let wanted = width.saturating_sub(column).min(in_row);
            if wanted > 0 && row < rows {
                let mask = (u32::MAX >> (32 - wanted)) << lane;
                let offset = (origin[1] + row * width + column) as isize - lane as isize;
                self.segments.push(Segment { offset, mask });
            }
            lane += in_row;
        }
        self.sources.push(origin[0] + position);
        self.ends.push(self.segments.len());
    }

    pub(crate) fn segments(&self, vector: usize) -> &[Segment] {
        let start = if vector == 0 { 0 } else { self.ends[vector - 1] };
        &self.segments[start..self.ends[vector]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_cover_every_output_once() {
        for (rows, width, row_stride) in [(3, 1, 1), (5, 4, 6), (4, 16, 18), (7, 14, 16), (2, 48, 52), (3, 28, 30)] {
            let mut vectors = Vectors::default();
            vectors.cover(16, rows, width, row_stride, [0, 0]);
            let mut seen = vec![0; rows * width];
            for vector in 0..vectors.sources.len() {
                for segment in vectors.segments(vector) {
                    for lane in (0..16).filter(|lane| segment.mask >> lane & 1 == 1) {
                        let output = (segment.offset + lane as isize) as usize;
                        let source = vectors.sources[vector] + lane;
                        assert_eq!(source, output / width * row_stride + output % width);
                        seen[output] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|count| *count == 1), "{rows} {width} {row_stride}");
        }
    }

    #[test]
    fn tiles_cover_every_vector_once() {
        for widest in [2, 3, 6] {
            for vectors in 0..30 {
                let covered: Vec<usize> = tile_ranges(vectors, widest).flatten().collect();
                assert_eq!(covered, (0..vectors).collect::<Vec<_>>());
            }
        }
    }
}
