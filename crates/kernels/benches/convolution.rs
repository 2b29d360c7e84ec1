//! Times of the convolutions that Portraitist's networks are made of.
//!
//! `cargo bench -p portraitist-kernels -- 'forward/5x5'` runs a part. The names give kernel, stride, channels and size.

mod common;
#[path = "common/layer.rs"]
mod layer;

use common::values;
use criterion::{BenchmarkGroup, Throughput, measurement::WallTime};
use layer::{Layer, conv, name};
use portraitist_kernels::{Conv2d, Padding, UpsampledConv2d, forward, input_gradient, weight_gradient};

const GENERATOR: [Layer; 8] = [
    (3, 1, 1, 256, 256, 56, 48, 1),
    (7, 1, 3, 3, 64, 224, 192, 1),
    (4, 2, 1, 64, 128, 224, 192, 1),
    (4, 2, 1, 128, 256, 112, 96, 1),
    (5, 1, 2, 256, 128, 112, 96, 1),
    (5, 1, 2, 128, 64, 224, 192, 1),
    (7, 1, 3, 64, 3, 224, 192, 1),
    (1, 1, 0, 256, 256, 56, 48, 1),
];
const SMALL: [Layer; 6] = [
    (3, 1, 1, 64, 64, 16, 16, 4),
    (3, 1, 1, 128, 128, 32, 28, 1),
    (7, 1, 3, 3, 16, 64, 64, 4),
    (4, 2, 1, 32, 64, 128, 112, 1),
    (5, 1, 2, 64, 32, 32, 32, 4),
    (1, 1, 0, 32, 64, 64, 56, 1),
];
const DISCRIMINATOR: [Layer; 3] =
    [(4, 2, 1, 3, 64, 224, 192, 1), (4, 2, 1, 256, 512, 28, 24, 1), (4, 2, 1, 256, 512, 8, 8, 4)];
const VGG: [Layer; 3] =
    [(3, 1, 1, 64, 64, 224, 192, 1), (3, 1, 1, 256, 256, 56, 48, 1), (3, 1, 1, 512, 512, 14, 12, 1)];

fn bench_layer(group: &mut BenchmarkGroup<'_, WallTime>, conv: &Conv2d) {
    let Ok([height, width]) = conv.output_size() else {
        return;
    };
    let mut input = values(conv.batch * conv.in_channels * conv.in_height * conv.in_width);
    let mut weight = values(conv.out_channels * conv.in_channels * conv.kernel[0] * conv.kernel[1]);
    let mut output = values(conv.batch * conv.out_channels * height * width);
    let products = output.len() * conv.in_channels * conv.kernel[0] * conv.kernel[1];
    group.throughput(Throughput::Elements(2 * products as u64));
    let name = name(conv);
    group.bench_function(format!("forward/{name}"), |bencher| {
        bencher.iter(|| forward(conv, &input, &weight, None, &mut output));
    });
    group.bench_function(format!("input/{name}"), |bencher| {
        bencher.iter(|| input_gradient(conv, &weight, &output, &mut input));
    });
    group.bench_function(format!("weight/{name}"), |bencher| {
        bencher.iter(|| weight_gradient(conv, &input, &output, &mut weight));
    });
}

/// The decoder's layers: upsampling by two, then 5x5.
const UPSAMPLED: [UpsampledConv2d; 2] = [
    UpsampledConv2d { batch: 1, in_channels: 256, in_height: 56, in_width: 48, out_channels: 128 },
    UpsampledConv2d { batch: 1, in_channels: 128, in_height: 112, in_width: 96, out_channels: 64 },
];

fn bench_upsampled(group: &mut BenchmarkGroup<'_, WallTime>, conv: &UpsampledConv2d) {
    let UpsampledConv2d { batch, in_channels, in_height, in_width, out_channels } = *conv;
    let mut input = values(batch * in_channels * in_height * in_width);
    let mut weight = values(out_channels * in_channels * 25);
    let mut output = values(batch * out_channels * 4 * in_height * in_width);
    // As if computed on the upsampled image.
    group.throughput(Throughput::Elements((2 * output.len() * in_channels * 25) as u64));
    let name = format!("{in_channels}to{out_channels} {batch}x{in_height}x{in_width}");
    group.bench_function(format!("forward/{name}"), |bencher| {
        bencher.iter(|| conv.forward(&input, &weight, None, &mut output));
    });
    group.bench_function(format!("input/{name}"), |bencher| {
        bencher.iter(|| conv.input_gradient(&weight, &output, &mut input));
    });
    group.bench_function(format!("weight/{name}"), |bencher| {
        bencher.iter(|| conv.weight_gradient(&input, &output, &mut weight));
    });
}

fn main() {
    let mut criterion = common::criterion();
    let groups: [(&str, &[Layer], Padding); 4] = [
        ("generator", &GENERATOR, Padding::Reflect),
        ("small", &SMALL, Padding::Reflect),
        ("discriminator", &DISCRIMINATOR, Padding::Reflect),
        ("vgg", &VGG, Padding::Zero),
    ];
    for (name, layers, mode) in groups {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(criterion::SamplingMode::Flat);
        for layer in layers {
            bench_layer(&mut group, &conv(*layer, mode));
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("upsampled");
    group.sampling_mode(criterion::SamplingMode::Flat);
    for conv in &UPSAMPLED {
        bench_upsampled(&mut group, conv);
    }
    group.finish();
    criterion.final_summary();
}
