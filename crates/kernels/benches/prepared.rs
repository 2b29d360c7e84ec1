//! Times of layers between feature maps, with constant weights: those of the recogniser and of translation.
//!
//! `cargo bench --workspace --bench prepared -- 'convolution/3x3'` runs a part. The names give kernel, stride, channels,
//! images and size.

mod common;
#[path = "common/layer.rs"]
mod layer;

use common::values;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use layer::{Layer, conv, name};
use portraitist_kernels::{
    Activation, Conv2d, FeatureMap, FeatureMapNormalization, FeatureMapShape, NormalizationScope, OutputActivation,
    Padding, Pointwise, Precision, PreparedConvolution, PreparedFewOutputs, PreparedUpsampling,
};

/// SphereFace's for one crop and for eight, the generator's at 128x112 and at 224x192.
const CONVOLUTIONS: [Layer; 10] = [
    (3, 1, 1, 64, 64, 56, 48, 1),
    (3, 1, 1, 128, 128, 28, 24, 1),
    (3, 1, 1, 512, 512, 7, 6, 1),
    (3, 1, 1, 64, 64, 56, 48, 8),
    (3, 1, 1, 128, 128, 28, 24, 8),
    (3, 1, 1, 512, 512, 7, 6, 8),
    (3, 1, 1, 128, 128, 32, 28, 1),
    (3, 1, 1, 256, 256, 56, 48, 1),
    (4, 2, 1, 32, 64, 128, 112, 1),
    (7, 1, 3, 3, 64, 224, 192, 1),
];
/// Input channels, output channels, height and width of the input.
const UPSAMPLINGS: [[usize; 4]; 3] = [[128, 64, 32, 28], [256, 128, 56, 48], [128, 64, 112, 96]];
/// Input channels, height and width of a 7x7 convolution to images.
const LAST: [[usize; 3]; 2] = [[32, 128, 112], [64, 224, 192]];
/// Channels, height and width.
const NORMALIZED: [[usize; 3]; 3] = [[128, 32, 28], [256, 56, 48], [64, 224, 192]];

fn feature_map(shape: FeatureMapShape, batch: usize, padding: usize, mode: Padding) -> FeatureMap {
    let mut map = FeatureMap::new(shape, batch).expect("the shape is possible");
    map.fill(&values(batch * shape.channels() * shape.plane())).expect("as many values");
    map.pad(padding, mode).expect("the halo is wide enough");
    map
}

fn bench_convolution(group: &mut BenchmarkGroup<'_, WallTime>, layer: Layer) {
    let conv = conv(layer, Padding::Reflect);
    let Conv2d { batch, in_channels, in_height, in_width, out_channels, kernel, padding, mode, .. } = conv;
    let shape = match in_channels {
        3 => FeatureMapShape::images(in_channels, in_height, in_width, padding),
        _ => FeatureMapShape::features(in_channels, in_height, in_width, padding),
    };
    let weight = values(out_channels * in_channels * kernel[0] * kernel[1]);
    let (bias, activation) = (values(out_channels), OutputActivation::Relu);
    let prepared = PreparedConvolution::new(&conv, shape, &weight, &bias, activation, Precision::Standard);
    let prepared = prepared.expect("the shape is possible");
    let input = feature_map(shape, batch, padding, mode);
    let mut output = FeatureMap::new(prepared.output(1), batch).expect("the shape is possible");
    let products = batch * output.shape().plane() * weight.len();
    group.throughput(Throughput::Elements(2 * products as u64));
    group.bench_function(name(&conv), |bencher| bencher.iter(|| prepared.forward(&input, None, &mut output)));
}

fn bench_upsampling(group: &mut BenchmarkGroup<'_, WallTime>, sizes: [usize; 4]) {
    let [in_channels, out_channels, height, width] = sizes;
    let shape = FeatureMapShape::features(in_channels, height, width, 1);
    let weight = values(out_channels * in_channels * 25);
    let prepared = PreparedUpsampling::new(shape, &weight, &values(out_channels), Precision::Standard)
        .expect("the shape is possible");
    let (padding, mode) = prepared.padding();
    let input = feature_map(shape, 1, padding, mode);
    let mut output = FeatureMap::new(prepared.output(1), 1).expect("the shape is possible");
    // As if computed on the upsampled image.
    group.throughput(Throughput::Elements((2 * 4 * height * width * weight.len()) as u64));
    let name = format!("{in_channels}to{out_channels} {height}x{width}");
    group.bench_function(name, |bencher| bencher.iter(|| prepared.forward(&input, &mut output)));
}

fn bench_last(group: &mut BenchmarkGroup<'_, WallTime>, sizes: [usize; 3]) {
    let [in_channels, in_height, in_width] = sizes;
    let (mode, padding, out_channels) = (Padding::Reflect, 3, 3);
    let conv = conv((7, 1, padding, in_channels, out_channels, in_height, in_width, 1), mode);
    let shape = FeatureMapShape::features(in_channels, in_height, in_width, padding);
    let weight = values(out_channels * in_channels * 49);
    let prepared = PreparedFewOutputs::new(
        &conv,
        shape,
        &weight,
        &values(out_channels),
        Some(Pointwise::Tanh),
        Precision::Standard,
    );
    let prepared = prepared.expect("the shape is possible");
    let input = feature_map(shape, 1, padding, mode);
    let mut images = vec![0.0; out_channels * in_height * in_width];
    group.throughput(Throughput::Elements((2 * in_height * in_width * weight.len()) as u64));
    let name = format!("{in_channels}to{out_channels} {in_height}x{in_width}");
    group.bench_function(name, |bencher| bencher.iter(|| prepared.forward(&input, &mut images)));
}

fn bench_normalization(group: &mut BenchmarkGroup<'_, WallTime>, sizes: [usize; 3]) {
    let [channels, height, width] = sizes;
    let shape = FeatureMapShape::features(channels, height, width, 1);
    let mut input = feature_map(shape, 1, 1, Padding::Zero);
    let residual = feature_map(shape, 1, 1, Padding::Zero);
    group.throughput(Throughput::Elements((channels * height * width) as u64));
    for scope in [NormalizationScope::Instance, NormalizationScope::Layer] {
        let norm = FeatureMapNormalization { scope, epsilon: 1e-5, affine: None, activation: Activation::Relu };
        group.bench_function(format!("{scope:?} {channels}x{height}x{width}"), |bencher| {
            bencher.iter(|| norm.apply(&mut input, Some(&residual)));
        });
    }
}

fn measure<T, const N: usize>(
    criterion: &mut Criterion,
    name: &str,
    cases: [T; N],
    bench: fn(&mut BenchmarkGroup<'_, WallTime>, T),
) {
    let mut group = criterion.benchmark_group(format!("prepared/{name}"));
    group.sampling_mode(SamplingMode::Flat);
    cases.into_iter().for_each(|case| bench(&mut group, case));
    group.finish();
}

fn main() {
    let mut criterion = common::criterion();
    measure(&mut criterion, "convolution", CONVOLUTIONS, bench_convolution);
    measure(&mut criterion, "upsampling", UPSAMPLINGS, bench_upsampling);
    measure(&mut criterion, "few outputs", LAST, bench_last);
    measure(&mut criterion, "normalization", NORMALIZED, bench_normalization);
    criterion.final_summary();
}
