//! PReLU against its definition, its gradients against differences of values.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::simd::dispatch::Kernels;
use crate::{Isa, Prelu, ShapeError};

const SHAPES: [Prelu; 5] = [
    Prelu { batch: 2, channels: 3, plane: 35 },
    Prelu { batch: 1, channels: 1, plane: 1 },
    Prelu { batch: 3, channels: 2, plane: unless_miri(4099, 67) },
    Prelu { batch: 4, channels: unless_miri(130, 7), plane: 42 },
    Prelu { batch: 0, channels: 3, plane: 5 },
];

fn reference(x: f64, weight: f32) -> f64 {
    if x > 0.0 { x } else { x * f64::from(weight) }
}

/// Values of both signs; weights too, for nothing keeps training from making them negative.
fn operands(shape: &Prelu) -> [Vec<f32>; 3] {
    let mut random = Random::new(shape.plane as u64);
    let count = shape.batch * shape.channels * shape.plane;
    [random.values(count), random.values(shape.channels), random.values(count)]
}

#[test]
fn planes_match_the_definition_on_every_instruction_set() {
    let mut random = Random::new(11);
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        for len in [1, 15, 16, 42, unless_miri(4099, 67)] {
            let (mut input, upstream) = (random.values(len), random.values(len));
            input[len / 2] = 0.0;
            for weight in [0.25, 0.0, -0.5, 2.0] {
                let (mut output, mut gradient) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                kernels.prelu(weight, &input, &mut output);
                let of_weight = kernels.prelu_gradient(weight, &input, &upstream, &mut gradient);
                let mut expected_of_weight = 0.0;
                for index in 0..len {
                    let (x, upstream) = (input[index], upstream[index]);
                    assert_eq!(output[index], reference(f64::from(x), weight) as f32, "{:?}", kernels.isa());
                    assert_eq!(
                        gradient[index],
                        if x > 0.0 { upstream } else { upstream * weight },
                        "{:?}",
                        kernels.isa()
                    );
                    expected_of_weight += if x > 0.0 { 0.0 } else { f64::from(x) * f64::from(upstream) };
                }
                let error = (of_weight - expected_of_weight).abs() / expected_of_weight.abs().max(1.0);
                assert!(error < 1e-6, "{of_weight}, expected {expected_of_weight} on {:?}", kernels.isa());
            }
        }
        let mut of_nan = [0.0];
        kernels.prelu(0.25, &[f32::NAN], &mut of_nan);
        assert!(of_nan[0].is_nan());
    }
}

/// The function is piecewise linear: differences in double precision are exact away from 0.
#[test]
fn gradients_match_differences() {
    for shape in SHAPES {
        let [input, weights, upstream] = operands(&shape);
        let channel = |index: usize| index / shape.plane % shape.channels;
        let mut output = vec![f32::NAN; input.len()];
        shape.forward(&input, &weights, &mut output).expect("lengths fit");
        let (mut of_input, mut of_weights) = (vec![f32::NAN; input.len()], vec![f32::NAN; weights.len()]);
        shape.gradient(&input, &weights, &upstream, &mut of_input, &mut of_weights).expect("lengths fit");
        let mut expected_of_weights = vec![0.0_f64; weights.len()];
        for (index, x) in input.iter().enumerate() {
            let (x, upstream, weight) = (f64::from(*x), f64::from(upstream[index]), weights[channel(index)]);
            assert_eq!(output[index], reference(x, weight) as f32);
            let step = x.abs() / 2.0;
            let of_x = (reference(x + step, weight) - reference(x - step, weight)) / (2.0 * step) * upstream;
            assert!(step == 0.0 || (f64::from(of_input[index]) - of_x).abs() < 1e-6, "{of_x}");
            let of_weight = (reference(x, weight + 0.5) - reference(x, weight - 0.5)) * upstream;
            expected_of_weights[channel(index)] += of_weight;
        }
        for (found, expected) in of_weights.iter().zip(expected_of_weights) {
            assert!((f64::from(*found) - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found}, not {expected}");
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let shape = Prelu { batch: 5, channels: 7, plane: unless_miri(3001, 601) };
    let [input, weights, upstream] = operands(&shape);
    assert_same_for_any_threads(|| {
        let mut output = vec![0.0; input.len()];
        shape.forward(&input, &weights, &mut output).expect("lengths fit");
        let (mut of_input, mut of_weights) = (vec![0.0; input.len()], vec![0.0; weights.len()]);
        shape.gradient(&input, &weights, &upstream, &mut of_input, &mut of_weights).expect("lengths fit");
        [output, of_input, of_weights].concat()
    });
}

#[test]
fn wrong_lengths_name_the_argument() {
    let shape = Prelu { batch: 1, channels: 2, plane: 3 };
    let found = shape.forward(&[0.0; 6], &[0.0; 3], &mut [0.0; 6]);
    assert_eq!(found, Err(ShapeError::Length { argument: "weight", expected: 2, found: 3 }));
    let found = shape.gradient(&[0.0; 6], &[0.0; 2], &[0.0; 5], &mut [0.0; 6], &mut [0.0; 2]);
    assert_eq!(found, Err(ShapeError::Length { argument: "output_gradient", expected: 6, found: 5 }));
    let huge = Prelu { batch: usize::MAX, ..shape };
    assert_eq!(huge.forward(&[], &[0.0; 2], &mut []), Err(ShapeError::Overflow));
}
