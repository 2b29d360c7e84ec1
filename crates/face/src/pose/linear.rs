//! Small dense systems for the head pose: eigenvectors of a symmetric matrix and one linear solve. A linear algebra library would
//! serve as well, but changes the features of crates shared with the tensor library and doubles its build time.

/// Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations",
/// section 8.5); column `i` of the second result belongs to value `i`. In no particular order.
pub(crate) fn symmetric_eigen<const N: usize>(mut matrix: [[f64; N]; N]) -> ([f64; N], [[f64; N]; N]) {
    const MAX_SWEEPS: usize = 60; // quadratic convergence: ten are plenty
    let mut vectors = identity();
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..N {
            for q in p + 1..N {
                rotated |= rotate(&mut matrix, &mut vectors, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    (std::array::from_fn(|index| matrix[index][index]), vectors)
}

/// Makes element (p, q) zero; false if it is so already to working precision.
fn rotate<const N: usize>(matrix: &mut [[f64; N]; N], vectors: &mut [[f64; N]; N], p: usize, q: usize) -> bool {
    let off = matrix[p][q];
    if off.abs() <= f64::EPSILON * 1e-2 * (matrix[p][p] * matrix[q][q]).abs().sqrt() || off == 0.0 {
        return false;
    }
    let ratio = (matrix[q][q] - matrix[p][p]) / (2.0 * off);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for row in matrix.iter_mut().chain(vectors.iter_mut()) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    let (upper, lower) = (matrix[p], matrix[q]);
    matrix[p] = std::array::from_fn(|column| cosine * upper[column] - sine * lower[column]);
    matrix[q] = std::array::from_fn(|column| sine * upper[column] + cosine * lower[column]);
    true
}

pub(crate) fn identity<const N: usize>() -> [[f64; N]; N] {
    std::array::from_fn(|row| std::array::from_fn(|column| f64::from(u8::from(row == column))))
}

/// Solves `matrix * x = right` by elimination with row exchanges; `None` for a singular matrix.
pub(crate) fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let pivot = (column..N).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column] == 0.0 || !matrix[pivot][column].is_finite() {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let pivot_row = matrix[column];
        for row in column + 1..N {
            let factor = matrix[row][column] / pivot_row[column];
            for (value, above) in matrix[row].iter_mut().zip(pivot_row).skip(column) {
                *value -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    Some(right)
}

/// The rotation nearest to a matrix with positive determinant: its orthogonal polar factor. `None` if it has none.
pub(crate) fn nearest_rotation(matrix: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let gram = multiply(transpose(matrix), matrix);
    let (values, vectors) = symmetric_eigen(gram);
    if values.iter().any(|value| value.is_nan() || *value <= 0.0) {
        return None;
    }
    let root: [[f64; 3]; 3] = std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..3).map(|k| vectors[row][k] * vectors[column][k] / values[k].sqrt()).sum())
    });
    Some(multiply(matrix, root))
}

pub(crate) fn multiply(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|k| a[row][k] * b[k][column]).sum()))
}

pub(crate) fn transpose(matrix: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|row| std::array::from_fn(|column| matrix[column][row]))
}

pub(crate) fn apply(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
}

pub(crate) fn determinant(m: [[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::mersenne::MersenneTwister;

    fn random_symmetric(random: &mut MersenneTwister) -> [[f64; 6]; 6] {
        let half: [[f64; 6]; 6] = std::array::from_fn(|_| std::array::from_fn(|_| random.uniform() - 0.5));
        std::array::from_fn(|row| std::array::from_fn(|column| half[row][column] + half[column][row]))
    }

    #[test]
    fn eigenvectors_are_only_stretched() {
        let mut random = MersenneTwister::new(3);
        for _ in 0..50 {
            let matrix = random_symmetric(&mut random);
            let (values, vectors) = symmetric_eigen(matrix);
            for index in 0..6 {
                for row in 0..6 {
                    let stretched: f64 = (0..6).map(|k| matrix[row][k] * vectors[k][index]).sum();
                    assert!((stretched - values[index] * vectors[row][index]).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn solutions_solve_and_singular_systems_have_none() {
        let mut random = MersenneTwister::new(4);
        let matrix = random_symmetric(&mut random);
        let right = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let solution = solve(matrix, right).unwrap();
        for row in 0..6 {
            let found: f64 = (0..6).map(|k| matrix[row][k] * solution[k]).sum();
            assert!((found - right[row]).abs() < 1e-9);
        }
        assert_eq!(solve([[0.0; 2]; 2], [1.0, 1.0]), None);
    }

    #[test]
    fn the_nearest_rotation_of_a_scaled_rotation_is_that_rotation() {
        let turn = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        let found = nearest_rotation(turn.map(|row| row.map(|value| 7.5 * value))).unwrap();
        for (found, expected) in found.iter().flatten().zip(turn.iter().flatten()) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert!(nearest_rotation([[0.0; 3]; 3]).is_none());
    }
}
