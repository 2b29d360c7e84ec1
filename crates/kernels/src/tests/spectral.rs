//! Power iteration against its definition in double precision.

use super::{Random, assert_same_for_any_threads};
use crate::{ShapeError, power_step};

fn reference(weight: &[f32], u: &[f32], columns: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let normalise = |vector: Vec<f64>| {
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt() + 1e-12;
        vector.into_iter().map(|value| value / norm).collect::<Vec<_>>()
    };
    let mut v = vec![0.0; columns];
    for (row, factor) in weight.chunks_exact(columns).zip(u) {
        v.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) * f64::from(*factor));
    }
    let v = normalise(v);
    let product = |row: &[f32]| row.iter().zip(&v).map(|(value, v)| f64::from(*value) * v).sum::<f64>();
    let mapped: Vec<f64> = weight.chunks_exact(columns).map(product).collect();
    let u = normalise(mapped.clone());
    let sigma = u.iter().zip(&mapped).map(|(u, value)| u * value).sum();
    (u, v, sigma)
}

#[test]
fn steps_match_their_definition() {
    let mut random = Random::new(41);
    for [rows, columns] in [[1, 1], [32, 256], [7, 300], [64, 1], [128, 1000]] {
        let (weight, start) = (random.values(rows * columns), random.values(rows));
        let (mut u, mut v) = (start.clone(), vec![f32::NAN; columns]);
        let sigma = power_step(&weight, &mut u, &mut v).expect("the shape is possible");
        let expected = reference(&weight, &start, columns);
        assert!((f64::from(sigma) - expected.2).abs() <= 1e-5 * expected.2, "{rows}x{columns}");
        for (found, expected) in u.iter().zip(&expected.0).chain(v.iter().zip(&expected.1)) {
            assert!((f64::from(*found) - expected).abs() <= 1e-5, "{rows}x{columns}: {found}, expected {expected}");
        }
        assert_same_for_any_threads(|| {
            let (mut u, mut v) = (start.clone(), vec![0.0; columns]);
            let sigma = power_step(&weight, &mut u, &mut v).expect("the shape is possible");
            [u, v, vec![sigma]].concat()
        });
    }
}

#[test]
fn steps_approach_the_largest_singular_value() {
    // Orthogonal rows of lengths 3 and 1.
    let weight = [3.0, 0.0, 0.0, 0.0, 0.6, 0.8];
    let (mut u, mut v) = ([0.5, 0.5], [0.0; 3]);
    let sigma = (0..20).map(|_| power_step(&weight, &mut u, &mut v).expect("the shape is possible")).last();
    assert!((sigma.expect("there were steps") - 3.0).abs() < 1e-5);
}

#[test]
fn zeros_stay_finite_and_wrong_lengths_are_errors() {
    let (mut u, mut v) = ([1.0, 0.0], [0.0; 3]);
    assert_eq!(power_step(&[0.0; 6], &mut u, &mut v), Ok(0.0));
    assert_eq!((u, v), ([0.0; 2], [0.0; 3]));
    let found = power_step(&[0.0; 5], &mut u, &mut v);
    assert_eq!(found, Err(ShapeError::Length { argument: "weight", expected: 6, found: 5 }));
    assert_eq!(power_step(&[], &mut [], &mut v), Err(ShapeError::Zero { field: "rows" }));
}
