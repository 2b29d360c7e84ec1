//! Normalisation against its definition in double precision.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::*;

const SHAPES: [(usize, usize, usize); 5] =
    [(2, 3, 35), (1, 1, 4), (3, 2, unless_miri(4099, 67)), (2, 5, 1), (1, 20, unless_miri(64, 3))];

/// Instance or layer normalisation of one image or plane, by the definition.
fn reference(norm: &Normalization, layer: bool, input: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let group = if layer { norm.channels * norm.plane } else { norm.plane };
    let mut output = Vec::with_capacity(input.len());
    for (index, values) in input.chunks_exact(group).enumerate() {
        let mean = values.iter().sum::<f64>() / group as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let epsilon = f64::from(norm.epsilon);
        let deviation = if layer {
            (squares / (group as f64 - 1.0).max(1.0)).sqrt() + epsilon
        } else {
            (squares / group as f64 + epsilon).sqrt()
        };
        output.extend(values.iter().enumerate().map(|(position, value)| {
            let channel = if layer { position / norm.plane } else { index };
            let value = (value - mean) / deviation * scale[channel] + shift[channel];
            if norm.activation == Activation::Relu { value.max(0.0) } else { value }
        }));
    }
    output
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, place: &str) {
    let scale = expected.iter().fold(1.0_f64, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs() / scale;
        assert!(error < tolerance, "{place}[{index}]: {found}, expected {expected}");
    }
}

fn check(layer: bool, (batch, channels, plane): (usize, usize, usize), activation: Activation) {
    let norm = Normalization { batch, channels, plane, epsilon: 1e-5, activation };
    let mut random = Random::new(plane as u64);
    // A large mean, which naive variances do not survive.
    let input: Vec<f32> = random.values(batch * channels * plane).iter().map(|value| value + 20.0).collect();
    let affine_len = if layer { channels } else { batch * channels };
    let (scale, shift) = (random.values(affine_len), random.values(affine_len));
    let gradient = random.values(input.len());
    let affine = Some((&scale[..], &shift[..]));
    let (mut output, mut input_gradient) = (vec![f32::NAN; input.len()], vec![f32::NAN; input.len()]);
    let (statistics, sums) = if layer {
        let statistics = layer_norm(&norm, &input, affine, &mut output).expect("shape");
        let sums = layer_norm_gradient(&norm, &input, affine, &statistics, &gradient, &mut input_gradient);
        (statistics, sums.expect("shape"))
    } else {
        let residual = vec![0.5; input.len()];
        let statistics = instance_norm(&norm, &input, affine, Some(&residual), &mut output).expect("shape");
        output.iter_mut().for_each(|value| *value -= 0.5);
        let sums = instance_norm_gradient(&norm, &input, affine, &statistics, &gradient, &mut input_gradient);
        (statistics, sums.expect("shape"))
    };
    let again = if layer { layer_statistics(&norm, &input) } else { instance_statistics(&norm, &input) };
    assert_eq!(again, Ok(statistics.clone()), "statistics computed alone");
    assert_eq!(statistics.mean.len(), if layer { batch } else { batch * channels });
    let place = format!("layer {layer} {batch}x{channels}x{plane} {activation:?}");
    let [wide, scale, shift] =
        [&input, &scale, &shift].map(|values| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>());
    let loss = |input: &[f64], scale: &[f64], shift: &[f64]| -> f64 {
        let output = reference(&norm, layer, input, scale, shift);
        output.iter().zip(&gradient).map(|(output, gradient)| output * f64::from(*gradient)).sum()
    };
    assert_close(&output, &reference(&norm, layer, &wide, &scale, &shift), 2e-5, &place);
    for index in (0..input.len()).step_by(input.len() / 40 + 1) {
        let [above, below] = [1e-6, -1e-6].map(|step| {
            let mut input = wide.clone();
            input[index] += step;
            loss(&input, &scale, &shift)
        });
        let expected = (above - below) / 2e-6;
        let error = (f64::from(input_gradient[index]) - expected).abs() / expected.abs().max(1.0);
        assert!(error < 1e-3, "{place} input gradient {index}: {}, expected {expected}", input_gradient[index]);
    }
    for index in 0..affine_len {
        let moved = |values: &[f64], step: f64| {
            let mut values = values.to_vec();
            values[index] += step;
            values
        };
        let by_scale = loss(&wide, &moved(&scale, 1e-6), &shift) - loss(&wide, &moved(&scale, -1e-6), &shift);
        let by_shift = loss(&wide, &scale, &moved(&shift, 1e-6)) - loss(&wide, &scale, &moved(&shift, -1e-6));
        let expected = [by_scale / 2e-6, by_shift / 2e-6];
        assert_close(&[sums.scale[index], sums.shift[index]], &expected, 2e-5, &place);
    }
}

#[test]
fn instance_norm_matches_the_reference() {
    for shape in SHAPES.into_iter().filter(|shape| shape.2 > 1) {
        check(false, shape, Activation::None);
        check(false, shape, Activation::Relu);
    }
}

#[test]
fn layer_norm_matches_the_reference() {
    for shape in SHAPES {
        check(true, shape, Activation::None);
        check(true, shape, Activation::Relu);
    }
}

#[test]
fn constant_planes_become_their_shift() {
    let norm = Normalization { batch: 1, channels: 2, plane: 3, epsilon: 1e-5, activation: Activation::Relu };
    let affine = Some((&[2.0, 3.0][..], &[0.25, -1.0][..]));
    for layer in [false, true] {
        let mut output = [f32::NAN; 6];
        let statistics = if layer {
            layer_norm(&norm, &[7.0; 6], affine, &mut output)
        } else {
            instance_norm(&norm, &[7.0; 6], affine, None, &mut output)
        };
        let statistics = statistics.expect("shape");
        assert_eq!(output, [0.25, 0.25, 0.25, 0.0, 0.0, 0.0]);
        let mut gradient = [f32::NAN; 6];
        let backward = if layer { layer_norm_gradient } else { instance_norm_gradient };
        backward(&norm, &[7.0; 6], affine, &statistics, &[1.0; 6], &mut gradient).expect("shape");
        assert!(gradient.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn wrong_lengths_are_errors() {
    let norm = Normalization { batch: 1, channels: 2, plane: 3, epsilon: 1e-5, activation: Activation::None };
    let found = instance_norm(&norm, &[0.0; 6], None, Some(&[0.0; 5]), &mut [0.0; 6]);
    assert_eq!(found, Err(ShapeError::Length { argument: "residual", expected: 6, found: 5 }));
    let found = layer_norm(&Normalization { plane: 0, ..norm }, &[], None, &mut []);
    assert_eq!(found, Err(ShapeError::Zero { field: "plane" }));
}

#[test]
fn normalised_results_do_not_depend_on_the_number_of_threads() {
    // Small planes would be one task.
    const PLANE: usize = unless_miri(4000, 1100);
    let norm = Normalization { batch: 2, channels: 9, plane: PLANE, epsilon: 1e-5, activation: Activation::Relu };
    let mut random = Random::new(2);
    let [input, gradient] = [2 * 9 * PLANE; 2].map(|len| random.values(len));
    assert_same_for_any_threads(|| {
        let [mut output, mut instance, mut layer] = [(); 3].map(|()| vec![0.0; input.len()]);
        let statistics = instance_norm(&norm, &input, None, None, &mut output).expect("shape");
        let sums = instance_norm_gradient(&norm, &input, None, &statistics, &gradient, &mut instance).expect("shape");
        let statistics = layer_norm(&norm, &input, None, &mut layer).expect("shape");
        output.extend(layer.iter().chain(&sums.scale).chain(&sums.shift));
        let sums = layer_norm_gradient(&norm, &input, None, &statistics, &gradient, &mut layer).expect("shape");
        [output, instance, layer, sums.scale, sums.shift, statistics.mean].concat()
    });
}

#[test]
fn no_images_are_no_work() {
    let norm = Normalization { batch: 0, channels: 2, plane: 3, epsilon: 1e-5, activation: Activation::None };
    let statistics = layer_norm(&norm, &[], None, &mut []).expect("shape");
    assert!(statistics.mean.is_empty());
}
