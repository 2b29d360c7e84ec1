//! Convolution and its gradients against their definition in double precision, on every instruction set of this
//! machine.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::convolution::forward::forward_with;
use crate::convolution::input_gradient::input_gradient_with;
use crate::convolution::weight_gradient::weight_gradient_with;
use crate::simd::dispatch::{Kernels, WinogradPolicy};
use crate::{Conv2d, Isa, Padding, bias_gradient};

/// Index of the source row or column at a padded coordinate.
fn source(coordinate: usize, len: usize, padding: usize, mode: Padding) -> Option<usize> {
    let (position, last) = (coordinate as isize - padding as isize, len as isize - 1);
    let inside = match mode {
        Padding::Zero => return (0..=last).contains(&position).then_some(position as usize),
        Padding::Reflect => last - (last - position.abs()).abs(),
        Padding::Replicate => position.clamp(0, last),
    };
    Some(inside as usize)
}

/// Calls `visit(output index, input index, weight index)` for every product of a convolution.
pub(super) fn products(conv: &Conv2d, mut visit: impl FnMut(usize, usize, usize)) {
    let [height, width] = conv.output_size().expect("shape is possible");
    let [kernel_height, kernel_width] = conv.kernel;
    for image in 0..conv.batch {
        for out_channel in 0..conv.out_channels {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let output = ((image * conv.out_channels + out_channel) * height + y) * width + x;
                for in_channel in 0..conv.in_channels {
                    for (ky, kx) in (0..kernel_height).flat_map(|ky| (0..kernel_width).map(move |kx| (ky, kx))) {
                        let row = source(y * conv.stride + ky, conv.in_height, conv.padding, conv.mode);
                        let column = source(x * conv.stride + kx, conv.in_width, conv.padding, conv.mode);
                        let (Some(row), Some(column)) = (row, column) else {
                            continue;
                        };
                        let plane = image * conv.in_channels + in_channel;
                        let input = (plane * conv.in_height + row) * conv.in_width + column;
                        let tap = (out_channel * conv.in_channels + in_channel) * kernel_height + ky;
                        visit(output, input, tap * kernel_width + kx);
                    }
                }
            }
        }
    }
}

/// The convolution itself, under Miri with fewer images, channels, rows and columns.
pub(super) fn affordable(conv: &Conv2d) -> Conv2d {
    let [images, channels, size] = unless_miri([usize::MAX; 3], [2, 3, 7]);
    Conv2d {
        batch: conv.batch.min(images),
        in_channels: conv.in_channels.min(channels),
        out_channels: conv.out_channels.min(channels),
        in_height: conv.in_height.min(size),
        in_width: conv.in_width.min(size),
        ..*conv
    }
}

struct Case {
    conv: Conv2d,
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    output_gradient: Vec<f32>,
}

impl Case {
    /// A case under Miri too, and so [`affordable`].
    fn new(conv: Conv2d, seed: u64) -> Self {
        Self::exactly(affordable(&conv), seed)
    }

    fn exactly(conv: Conv2d, seed: u64) -> Self {
        let [height, width] = conv.output_size().expect("shape is possible");
        let mut random = Random::new(seed);
        Self {
            conv,
            input: random.values(conv.batch * conv.in_channels * conv.in_height * conv.in_width),
            weight: random.values(conv.out_channels * conv.in_channels * conv.kernel[0] * conv.kernel[1]),
            bias: random.values(conv.out_channels),
            output_gradient: random.values(conv.batch * conv.out_channels * height * width),
        }
    }

    /// Output, gradient of the input, of the weight and of the bias.
    fn computed(&self, kernels: &Kernels) -> [Vec<f32>; 4] {
        let conv = &self.conv;
        let [mut output, mut input, mut weight, mut bias] =
            [&self.output_gradient, &self.input, &self.weight, &self.bias].map(|like| vec![f32::NAN; like.len()]);
        forward_with(kernels, conv, &self.input, &self.weight, Some(&self.bias), &mut output).expect("shape");
        input_gradient_with(kernels, conv, &self.weight, &self.output_gradient, &mut input).expect("shape");
        weight_gradient_with(kernels, conv, &self.input, &self.output_gradient, &mut weight).expect("shape");
        bias_gradient(conv, &self.output_gradient, &mut bias).expect("shape");
        [output, input, weight, bias]
    }

    /// The same in double precision, by the definition.
    fn reference(&self) -> [Vec<f64>; 4] {
        let [mut output, mut input, mut weight, mut bias] =
            [&self.output_gradient, &self.input, &self.weight, &self.bias].map(|like| vec![0.0_f64; like.len()]);
        let plane = self.output_gradient.len() / (self.conv.batch * self.conv.out_channels).max(1);
        for (index, (output, gradient)) in output.iter_mut().zip(&self.output_gradient).enumerate() {
            let channel = index / plane % self.conv.out_channels;
            *output = f64::from(self.bias[channel]);
            bias[channel] += f64::from(*gradient);
        }
        products(&self.conv, |o, i, w| {
            output[o] += f64::from(self.input[i]) * f64::from(self.weight[w]);
            input[i] += f64::from(self.output_gradient[o]) * f64::from(self.weight[w]);
            weight[w] += f64::from(self.output_gradient[o]) * f64::from(self.input[i]);
        });
        [output, input, weight, bias]
    }

    /// Compares with the reference on every instruction set; the error is relative to the largest value.
    fn check(&self, tolerance: f64) {
        self.check_with(WinogradPolicy::Never, tolerance);
    }

    fn check_with(&self, winograd: WinogradPolicy, tolerance: f64) {
        let reference = self.reference();
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let kernels = &kernels.with_winograd(winograd);
            let names = ["output", "input gradient", "weight gradient", "bias gradient"];
            for ((name, found), expected) in names.iter().zip(self.computed(kernels)).zip(&reference) {
                let scale = expected.iter().fold(1.0_f64, |scale, value| scale.max(value.abs()));
                for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                    let error = (f64::from(*found) - expected).abs() / scale;
                    let place = format!("{name}[{index}] on {:?} of {:?}", kernels.isa(), self.conv);
                    assert!(error < tolerance, "{place}: {found}, expected {expected}");
                }
            }
        }
    }
}

#[test]
fn winograd_matches_the_reference() {
    let mut random = Random::new(7);
    for seed in 0..unless_miri(if cfg!(debug_assertions) { 10 } else { 100 }, 3) {
        let conv = Conv2d { kernel: [3, 3], stride: 1, ..random_conv(&mut random) };
        if conv.output_size().is_ok() {
            Case::new(conv, seed).check_with(WinogradPolicy::Always, 2e-5);
        }
    }
    // Tiles that share transformed weights and converted sources, where an interpreter cannot afford the layers below.
    let plane = Conv2d { batch: 1, in_channels: 1, in_height: 38, in_width: 41, out_channels: 1, ..SMALL };
    Case::exactly(plane, 4).check_with(WinogradPolicy::Always, 1e-5);
    let large = Conv2d { in_channels: 64, in_height: 30, in_width: 41, out_channels: 48, ..SMALL };
    for mode in [Padding::Zero, Padding::Reflect, Padding::Replicate] {
        Case::new(Conv2d { mode, ..large }, 1).check_with(WinogradPolicy::Always, 1e-5);
        // Few tiles, weights in several parts, both forward and backward.
        let deep = Conv2d { in_channels: 150, in_height: 11, in_width: 9, out_channels: 70, ..SMALL };
        Case::new(Conv2d { mode, ..deep }, 2).check_with(WinogradPolicy::Always, 1e-5);
        Case::new(Conv2d { mode, in_channels: 70, out_channels: 150, ..deep }, 3)
            .check_with(WinogradPolicy::Always, 1e-5);
    }
}

/// Of a kernel of 5 with stride 2 the phases of the input's gradient are 3x3 correlations with stride 1.
#[test]
fn strided_kernels_with_3x3_phases_match_the_reference() {
    for (kernel, stride, mode) in [(5, 2, Padding::Reflect), (6, 2, Padding::Zero), (7, 3, Padding::Replicate)] {
        let kernel = [kernel; 2];
        let conv = Conv2d { in_channels: 17, out_channels: 18, in_height: 20, kernel, stride, mode, ..SMALL };
        Case::new(conv, 6).check_with(WinogradPolicy::Always, 2e-6);
    }
}

fn random_conv(random: &mut Random) -> Conv2d {
    loop {
        let mode = [Padding::Zero, Padding::Reflect, Padding::Replicate][random.below(3)];
        let conv = Conv2d {
            batch: 1 + random.below(3),
            in_channels: 1 + random.mostly_below(9, 40),
            in_height: 1 + random.below(20),
            in_width: 1 + random.mostly_below(20, 70),
            out_channels: 1 + random.mostly_below(9, 40),
            kernel: [1 + random.below(7), 1 + random.below(7)],
            stride: 1 + random.below(3),
            padding: random.below(5),
            mode,
        };
        if conv.output_size().is_ok() {
            return conv;
        }
    }
}

#[test]
fn random_shapes_match_the_reference() {
    let mut random = Random::new(1);
    for seed in 0..unless_miri(if cfg!(debug_assertions) { 30 } else { 250 }, 5) {
        Case::new(random_conv(&mut random), seed).check(2e-6);
    }
}

const SMALL: Conv2d = Conv2d {
    batch: 2,
    in_channels: 3,
    in_height: 9,
    in_width: 10,
    out_channels: 5,
    kernel: [3, 3],
    stride: 1,
    padding: 1,
    mode: Padding::Reflect,
};

#[test]
fn network_layers_match_the_reference() {
    let layers = [
        Conv2d { kernel: [7, 7], padding: 3, in_height: 32, in_width: 48, out_channels: 16, ..SMALL },
        Conv2d { kernel: [7, 7], padding: 3, in_channels: 32, in_width: 32, out_channels: 3, ..SMALL },
        Conv2d { kernel: [4, 4], stride: 2, in_channels: 16, in_width: 24, out_channels: 32, ..SMALL },
        Conv2d { in_channels: 64, in_height: 14, in_width: 12, out_channels: 64, ..SMALL },
        Conv2d { kernel: [5, 5], padding: 2, in_channels: 24, in_width: 112, out_channels: 12, ..SMALL },
        Conv2d { kernel: [1, 1], padding: 0, in_channels: 70, in_height: 8, out_channels: 33, in_width: 6, ..SMALL },
        Conv2d { kernel: [4, 4], stride: 2, in_channels: 40, in_height: 4, in_width: 4, out_channels: 40, ..SMALL },
        Conv2d { kernel: [4, 4], padding: 0, in_channels: 20, in_height: 4, in_width: 4, out_channels: 1, ..SMALL },
    ];
    for (seed, conv) in layers.into_iter().enumerate() {
        Case::new(conv, seed as u64).check(2e-6);
    }
}

#[test]
fn extreme_shapes_match_the_reference() {
    let shapes = [
        // One element, one column, one row.
        Conv2d { in_height: 1, in_width: 1, kernel: [1, 1], padding: 0, ..SMALL },
        Conv2d { in_width: 1, kernel: [3, 1], padding: 0, ..SMALL },
        Conv2d { in_height: 1, kernel: [1, 3], padding: 0, ..SMALL },
        // Kernels as large as the padded input.
        Conv2d { in_height: 3, in_width: 3, kernel: [7, 7], padding: 2, ..SMALL },
        Conv2d { in_height: 3, in_width: 4, kernel: [7, 8], padding: 2, mode: Padding::Zero, ..SMALL },
        // Padding beyond the kernel: outputs that see zeros only, or the same element many times.
        Conv2d { kernel: [1, 1], padding: 3, mode: Padding::Zero, ..SMALL },
        Conv2d { kernel: [2, 1], padding: 12, mode: Padding::Replicate, ..SMALL },
        Conv2d { in_height: 2, in_width: 2, kernel: [1, 1], stride: 3, padding: 9, mode: Padding::Zero, ..SMALL },
        // Strides beyond the kernel, rows that no window reaches.
        Conv2d { kernel: [2, 1], stride: 4, ..SMALL },
        Conv2d { kernel: [3, 3], stride: 50, ..SMALL },
        Conv2d { batch: 9, in_channels: 1, out_channels: 1, ..SMALL },
    ];
    for (seed, conv) in shapes.into_iter().enumerate() {
        Case::new(conv, seed as u64).check(2e-6);
    }
}

#[test]
fn no_images_are_no_work() {
    let case = Case::new(Conv2d { batch: 0, ..SMALL }, 0);
    case.check(1e-9);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let convs = [
        Conv2d { in_channels: 32, in_height: 56, in_width: 48, out_channels: 48, ..SMALL },
        Conv2d { in_channels: 70, out_channels: 130, ..SMALL },
        Conv2d { kernel: [7, 7], padding: 3, in_channels: 20, in_height: 40, in_width: 40, ..SMALL },
        Conv2d { kernel: [4, 4], stride: 2, in_height: 64, in_width: 64, out_channels: 64, ..SMALL },
    ];
    for conv in convs {
        let case = Case::new(conv, 3);
        for winograd in [WinogradPolicy::Never, WinogradPolicy::Always] {
            let kernels = crate::simd::dispatch::kernels().with_winograd(winograd);
            assert_same_for_any_threads(|| case.computed(&kernels).concat());
        }
    }
}

#[test]
fn long_sums_stay_accurate() {
    let conv = Conv2d { batch: 4, in_height: 96, in_width: 96, kernel: [3, 3], ..SMALL };
    let mut case = Case::new(conv, 5);
    // All of one sign: naive sums of 36864 terms would lose digits.
    case.input.iter_mut().chain(&mut case.output_gradient).for_each(|value| *value = value.abs());
    case.check(1e-6);
}
