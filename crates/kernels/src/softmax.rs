//! Softmax of rows, with an exponential that the compiler turns into vectors.

use crate::isa::kernels;
use crate::plane::{sum, sum_of};
use crate::shape::{ShapeError, check_length, elements};
use rayon::prelude::*;

/// Lanes that look for the largest value independently.
const LANES: usize = 16;
/// Below this the exponential is not a normal number, and 0 here.
const SMALLEST: f32 = -87.0;

/// `e` to the power of `x`, which is not above 0, with an error of about 1e-7 of the result.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Added to a small number, it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    // The logarithm of 2 in two parts, so that the rest is exact.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut power = 1.987_569_1e-4_f32;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        power = power * rest + coefficient;
    }
    let power = power * rest * rest + rest + 1.0;
    let scaled = f32::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 23));
    if x < SMALLEST { 0.0 } else { scaled }
}

/// The largest value.
#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let (lanes, rest) = row.as_chunks::<LANES>();
    let mut largest = [f32::NEG_INFINITY; LANES];
    for values in lanes {
        for lane in 0..LANES {
            largest[lane] = if values[lane] > largest[lane] { values[lane] } else { largest[lane] };
        }
    }
    largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Exponentials of the values, divided by their sum.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let largest = largest(row);
    row.iter_mut().for_each(|value| *value = exp(*value - largest));
    let share = (1.0 / sum(row)) as f32;
    row.iter_mut().for_each(|value| *value *= share);
}

/// Turns the gradient of a row's softmax into that of the row: `output * (gradient - sum(gradient * output))`.
#[inline(always)]
pub(crate) fn softmax_gradient(output: &[f32], gradient: &mut [f32]) {
    let inner = sum_of(output, gradient, |output, gradient| output * gradient) as f32;
    gradient.iter_mut().zip(output).for_each(|(gradient, output)| *gradient = output * (*gradient - inner));
}

fn check(rows: usize, columns: usize, lengths: [(&'static str, usize); 2]) -> Result<usize, ShapeError> {
    if columns == 0 {
        return Err(ShapeError::Zero { field: "columns" });
    }
    let expected = elements([rows, columns, 1, 1])?;
    lengths.into_iter().try_for_each(|(argument, found)| check_length(argument, expected, found))?;
    Ok((1 << 12) / columns + 1)
}

/// Overwrites each row with its softmax. A row without a finite largest value becomes NaN.
///
/// # Shapes
/// - `values`: `[rows, columns]`
///
/// # Errors
/// [`ShapeError`] if `values` has another length or there are no columns; nothing is changed then.
pub fn softmax_rows([rows, columns]: [usize; 2], values: &mut [f32]) -> Result<(), ShapeError> {
    let min_rows = check(rows, columns, [("values", values.len()); 2])?;
    let kernels = kernels();
    values.par_chunks_exact_mut(columns).with_min_len(min_rows).for_each(|row| kernels.softmax(row));
    Ok(())
}

/// Overwrites `gradient`, the loss's with respect to the output of [`softmax_rows`], with that with respect to its input.
///
/// # Shapes
/// - `output`, `gradient`: `[rows, columns]`
///
/// # Errors
/// [`ShapeError`] if a slice has another length or there are no columns; nothing is changed then.
pub fn softmax_rows_gradient(
    [rows, columns]: [usize; 2],
    output: &[f32],
    gradient: &mut [f32],
) -> Result<(), ShapeError> {
    let min_rows = check(rows, columns, [("output", output.len()), ("gradient", gradient.len())])?;
    let kernels = kernels();
    let outputs = output.par_chunks_exact(columns);
    gradient.par_chunks_exact_mut(columns).with_min_len(min_rows).zip(outputs).for_each(|(gradient, output)| {
        kernels.softmax_gradient(output, gradient);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernels};

    #[test]
    fn exponentials_are_close_to_the_libraries() {
        for step in 0..87_000 {
            let x = step as f32 * -1e-3;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2e-7, "exp({x}): relative error {error}");
        }
        assert_eq!((exp(0.0), exp(-88.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn rows_sum_to_one_on_every_instruction_set() {
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let mut row: Vec<f32> = (0..777).map(|index| (index * 37 % 101) as f32 * 0.3 - 200.0).collect();
            let expected: Vec<f64> = row.iter().map(|value| f64::from(*value - 30.0 + 200.0).exp()).collect();
            let total: f64 = expected.iter().sum();
            kernels.softmax(&mut row);
            for (found, expected) in row.iter().zip(&expected) {
                assert!((f64::from(*found) - expected / total).abs() < 1e-6 * expected / total + 1e-30);
            }
        }
    }
}
