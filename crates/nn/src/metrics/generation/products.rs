//! Products of rows with rows, block by block.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::rows::FeatureRows;

/// Rows of a block.
const BLOCK: usize = 128;

/// Rows in `f64`, with their squared lengths. Distances are taken from a common origin near the rows, which costs fewest digits.
#[derive(Debug)]
pub(super) struct WideRows {
    dim: usize,
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl WideRows {
    /// Rows less an origin.
    pub(super) fn new(rows: &FeatureRows, origin: &[f64]) -> Self {
        let dim = rows.dim();
        let wide =
            |row: &[f32]| row.iter().zip(origin).map(|(value, origin)| f64::from(*value) - origin).collect::<Vec<_>>();
        let values: Vec<f64> = rows.values().chunks_exact(dim).flat_map(wide).collect();
        let squares = values.chunks_exact(dim).map(|row| row.iter().map(|value| value * value).sum()).collect();
        Self { dim, values, squares }
    }

    pub(super) fn len(&self) -> usize {
        self.squares.len()
    }

    fn block(&self, first: usize, count: usize) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.values[first * self.dim..][..count * self.dim], count, self.dim)
    }

    /// For each row, what `summarise` makes of its products with all rows of `other`; the first argument is the row's number.
    pub(super) fn products<T: Send>(&self, other: &Self, summarise: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
        let blocks: Vec<Vec<T>> = (0..self.len())
            .into_par_iter()
            .step_by(BLOCK)
            .map(|first| {
                let count = BLOCK.min(self.len() - first);
                let mut products = vec![0.0; count * other.len()];
                let target = MatMut::from_row_major_slice_mut(&mut products, count, other.len());
                matmul(
                    target,
                    Accum::Replace,
                    self.block(first, count),
                    other.block(0, other.len()).transpose(),
                    1.0,
                    Par::Seq,
                );
                let lines = products.chunks_exact(other.len());
                lines.enumerate().map(|(row, line)| summarise(first + row, line)).collect()
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }

    /// As [`products`](Self::products), of squared Euclidean distances.
    pub(super) fn distances<T: Send>(&self, other: &Self, summarise: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
        self.products(other, |row, line| {
            let own = self.squares[row];
            let distances: Vec<f64> = line
                .iter()
                .zip(&other.squares)
                .map(|(product, square)| (own + square - 2.0 * product).max(0.0))
                .collect();
            summarise(row, &distances)
        })
    }
}
