//! Kernels of training: forward passes and gradients on plain slices.

use portraitist_kernels::{
    Activation, AdamStep, Attention, Conv2d, Depthwise, Normalization, Padding, Prelu, UpsampledConv2d, adam_step,
    attention_forward, attention_gradient, forward, input_gradient, instance_norm, instance_norm_gradient, layer_norm,
    layer_norm_gradient, power_step, weight_gradient,
};

use super::inputs::values;
use super::{Check, SelfTestError, Setting};

type Values = Result<Vec<f32>, SelfTestError>;

/// Direct kernels sum in another order than the portable code.
const DIRECT: f64 = 1e-5;
/// Winograd's transforms round.
const WINOGRAD: f64 = 1e-4;

pub(super) const CHECKS: &[Check] = &[
    Check::kernel("convolution", DIRECT, |_| convolved(&DIRECT_SHAPE)),
    Check::kernel("convolution, gradient of its input", DIRECT, |_| input_gradient_of(&DIRECT_SHAPE)),
    Check::kernel("convolution, gradient of its weight", DIRECT, |_| weight_gradient_of(&DIRECT_SHAPE)),
    Check::kernel("winograd", WINOGRAD, |_| convolved(&WINOGRAD_SHAPE)),
    Check::kernel("winograd, gradient of its input", WINOGRAD, |_| input_gradient_of(&WINOGRAD_SHAPE)),
    Check::kernel("winograd, gradient of its weight", WINOGRAD, |_| weight_gradient_of(&WINOGRAD_SHAPE)),
    Check::kernel("convolution of an upsampled image", WINOGRAD, upsampled),
    Check::kernel("convolution of an upsampled image, gradients", WINOGRAD, upsampled_gradients),
    Check::kernel("depthwise convolution", DIRECT, depthwise),
    Check::kernel("attention", DIRECT, |_| Ok(attended()?.0)),
    Check::kernel("attention, gradients", WINOGRAD, attention_gradients),
    Check::kernel("instance normalisation", DIRECT, |_| normalised(false)),
    Check::kernel("layer normalisation", DIRECT, |_| normalised(true)),
    Check::kernel("prelu", DIRECT, prelu),
    Check::kernel("spectral norm", DIRECT, spectral),
    Check::kernel("adam", DIRECT, adam),
];

const DIRECT_SHAPE: Conv2d = Conv2d {
    batch: 2,
    in_channels: 24,
    in_height: 33,
    in_width: 29,
    out_channels: 40,
    kernel: [5, 5],
    stride: 2,
    padding: 2,
    mode: Padding::Reflect,
};

pub(super) const WINOGRAD_SHAPE: Conv2d = Conv2d {
    batch: 2,
    in_channels: 64,
    in_height: 32,
    in_width: 28,
    out_channels: 64,
    kernel: [3, 3],
    stride: 1,
    padding: 1,
    mode: Padding::Reflect,
};

/// Elements of the input, the weight and the output.
pub(super) fn lengths(conv: &Conv2d) -> Result<[usize; 3], SelfTestError> {
    let [height, width] = conv.output_size()?;
    let Conv2d { batch, in_channels, in_height, in_width, out_channels, kernel: [rows, columns], .. } = *conv;
    let weight = out_channels * in_channels * rows * columns;
    Ok([batch * in_channels * in_height * in_width, weight, batch * out_channels * height * width])
}

fn convolved(conv: &Conv2d) -> Values {
    let [input, weight, output] = lengths(conv)?;
    let mut output = vec![0.0; output];
    let bias = values("bias", conv.out_channels);
    forward(conv, &values("input", input), &values("weight", weight), Some(&bias), &mut output)?;
    Ok(output)
}

fn input_gradient_of(conv: &Conv2d) -> Values {
    let [input, weight, output] = lengths(conv)?;
    let mut gradient = vec![0.0; input];
    input_gradient(conv, &values("weight", weight), &values("gradient", output), &mut gradient)?;
    Ok(gradient)
}

fn weight_gradient_of(conv: &Conv2d) -> Values {
    let [input, weight, output] = lengths(conv)?;
    let mut gradient = vec![0.0; weight];
    weight_gradient(conv, &values("input", input), &values("gradient", output), &mut gradient)?;
    Ok(gradient)
}

const UPSAMPLED: UpsampledConv2d =
    UpsampledConv2d { batch: 1, in_channels: 32, in_height: 14, in_width: 12, out_channels: 32 };
const UPSAMPLED_INPUT: usize = 32 * 14 * 12;
const UPSAMPLED_WEIGHT: usize = 32 * 32 * 25;
const UPSAMPLED_OUTPUT: usize = 4 * UPSAMPLED_INPUT;

fn upsampled(_: &Setting) -> Values {
    let mut output = vec![0.0; UPSAMPLED_OUTPUT];
    let (input, weight) = (values("input", UPSAMPLED_INPUT), values("weight", UPSAMPLED_WEIGHT));
    UPSAMPLED.forward(&input, &weight, Some(&values("bias", 32)), &mut output)?;
    Ok(output)
}

fn upsampled_gradients(_: &Setting) -> Values {
    let (input, weight) = (values("input", UPSAMPLED_INPUT), values("weight", UPSAMPLED_WEIGHT));
    let gradient = values("gradient", UPSAMPLED_OUTPUT);
    let (mut of_input, mut of_weight) = (vec![0.0; UPSAMPLED_INPUT], vec![0.0; UPSAMPLED_WEIGHT]);
    UPSAMPLED.input_gradient(&weight, &gradient, &mut of_input)?;
    UPSAMPLED.weight_gradient(&input, &gradient, &mut of_weight)?;
    Ok([of_input, of_weight].concat())
}

fn depthwise(_: &Setting) -> Values {
    let shape = Depthwise { batch: 2, channels: 20, height: 27, width: 31, stride: 2 };
    let [height, width] = shape.output_size()?;
    let (input, weight) = (values("input", 2 * 20 * 27 * 31), values("weight", 20 * 9));
    let mut output = vec![0.0; 2 * 20 * height * width];
    shape.forward(&input, &weight, &values("bias", 20), &mut output)?;
    Ok(output)
}

const ATTENTION: Attention = Attention { batch: 2, positions: 300, key_channels: 8, value_channels: 48 };
const KEYS: usize = 2 * 300 * 8;
const VALUES: usize = 2 * 300 * 48;

/// Queries, keys and values.
fn operands() -> [Vec<f32>; 3] {
    [values("query", KEYS), values("key", KEYS), values("value", VALUES)]
}

/// The output of attention and its sums of exponentials.
fn attended() -> Result<(Vec<f32>, Vec<f32>), SelfTestError> {
    let (mut output, mut sums) = (vec![0.0; VALUES], vec![0.0; 2 * 300]);
    let [query, key, value] = operands();
    attention_forward(&ATTENTION, [&query, &key, &value], &mut output, &mut sums)?;
    Ok((output, sums))
}

fn attention_gradients(_: &Setting) -> Values {
    let ([query, key, value], (output, sums)) = (operands(), attended()?);
    let [mut of_query, mut of_key, mut of_value] = [KEYS, KEYS, VALUES].map(|len| vec![0.0; len]);
    let gradients = [&mut of_query[..], &mut of_key[..], &mut of_value[..]];
    let gradient = values("gradient", VALUES);
    attention_gradient(&ATTENTION, [&query, &key, &value], &output, &sums, &gradient, gradients)?;
    Ok([of_query, of_key, of_value].concat())
}

/// Output, gradient of the input, gradients of scale and shift.
fn normalised(layer: bool) -> Values {
    let norm = Normalization { batch: 2, channels: 12, plane: 500, epsilon: 1e-5, activation: Activation::Relu };
    let len = norm.batch * norm.channels * norm.plane;
    let affine_len = if layer { norm.channels } else { norm.batch * norm.channels };
    let (input, gradient) = (values("input", len), values("gradient", len));
    let (scale, shift) = (values("scale", affine_len), values("shift", affine_len));
    let affine = Some((&scale[..], &shift[..]));
    let (mut output, mut of_input) = (vec![0.0; len], vec![0.0; len]);
    let sums = if layer {
        let statistics = layer_norm(&norm, &input, affine, &mut output)?;
        layer_norm_gradient(&norm, &input, affine, &statistics, &gradient, &mut of_input)?
    } else {
        let statistics = instance_norm(&norm, &input, affine, None, &mut output)?;
        instance_norm_gradient(&norm, &input, affine, &statistics, &gradient, &mut of_input)?
    };
    Ok([output, of_input, sums.scale, sums.shift].concat())
}

fn prelu(_: &Setting) -> Values {
    let shape = Prelu { batch: 2, channels: 20, plane: 333 };
    let len = 2 * 20 * 333;
    let mut output = vec![0.0; len];
    shape.forward(&values("input", len), &values("weight", 20), &mut output)?;
    Ok(output)
}

fn spectral(_: &Setting) -> Values {
    let (mut left, mut right) = (values("left", 64), vec![0.0; 576]);
    let norm = power_step(&values("weight", 64 * 576), &mut left, &mut right)?;
    Ok([vec![norm], left, right].concat())
}

fn adam(_: &Setting) -> Values {
    let len = 5000;
    let step = AdamStep {
        weight_decay: 1e-4,
        beta1: 0.5,
        one_minus_beta1: 0.5,
        beta2: 0.999,
        one_minus_beta2: 1e-3,
        bias_correction2_sqrt: 0.1,
        epsilon: 1e-8,
        step_size: 1e-3,
    };
    let (mut parameter, mut first) = (values("parameter", len), values("first moment", len));
    let mut second: Vec<f32> = values("second moment", len).iter().map(|value| value * value + 1e-3).collect();
    adam_step(&step, &values("gradient", len), &mut parameter, [&mut first, &mut second])?;
    Ok([parameter, first, second].concat())
}
