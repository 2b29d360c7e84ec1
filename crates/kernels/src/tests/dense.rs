//! Layers between dense maps against their definitions in double precision, with every instruction set.

use super::Random;
use crate::simd::dispatch::Kernels;
use crate::{
    DenseConvolution, DenseShape, DepthwiseConvolution, Isa, OutputActivation, ShapeError, add_upsampled, shortcut,
};

fn all_kernels() -> impl Iterator<Item = &'static Kernels> {
    Isa::ALL.into_iter().filter_map(Kernels::of)
}

/// A map with channels as random says, garbage behind them where `garbage` is set.
fn map(random: &mut Random, shape: DenseShape, garbage: f32) -> Vec<f32> {
    let mut values = vec![garbage; shape.elements()];
    for pixel in values.chunks_exact_mut(shape.pitch()) {
        pixel[..shape.channels()].copy_from_slice(&random.values(shape.channels()));
    }
    values
}

fn at(values: &[f32], shape: DenseShape, y: usize, x: usize, channel: usize) -> f64 {
    f64::from(values[(y * shape.size()[1] + x) * shape.pitch() + channel])
}

fn assert_close(found: &[f32], expected: impl Fn(usize, usize, usize) -> f64, shape: DenseShape, name: &str) {
    let [height, width] = shape.size();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for channel in 0..shape.channels() {
            let (found, expected) = (at(found, shape, y, x, channel), expected(y, x, channel));
            assert!(
                (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
                "{name}: {found} at {y}, {x}, channel {channel}, expected {expected}"
            );
        }
    }
}

#[test]
fn convolution_follows_its_definition() {
    let mut random = Random::new(3);
    // Height, width, input and output channels, kernel, stride.
    let shapes = [
        [1, 1, 1, 1, 1, 1],
        [5, 7, 24, 28, 1, 1],
        [6, 4, 96, 6, 1, 1],
        [9, 9, 3, 16, 3, 2],
        [131, 13, 3, 24, 5, 2],
        [8, 8, 64, 33, 2, 2],
        [3, 3, 32, 140, 3, 3],
        [7, 2, 17, 70, 2, 1],
    ];
    for (case, [height, width, inputs, outputs, kernel, stride]) in shapes.into_iter().enumerate() {
        for is_image in [false, true] {
            let make = if is_image { DenseShape::image } else { DenseShape::features };
            let shape = make([height, width], inputs);
            let weight = random.values(outputs * inputs * kernel * kernel);
            let (bias, prelu) = (random.values(outputs), random.values(outputs));
            // Kernels wider than a pixel read what lies between pixels.
            let input = map(&mut random, shape, if kernel == 1 { f32::NAN } else { 7.0 });
            for kernels in all_kernels() {
                let activation =
                    [OutputActivation::None, OutputActivation::Relu, OutputActivation::Prelu(&prelu)][case % 3];
                let layer = DenseConvolution::with(kernels, shape, [kernel, stride], &weight, &bias, activation)
                    .expect("shape is possible");
                let out_shape = layer.output();
                for add in [false, true] {
                    let before = map(&mut random, out_shape, 0.0);
                    let mut output = before.clone();
                    layer.forward(&input, &mut output, add).expect("lengths fit");
                    let expected = |y: usize, x: usize, out: usize| {
                        let mut sum = f64::from(bias[out]);
                        if add {
                            sum += at(&before, out_shape, y, x, out);
                        }
                        for (tap, channel) in (0..kernel * kernel).flat_map(|tap| (0..inputs).map(move |c| (tap, c))) {
                            let (dy, dx) = (tap / kernel, tap % kernel);
                            let value = at(&input, shape, y * stride + dy, x * stride + dx, channel);
                            sum += value * f64::from(weight[(out * inputs + channel) * kernel * kernel + tap]);
                        }
                        match activation {
                            OutputActivation::Relu => sum.max(0.0),
                            OutputActivation::Prelu(weight) if sum < 0.0 => sum * f64::from(weight[out]),
                            _ => sum,
                        }
                    };
                    assert_close(&output, expected, out_shape, &format!("case {case} with {:?}", kernels.isa()));
                    let rest = output.chunks_exact(out_shape.pitch()).flat_map(|pixel| &pixel[outputs..]);
                    assert!(rest.copied().all(|value| value == 0.0), "case {case}: zeros behind the channels");
                }
            }
        }
    }
}

#[test]
fn depthwise_convolution_follows_its_definition() {
    let mut random = Random::new(4);
    for [height, width, channels, stride] in
        [[1, 1, 1, 1], [2, 2, 8, 2], [3, 3, 128, 1], [6, 6, 40, 2], [12, 17, 24, 1], [9, 16, 20, 2], [5, 4, 16, 3]]
    {
        let shape = DenseShape::features([height, width], channels);
        let (weight, bias) = (random.values(9 * channels), random.values(channels));
        let input = map(&mut random, shape, 0.0);
        for kernels in all_kernels() {
            let layer = DepthwiseConvolution::with(kernels, shape, stride, &weight, &bias).expect("shape is possible");
            let out_shape = layer.output();
            let mut output = vec![f32::NAN; out_shape.elements()];
            layer.forward(&input, &mut output).expect("lengths fit");
            let before = [0, 1].map(|axis| {
                let (inputs, outputs) = (shape.size()[axis], out_shape.size()[axis]);
                ((outputs - 1) * stride + 3).saturating_sub(inputs) / 2
            });
            let expected = |y: usize, x: usize, channel: usize| {
                let mut sum = f64::from(bias[channel]);
                for (dy, dx) in (0..3).flat_map(|dy| (0..3).map(move |dx| (dy, dx))) {
                    let place = ((y * stride + dy).checked_sub(before[0]), (x * stride + dx).checked_sub(before[1]));
                    if let (Some(y), Some(x)) = place
                        && y < height
                        && x < width
                    {
                        sum += at(&input, shape, y, x, channel) * f64::from(weight[9 * channel + 3 * dy + dx]);
                    }
                }
                sum
            };
            assert_close(&output, expected, out_shape, &format!("{height}x{width} by {stride}, {:?}", kernels.isa()));
            assert!(output.iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn shortcut_pools_copies_and_adds_channels() {
    let mut random = Random::new(5);
    for [height, width, channels, out_channels, stride] in
        [[4, 6, 24, 24, 2], [3, 5, 16, 40, 2], [4, 4, 28, 36, 1], [1, 1, 3, 3, 2]]
    {
        let shape = DenseShape::features([height, width], channels);
        let input = map(&mut random, shape, f32::NAN);
        let out_shape = DenseShape::features([height.div_ceil(stride), width.div_ceil(stride)], out_channels);
        let mut output = vec![f32::NAN; out_shape.elements()];
        shortcut(shape, &input, stride, out_channels, &mut output).expect("lengths fit");
        let expected = |y: usize, x: usize, channel: usize| {
            if channel >= channels {
                return 0.0;
            }
            let rows = y * stride..((y + 1) * stride).min(height);
            let pixels = rows.flat_map(|y| (x * stride..((x + 1) * stride).min(width)).map(move |x| (y, x)));
            pixels.map(|(y, x)| at(&input, shape, y, x, channel)).fold(f64::NEG_INFINITY, f64::max)
        };
        assert_close(&output, expected, out_shape, &format!("{height}x{width}"));
        assert!(output.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn upsampling_is_linear_between_the_centres_of_pixels() {
    let mut random = Random::new(6);
    let shape = DenseShape::features([5, 3], 20);
    let out_shape = DenseShape::features([10, 6], 20);
    let (coarse, before) = (map(&mut random, shape, 0.0), map(&mut random, out_shape, 0.0));
    let mut fine = before.clone();
    add_upsampled(shape, &coarse, &mut fine).expect("lengths fit");
    let expected = |y: usize, x: usize, channel: usize| {
        let mut sum = at(&before, out_shape, y, x, channel);
        let [source_y, source_x] = [y, x].map(|index| (index as f64 + 0.5) / 2.0 - 0.5);
        for (row, column) in (0..5).flat_map(|row| (0..3).map(move |column| (row, column))) {
            let near = |source: f64, index: usize, size: usize| {
                let source = source.clamp(0.0, size as f64 - 1.0);
                (1.0 - (source - index as f64).abs()).max(0.0)
            };
            sum += near(source_y, row, 5) * near(source_x, column, 3) * at(&coarse, shape, row, column, channel);
        }
        sum
    };
    assert_close(&fine, expected, out_shape, "upsampled");
}

#[test]
fn wrong_sizes_are_refused() {
    let shape = DenseShape::features([4, 4], 8);
    let too_large = DenseConvolution::new(shape, [5, 1], &[0.0; 200], &[0.0], OutputActivation::None);
    assert!(matches!(too_large, Err(ShapeError::KernelTooLarge { .. })));
    let short = DenseConvolution::new(shape, [1, 1], &[0.0; 7], &[0.0], OutputActivation::None);
    assert!(matches!(short, Err(ShapeError::Length { argument: "weight", .. })));
    let no_stride = DepthwiseConvolution::new(shape, 0, &[0.0; 72], &[0.0; 8]);
    assert!(matches!(no_stride, Err(ShapeError::Zero { .. })));
    let image = DepthwiseConvolution::new(DenseShape::image([4, 4], 8), 1, &[0.0; 72], &[0.0; 8]);
    assert!(matches!(image, Err(ShapeError::Length { argument: "pitch", .. })));
    let layer = DepthwiseConvolution::new(shape, 1, &[0.0; 72], &[0.0; 8]).expect("shape is possible");
    assert!(layer.forward(&[0.0; 3], &mut []).is_err());
}
