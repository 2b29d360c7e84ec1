//! Kernels of inference plans: constant weights between channels-last feature maps, in `f32` and bf16.

use portraitist_kernels::{
    Attention, Conv2d, FeatureMap, FeatureMapShape, OutputActivation, Padding, Precision, PreparedConvolution,
    PreparedUpsampling, attention_forward_to,
};

use super::inputs::values;
use super::kernels::{WINOGRAD_SHAPE, lengths};
use super::{Check, SelfTestError};

type Values = Result<Vec<f32>, SelfTestError>;

pub(super) const CHECKS: &[Check] = &[
    Check::kernel("prepared convolution", 1e-5, |_| convolved(&WIDE, Precision::High)),
    Check::kernel("prepared winograd F(2x2, 3x3)", 2e-5, |_| convolved(&THREE_BY_THREE, Precision::High)),
    Check::kernel("prepared winograd F(4x4, 3x3)", 1e-4, |_| convolved(&THREE_BY_THREE, Precision::Standard)),
    Check::kernel("prepared winograd F(2x2, 5x5)", 1e-4, |_| convolved(&FIVE_BY_FIVE, Precision::Standard)),
    Check::kernel("prepared winograd F(6, 7), across and down", 1e-4, |_| along_lines(7)),
    Check::kernel("prepared winograd F(4, 3), across and down", 1e-4, |_| along_lines(3)),
    Check::kernel("prepared upsampling", 1e-4, |_| upsampled(Precision::Standard)),
    // All units multiply the same rounded numbers; AMX sums them in another order.
    Check::kernel("bf16 convolution", 2e-5, |_| convolved(&WIDE, Precision::HighBf16)),
    Check::kernel("bf16 winograd", 2e-2, |setting| {
        convolved(&THREE_BY_THREE, if setting.as_reference { Precision::Standard } else { Precision::Bf16 })
    }),
    Check::kernel("bf16 upsampling", 2e-2, |setting| {
        upsampled(if setting.as_reference { Precision::Standard } else { Precision::Bf16 })
    }),
    Check::kernel("bf16 attention", 1e-4, |_| attended()),
];

/// Too wide a kernel for Winograd's algorithm.
const WIDE: Conv2d = Conv2d {
    batch: 2,
    in_channels: 32,
    in_height: 19,
    in_width: 23,
    out_channels: 48,
    kernel: [4, 4],
    stride: 2,
    padding: 1,
    mode: Padding::Reflect,
};

const THREE_BY_THREE: Conv2d = Conv2d { mode: Padding::Zero, ..WINOGRAD_SHAPE };
const FIVE_BY_FIVE: Conv2d = Conv2d { kernel: [5, 5], padding: 2, ..THREE_BY_THREE };

fn convolved(conv: &Conv2d, precision: Precision) -> Values {
    let shape = FeatureMapShape::features(conv.in_channels, conv.in_height, conv.in_width, conv.padding);
    let [_, weight, bias] = operands(conv)?;
    computed(conv, &PreparedConvolution::new(conv, shape, &weight, &bias, OutputActivation::Relu, precision)?)
}

/// Kernels of one row and of one column, which keep the size of the image.
fn along_lines(taps: usize) -> Values {
    let padding = taps / 2;
    let lines = [([1, taps], [padding, 0]), ([taps, 1], [0, padding])].map(|(kernel, margin)| {
        let conv = Conv2d { kernel, padding, in_height: 17, in_width: 17, ..THREE_BY_THREE };
        let shape = FeatureMapShape::features(conv.in_channels, conv.in_height, conv.in_width, padding);
        let ([_, weight, bias], relu) = (operands(&conv)?, OutputActivation::Relu);
        computed(&conv, &PreparedConvolution::with_margin(&conv, margin, shape, &weight, &bias, relu)?)
    });
    let [across, down] = lines;
    Ok([across?, down?].concat())
}

/// Input, weight and bias.
fn operands(conv: &Conv2d) -> Result<[Vec<f32>; 3], SelfTestError> {
    let [input, weight, _] = lengths(conv)?;
    Ok([values("input", input), values("weight", weight), values("bias", conv.out_channels)])
}

fn computed(conv: &Conv2d, prepared: &PreparedConvolution) -> Values {
    let mut input = FeatureMap::new(prepared.input_shape(), conv.batch)?;
    let [values, ..] = operands(conv)?;
    input.fill(&values)?;
    let (padding, mode) = prepared.padding();
    input.pad(padding, mode)?;
    let mut output = FeatureMap::new(prepared.output(0), conv.batch)?;
    prepared.forward(&input, None, &mut output)?;
    written(&output)
}

fn upsampled(precision: Precision) -> Values {
    let (batch, channels, height, width) = (1, 48, 14, 12);
    let shape = FeatureMapShape::features(channels, height, width, 1);
    let (weight, bias) = (values("weight", channels * channels * 25), values("bias", channels));
    let prepared = PreparedUpsampling::new(shape, &weight, &bias, precision)?;
    let mut input = FeatureMap::new(shape, batch)?;
    input.fill(&values("input", batch * channels * height * width))?;
    let (padding, mode) = prepared.padding();
    input.pad(padding, mode)?;
    let mut output = FeatureMap::new(prepared.output(0), batch)?;
    prepared.forward(&input, &mut output)?;
    written(&output)
}

/// The images of a feature map, `[n, c, h, w]`.
fn written(map: &FeatureMap) -> Values {
    let mut values = vec![0.0; map.batch() * map.shape().channels() * map.shape().plane()];
    map.write(&mut values)?;
    Ok(values)
}

fn attended() -> Values {
    let shape = Attention { batch: 1, positions: 300, key_channels: 8, value_channels: 48 };
    let [query, key, value] =
        [("query", 8), ("key", 8), ("value", 48)].map(|(name, channels)| values(name, 300 * channels));
    let mut output = vec![0.0; 300 * 48];
    attention_forward_to(Precision::Bf16, &shape, 300, [&query, &key, &value], &mut output)?;
    Ok(output)
}
