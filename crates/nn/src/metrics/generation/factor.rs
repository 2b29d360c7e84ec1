//! Square roots of covariances.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};

use super::error::FeatureError;
use super::moments::Statistics;
use super::rows::FeatureRows;

/// Tasks of a decomposition. A fixed number: the order of its sums, and with it the last bits, does not depend on the machine.
const TASKS: usize = 4;

/// How decompositions and products are split.
pub(super) fn parallelism() -> Par {
    Par::rayon(TASKS)
}

/// A matrix whose product with its own transpose is a covariance, and its pseudo-inverse.
///
/// # Shapes
/// - root: `[dim, rank]`
/// - inverse: `[rank, dim]`; empty where the root was made from rows
#[derive(Clone, Debug)]
pub(super) struct Factor {
    pub(super) root: Mat<f64>,
    pub(super) inverse: Mat<f64>,
}

impl Factor {
    /// From the eigenvectors of a covariance. Eigenvalues that are rounding, or below zero because of it, are left out.
    pub(super) fn of_covariance(statistics: &Statistics) -> Result<Self, FeatureError> {
        let dim = statistics.dim();
        faer::set_global_parallelism(parallelism());
        let covariance = MatRef::from_row_major_slice(&statistics.covariance, dim, dim);
        let decomposed =
            covariance.self_adjoint_eigen(Side::Lower).map_err(|_| FeatureError::NotConverged { size: dim })?;
        let values: Vec<f64> = decomposed.S().column_vector().iter().copied().collect();
        let largest = values.iter().copied().fold(0.0, f64::max);
        let least = largest * dim as f64 * f64::EPSILON;
        let first = values.iter().position(|value| *value > least).unwrap_or(dim);
        let (vectors, roots) = (decomposed.U(), &values[first..]);
        let at = |row: usize, column: usize| vectors[(row, first + column)];
        let root = Mat::from_fn(dim, roots.len(), |row, column| at(row, column) * roots[column].sqrt());
        let inverse = Mat::from_fn(roots.len(), dim, |row, column| at(column, row) / roots[row].sqrt());
        Ok(Self { root, inverse })
    }

    /// From rows, of which there are at most as many as features: the centred rows themselves.
    pub(super) fn of_rows(rows: &FeatureRows, mean: &[f64]) -> Self {
        let scale = 1.0 / ((rows.len() - 1) as f64).sqrt();
        let root = Mat::from_fn(rows.dim(), rows.len(), |feature, picture| {
            (f64::from(rows.row(picture)[feature]) - mean[feature]) * scale
        });
        Self { root, inverse: Mat::new() }
    }

    /// The product of the one's transpose with the other: `[rank, other rank]`.
    pub(super) fn product(&self, other: &Self) -> Mat<f64> {
        let mut product = Mat::zeros(self.root.ncols(), other.root.ncols());
        matmul(&mut product, Accum::Replace, self.root.transpose(), &other.root, 1.0, parallelism());
        product
    }

    /// The sum of the singular values of [`product`](Self::product): the trace of the square root of the product of both
    /// covariances. No square root is taken of a number that rounding has made small.
    pub(super) fn trace_of_root(&self, other: &Self) -> Result<f64, FeatureError> {
        let size = self.root.nrows();
        if self.root.ncols() == 0 || other.root.ncols() == 0 {
            return Ok(0.0);
        }
        faer::set_global_parallelism(parallelism());
        let product = self.product(other);
        let values = product.singular_values().map_err(|_| FeatureError::NotConverged { size })?;
        Ok(values.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::generation::moments::Moments;

    /// Eigenvalues that are nothing but rounding would make the inverse enormous.
    #[test]
    fn a_covariance_of_few_pictures_has_their_rank() {
        let dim = 96;
        let mut rows = FeatureRows::new(dim);
        for picture in 0..4 {
            let row: Vec<f32> = (0..dim).map(|feature| ((feature * 7 + picture * 13) as f32 * 0.37).sin()).collect();
            rows.extend(&row).expect("a whole row");
        }
        let statistics = Moments::of(&rows).statistics().expect("several rows");
        let factor = Factor::of_covariance(&statistics).expect("it converges");
        assert_eq!((factor.root.ncols(), factor.inverse.nrows()), (3, 3));
    }
}
