//! Mean and covariance of features as they come in, in `f64`.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::error::FeatureError;
use super::rows::FeatureRows;

/// Rows that are added at once: they are centred on their own mean, so that large means cost no digits.
const ROWS_AT_ONCE: usize = 512;
/// Rows and columns of a tile of the scatter matrix.
const TILE: usize = 256;

/// Mean and scatter matrix of rows so far. Parts made on other threads or machines can be merged; the result is that of all rows
/// at once but for rounding. Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
/// variances".
///
/// # Shapes
/// - mean: `[dim]`
/// - scatter: `[dim, dim]`, the sum of the outer products of centred rows, kept as tiles on and above its diagonal
#[derive(Clone, Debug)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    tiles: Vec<Tile>,
}

/// A part of the scatter matrix.
#[derive(Clone, Debug)]
struct Tile {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    values: Vec<f64>,
}

/// Mean and covariance of the features of a set of pictures.
///
/// # Shapes
/// - mean: `[dim]`
/// - covariance: `[dim, dim]`, symmetric, divided by the number of pictures less one
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Pictures; unknown in files of other programs.
    pub count: Option<u64>,
    /// The mean of each feature.
    pub mean: Vec<f64>,
    /// Unbiased covariances.
    pub covariance: Vec<f64>,
}

fn tiles(dim: usize) -> Vec<Tile> {
    let parts: Vec<_> = (0..dim).step_by(TILE).map(|first| first..(first + TILE).min(dim)).collect();
    let mut tiles = Vec::new();
    for (index, rows) in parts.iter().enumerate() {
        for columns in &parts[index..] {
            let values = vec![0.0; rows.len() * columns.len()];
            tiles.push(Tile { rows: rows.clone(), columns: columns.clone(), values });
        }
    }
    tiles
}

impl Moments {
    /// Of no rows yet.
    pub fn new(dim: usize) -> Self {
        Self { count: 0, mean: vec![0.0; dim], tiles: tiles(dim) }
    }

    /// Of some rows.
    pub fn of(rows: &FeatureRows) -> Self {
        let mut moments = Self::new(rows.dim());
        moments.add(rows.values());
        moments
    }

    /// Rows so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds rows `[n, dim]`, which must be finite.
    ///
    /// # Panics
    /// If these are no whole rows.
    pub fn add(&mut self, rows: &[f32]) {
        let dim = self.mean.len();
        assert!(rows.len().is_multiple_of(dim), "rows are whole");
        for block in rows.chunks(ROWS_AT_ONCE * dim) {
            self.add_block(block);
        }
    }

    fn add_block(&mut self, rows: &[f32]) {
        let dim = self.mean.len();
        let count = rows.len() / dim;
        let mut mean = vec![0.0; dim];
        for row in rows.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter_mut().for_each(|sum| *sum /= count as f64);
        let centred: Vec<f64> = rows
            .chunks_exact(dim)
            .flat_map(|row| row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean))
            .collect();
        let all = MatRef::from_row_major_slice(&centred, count, dim);
        self.tiles.par_iter_mut().for_each(|tile| {
            let [rows, columns] = [&tile.rows, &tile.columns].map(|part| all.subcols(part.start, part.len()));
            let target = MatMut::from_row_major_slice_mut(&mut tile.values, rows.ncols(), columns.ncols());
            matmul(target, Accum::Add, rows.transpose(), columns, 1.0, Par::Seq);
        });
        self.shift(&mean, count as u64);
    }

    /// Takes the mean of further rows, whose own scatter is already added, into account.
    fn shift(&mut self, mean: &[f64], count: u64) {
        let (before, added) = (self.count as f64, count as f64);
        let total = before + added;
        if count == 0 {
            return;
        }
        let apart: Vec<f64> = mean.iter().zip(&self.mean).map(|(new, old)| new - old).collect();
        let weight = before * added / total;
        if weight > 0.0 {
            self.tiles.par_iter_mut().for_each(|tile| {
                let columns = &apart[tile.columns.clone()];
                let lines = tile.values.chunks_exact_mut(columns.len());
                for (line, row) in lines.zip(&apart[tile.rows.clone()]) {
                    line.iter_mut().zip(columns).for_each(|(value, column)| *value += weight * row * column);
                }
            });
        }
        self.mean.iter_mut().zip(&apart).for_each(|(mean, apart)| *mean += apart * added / total);
        self.count += count;
    }

    /// Adds the rows that `other` has seen.
    ///
    /// # Panics
    /// If those have another number of features.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.mean.len(), other.mean.len(), "rows of one network");
        for (tile, other) in self.tiles.iter_mut().zip(&other.tiles) {
            tile.values.iter_mut().zip(&other.values).for_each(|(value, other)| *value += other);
        }
        self.shift(&other.mean, other.count);
    }

    /// Mean and unbiased covariance.
    ///
    /// # Errors
    /// [`FeatureError::TooFew`] for fewer than two rows.
    pub fn statistics(&self) -> Result<Statistics, FeatureError> {
        if self.count < 2 {
            return Err(FeatureError::TooFew { least: 2, found: self.count as usize });
        }
        let (dim, divisor) = (self.mean.len(), (self.count - 1) as f64);
        let mut covariance = vec![0.0; dim * dim];
        for tile in &self.tiles {
            for (row, line) in tile.rows.clone().zip(tile.values.chunks_exact(tile.columns.len())) {
                for (column, value) in tile.columns.clone().zip(line) {
                    // On the diagonal, both halves of a tile are there; the upper one counts.
                    if column >= row {
                        covariance[row * dim + column] = value / divisor;
                        covariance[column * dim + row] = value / divisor;
                    }
                }
            }
        }
        Ok(Statistics { count: Some(self.count), mean: self.mean.clone(), covariance })
    }
}

impl Statistics {
    /// Features of a picture.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The moments that these statistics come from, to be merged; `None` where the number of pictures is unknown.
    pub fn moments(&self) -> Option<Moments> {
        let count = self.count?;
        let (dim, factor) = (self.dim(), count.saturating_sub(1) as f64);
        let mut tiles = tiles(dim);
        for tile in &mut tiles {
            let width = tile.columns.len();
            for (row, line) in tile.rows.clone().zip(tile.values.chunks_exact_mut(width)) {
                let source = &self.covariance[row * dim..][tile.columns.clone()];
                line.iter_mut().zip(source).for_each(|(value, covariance)| *value = covariance * factor);
            }
        }
        Some(Moments { count, mean: self.mean.clone(), tiles })
    }

    /// Whether everything is finite.
    ///
    /// # Errors
    /// [`FeatureError::StatisticsNotFinite`].
    pub fn check_finite(&self) -> Result<(), FeatureError> {
        for (part, values) in [("mean", &self.mean), ("covariance", &self.covariance)] {
            if let Some(found) = values.iter().find(|value| !value.is_finite()) {
                return Err(FeatureError::StatisticsNotFinite { part, found: *found });
            }
        }
        Ok(())
    }
}
