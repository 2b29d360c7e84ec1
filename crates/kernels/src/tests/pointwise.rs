//! Passes over single values against their definitions, on every instruction set of this machine.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::simd::dispatch::Kernels;
use crate::*;

const FUNCTIONS: [Pointwise; 3] = [Pointwise::Relu, Pointwise::LeakyRelu(0.2), Pointwise::Tanh];

fn reference(function: Pointwise, x: f64) -> f64 {
    match function {
        Pointwise::Relu => x.max(0.0),
        Pointwise::LeakyRelu(slope) if x <= 0.0 => x * f64::from(slope),
        Pointwise::LeakyRelu(_) => x,
        Pointwise::Tanh => x.tanh(),
    }
}

/// Small, usual, large and special values, of a length that fills no register.
fn inputs() -> Vec<f32> {
    let mut values: Vec<f32> =
        (-4000..4000).step_by(unless_miri(1, 100)).map(|step| step as f32 * 3e-3 + 1e-3).collect();
    values.extend([0.0, -0.0, 1e-30, -1e-30, 0.625, -0.625, 50.0, -50.0, 1e30, f32::INFINITY, f32::NEG_INFINITY]);
    values
}

#[test]
fn activations_match_their_definition() {
    let inputs = inputs();
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        for function in FUNCTIONS {
            let mut outputs = vec![f32::NAN; inputs.len()];
            kernels.activate(function, &inputs, &mut outputs);
            for (x, found) in inputs.iter().zip(&outputs) {
                let expected = reference(function, f64::from(*x)) as f32;
                let close = (found - expected).abs() <= 3e-7 * expected.abs();
                assert!(
                    close || *found == expected,
                    "{function:?}({x}) on {:?}: {found}, not {expected}",
                    kernels.isa()
                );
            }
            let mut of_nan = [0.0];
            kernels.activate(function, &[f32::NAN], &mut of_nan);
            assert!(of_nan[0].is_nan());
        }
    }
}

#[test]
fn gradients_of_activations_match_differences() {
    let inputs = inputs();
    let gradients = Random::new(1).values(inputs.len());
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        for function in FUNCTIONS {
            let mut outputs = vec![f32::NAN; inputs.len()];
            let mut found = outputs.clone();
            kernels.activate(function, &inputs, &mut outputs);
            kernels.activate_gradient(function, &outputs, &gradients, &mut found);
            for ((x, found), gradient) in inputs.iter().zip(&found).zip(&gradients).filter(|((x, _), _)| x.abs() > 1e-4)
            {
                let wide = f64::from(*x).clamp(-1e3, 1e3);
                let slope = (reference(function, wide + 1e-6) - reference(function, wide - 1e-6)) / 2e-6;
                assert!(
                    (f64::from(*found) - slope * f64::from(*gradient)).abs() < 1e-6,
                    "{function:?} at {x}: {found}"
                );
            }
            // PyTorch's derivatives at 0.
            let mut at_zero = [f32::NAN];
            kernels.activate_gradient(function, &[0.0], &[1.0], &mut at_zero);
            let expected = [0.0, 0.2, 1.0][FUNCTIONS.iter().position(|other| *other == function).expect("listed")];
            assert_eq!(at_zero, [expected], "{function:?}");
        }
    }
}

#[test]
fn absolute_errors_and_their_gradient_match_the_definition() {
    let mut random = Random::new(3);
    for len in [1, 7, unless_miri(1000, 50), unless_miri(70_001, 131)] {
        let (left, mut right) = (random.values(len), random.values(len));
        right[len / 2] = left[len / 2];
        let expected = left.iter().zip(&right).map(|(left, right)| f64::from((left - right).abs())).sum::<f64>();
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            assert!((kernels.absolute_errors(&left, &right) - expected).abs() <= 1e-6 * expected);
            let mut signs = vec![f32::NAN; len];
            kernels.error_signs(0.5, &left, &right, &mut signs);
            for (sign, (left, right)) in signs.iter().zip(left.iter().zip(&right)) {
                assert_eq!(*sign, if left == right { 0.0 } else { (left - right).signum() * 0.5 });
            }
        }
        let mean = mean_absolute_error(&left, &right).expect("lengths are equal");
        assert!((f64::from(mean) - expected / len as f64).abs() < 1e-6);
        let mut gradient = vec![f32::NAN; len];
        mean_absolute_error_gradient(&left, &right, 3.0, &mut gradient).expect("lengths are equal");
        let largest = gradient.iter().fold(0.0_f32, |largest, value| largest.max(*value));
        assert!(len < 8 || largest == 3.0 / len as f32);
    }
}

#[test]
fn scaled_sums_and_their_gradients_match_the_definition() {
    let mut random = Random::new(4);
    let [change, x, gradient] = [(); 3].map(|()| random.values(unless_miri(70_001, 131)));
    let (mut output, mut change_gradient) = (vec![f32::NAN; change.len()], vec![f32::NAN; change.len()]);
    scaled_sum(0.3, &change, &x, &mut output).expect("lengths are equal");
    let factor = scaled_sum_gradient(0.3, &change, &gradient, &mut change_gradient).expect("lengths are equal");
    for index in 0..change.len() {
        assert!((output[index] - (change[index] * 0.3 + x[index])).abs() < 1e-6);
        assert_eq!(change_gradient[index], gradient[index] * 0.3);
    }
    let expected: f64 = change.iter().zip(&gradient).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum();
    assert!((f64::from(factor) - expected).abs() < 1e-4 * expected.abs().max(1.0), "{factor}, expected {expected}");
}

#[test]
fn pointwise_results_do_not_depend_on_the_number_of_threads() {
    let mut random = Random::new(5);
    let [left, right] = [(); 2].map(|()| random.values(unless_miri(200_003, 20_003)));
    assert_same_for_any_threads(|| {
        let mut output = vec![0.0; left.len()];
        activation(Pointwise::Tanh, &left, &mut output).expect("lengths are equal");
        let mut gradient = vec![0.0; left.len()];
        activation_gradient(Pointwise::Tanh, &output, &right, &mut gradient).expect("lengths are equal");
        let factor = scaled_sum_gradient(0.3, &left, &right, &mut output).expect("lengths are equal");
        output.extend([mean_absolute_error(&left, &right).expect("lengths are equal"), factor]);
        [output, gradient].concat()
    });
}

#[test]
fn different_lengths_are_errors() {
    let found = mean_absolute_error(&[0.0; 3], &[0.0; 2]);
    assert_eq!(found, Err(ShapeError::Length { argument: "right", expected: 3, found: 2 }));
    let found = activation(Pointwise::Relu, &[0.0; 3], &mut [0.0; 2]);
    assert_eq!(found, Err(ShapeError::Length { argument: "output", expected: 3, found: 2 }));
}
