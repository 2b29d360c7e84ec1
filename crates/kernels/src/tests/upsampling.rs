//! Upsampling with convolution against the two steps one after the other.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::UpsampledConv2d;
use crate::convolution::forward::forward_with;
use crate::convolution::input_gradient::input_gradient_with;
use crate::convolution::weight_gradient::weight_gradient_with;
use crate::simd::dispatch::{Kernels, WinogradPolicy};
use crate::{Conv2d, Isa, Padding, ShapeError};

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, place: &str) {
    let scale = expected.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() / scale < tolerance, "{place}[{index}]: {found}, expected {expected}");
    }
}

/// Repeats each pixel twice in both directions.
fn upsample(input: &[f32], height: usize, width: usize) -> Vec<f32> {
    let mut output = Vec::with_capacity(4 * input.len());
    for plane in input.chunks_exact(height * width) {
        for y in 0..2 * height {
            output.extend((0..2 * width).map(|x| plane[y / 2 * width + x / 2]));
        }
    }
    output
}

/// The adjoint of [`upsample`].
fn sum_squares(gradient: &[f32], height: usize, width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; gradient.len() / 4];
    for (index, value) in gradient.iter().enumerate() {
        let (plane, y, x) = (index / (4 * height * width), index / (2 * width) % (2 * height), index % (2 * width));
        sums[(plane * height + y / 2) * width + x / 2] += value;
    }
    sums
}

fn check(small: &UpsampledConv2d, winograd: WinogradPolicy, tolerance: f32) {
    let UpsampledConv2d { batch, in_channels, in_height, in_width, out_channels } = *small;
    let large = Conv2d {
        batch,
        in_channels,
        in_height: 2 * in_height,
        in_width: 2 * in_width,
        out_channels,
        kernel: [5, 5],
        stride: 1,
        padding: 2,
        mode: Padding::Reflect,
    };
    let mut random = Random::new((in_height * 100 + in_width) as u64);
    let input = random.values(batch * in_channels * in_height * in_width);
    let weight = random.values(out_channels * in_channels * 25);
    let bias = random.values(out_channels);
    let gradient = random.values(batch * out_channels * 4 * in_height * in_width);
    let upsampled = upsample(&input, in_height, in_width);
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        let place = format!("{small:?} {:?} {winograd:?}", kernels.isa());
        let reference = &kernels.with_winograd(WinogradPolicy::Never);
        let kernels = &kernels.with_winograd(winograd);
        let (mut found, mut expected) = (vec![f32::NAN; gradient.len()], vec![f32::NAN; gradient.len()]);
        small.forward_with(kernels, &input, &weight, Some(&bias), &mut found).expect("shape");
        forward_with(reference, &large, &upsampled, &weight, Some(&bias), &mut expected).expect("shape");
        assert_close(&found, &expected, tolerance, &place);
        let (mut found, mut expected) = (vec![f32::NAN; input.len()], vec![f32::NAN; upsampled.len()]);
        small.input_gradient_with(kernels, &weight, &gradient, &mut found).expect("shape");
        input_gradient_with(reference, &large, &weight, &gradient, &mut expected).expect("shape");
        assert_close(&found, &sum_squares(&expected, in_height, in_width), tolerance, &place);
        let (mut found, mut expected) = (vec![f32::NAN; weight.len()], vec![f32::NAN; weight.len()]);
        small.weight_gradient_with(kernels, &input, &gradient, &mut found).expect("shape");
        weight_gradient_with(reference, &large, &upsampled, &gradient, &mut expected).expect("shape");
        assert_close(&found, &expected, tolerance, &place);
    }
}

#[test]
fn upsampled_convolution_matches_the_two_steps() {
    let [in_channels, out_channels] = unless_miri([5, 7], [2, 3]);
    for (winograd, tolerance) in [(WinogradPolicy::Never, 3e-6), (WinogradPolicy::Always, 2e-5)] {
        let sizes = [(2, 2), (2, 7), (3, 2), (4, 4), (5, 9), (12, 17), (16, 16)];
        for (batch, (in_height, in_width)) in sizes.into_iter().take(unless_miri(7, 2)).enumerate() {
            let small = UpsampledConv2d { batch: batch % 3 + 1, in_channels, in_height, in_width, out_channels };
            check(&small, winograd, tolerance);
        }
        let large = UpsampledConv2d { batch: 1, in_channels: 40, in_height: 20, in_width: 24, out_channels: 20 };
        check(&UpsampledConv2d { batch: unless_miri(1, 0), ..large }, winograd, tolerance);
        check(&UpsampledConv2d { batch: 0, ..large }, winograd, tolerance);
    }
}

#[test]
fn upsampled_results_do_not_depend_on_the_number_of_threads() {
    let [in_channels, in_height, in_width, out_channels] = unless_miri([20, 17, 20, 12], [2, 5, 4, 3]);
    let small = UpsampledConv2d { batch: 2, in_channels, in_height, in_width, out_channels };
    let [inputs, outputs] = [in_channels, out_channels].map(|channels| 2 * channels * in_height * in_width);
    let mut random = Random::new(8);
    let [input, weight, gradient] =
        [inputs, in_channels * out_channels * 25, 4 * outputs].map(|len| random.values(len));
    assert_same_for_any_threads(|| {
        let (mut output, mut inputs, mut weights) = (gradient.clone(), input.clone(), weight.clone());
        small.forward(&input, &weight, None, &mut output).expect("shape");
        small.input_gradient(&weight, &gradient, &mut inputs).expect("shape");
        small.weight_gradient(&input, &gradient, &mut weights).expect("shape");
        [output, inputs, weights].concat()
    });
}

#[test]
fn impossible_upsamplings_are_errors() {
    let small = UpsampledConv2d { batch: 1, in_channels: 1, in_height: 1, in_width: 4, out_channels: 1 };
    let error = small.forward(&[0.0; 4], &[0.0; 25], None, &mut [0.0; 16]);
    assert_eq!(error, Err(ShapeError::ReflectTooWide { padding: 2, input: [2, 8] }));
    let small = UpsampledConv2d { in_height: 2, ..small };
    let error = small.forward(&[0.0; 8], &[0.0; 24], None, &mut [0.0; 32]);
    assert_eq!(error, Err(ShapeError::Length { argument: "weight", expected: 25, found: 24 }));
}
