//! Power iteration towards the largest singular value of a matrix, for spectral normalisation.

use crate::error::{ShapeError, check_length, check_not_zero, elements};
use crate::simd::dispatch::kernels;
use rayon::prelude::*;

/// Columns of a task of the product with the transposed matrix.
const COLUMNS_PER_TASK: usize = 256;
/// Elements of a task of the product with the matrix, at least.
const ELEMENTS_PER_TASK: usize = 1 << 13;
/// Keeps a vector of zeros from being divided by zero.
const EPSILON: f32 = 1e-12;

/// One step of power iteration: `v = n(Wᵀ u)`, `u = n(W v)` with `n(z) = z / (|z| + 1e-12)`; returns `u · W v`, which
/// comes closer to the largest singular value with every step. Miyato et al. 2018,
/// <https://arxiv.org/abs/1802.05957>, algorithm 1.
///
/// # Shapes
/// - weight: `[rows, columns]`
/// - u: `[rows]`, v: `[columns]`; what `v` holds does not matter
///
/// # Errors
/// [`ShapeError`] if the weight has another length than both vectors say or a vector is empty; nothing is written then.
pub fn power_step(weight: &[f32], u: &mut [f32], v: &mut [f32]) -> Result<f32, ShapeError> {
    let columns = v.len();
    check_not_zero(&[("rows", u.len()), ("columns", columns)])?;
    check_length("weight", elements([u.len(), columns, 1, 1])?, weight.len())?;
    v.par_chunks_mut(COLUMNS_PER_TASK).enumerate().for_each(|(task, part)| {
        part.fill(0.0);
        for (row, factor) in weight.chunks_exact(columns).zip(&*u) {
            kernels().add_scaled(*factor, &row[task * COLUMNS_PER_TASK..][..part.len()], part);
        }
    });
    normalise(v);
    let rows = weight.par_chunks_exact(columns).with_min_len(ELEMENTS_PER_TASK / columns + 1);
    let mapped: Vec<f32> = rows.map(|row| kernels().dot(row, v) as f32).collect();
    u.copy_from_slice(&mapped);
    normalise(u);
    Ok(kernels().dot(u, &mapped) as f32)
}

/// In single precision, as the reference does it.
fn normalise(vector: &mut [f32]) {
    let norm = (kernels().dot(vector, vector) as f32).sqrt() + EPSILON;
    vector.iter_mut().for_each(|value| *value /= norm);
}
