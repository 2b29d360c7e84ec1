//! Times of what passes over values once or twice: normalisation, activations, the optimiser's step.
//!
//! `cargo bench --workspace --bench passes`. Throughput counts elements.

mod common;

use common::values;
use criterion::{BenchmarkGroup, Throughput, measurement::WallTime};
use portraitist_kernels::{
    Activation, AdamStep, Normalization, Pointwise, Prelu, activation, activation_gradient, adam_step, instance_norm,
    instance_norm_gradient, layer_norm, layer_norm_gradient, mean_absolute_error, scaled_sum,
};

/// Channels and pixels: the generator's at 128x112 and at 224x192.
const SHAPES: [[usize; 2]; 4] = [[128, 32 * 28], [32, 128 * 112], [256, 56 * 48], [64, 224 * 192]];

fn bench_normalization(group: &mut BenchmarkGroup<'_, WallTime>, [channels, plane]: [usize; 2]) {
    let norm = Normalization { batch: 1, channels, plane, epsilon: 1e-5, activation: Activation::Relu };
    let (input, upstream, residual) = (values(channels * plane), values(channels * plane), values(channels * plane));
    let (scale, shift) = (values(channels), values(channels));
    let affine = Some((&scale[..], &shift[..]));
    let mut output = values(channels * plane);
    let of_channels = instance_norm(&norm, &input, affine, None, &mut output).expect("the shape is possible");
    let of_image = layer_norm(&norm, &input, affine, &mut output).expect("the shape is possible");
    group.throughput(Throughput::Elements((channels * plane) as u64));
    group.bench_function(format!("instance forward/{channels}x{plane}"), |bencher| {
        bencher.iter(|| instance_norm(&norm, &input, affine, Some(&residual), &mut output));
    });
    group.bench_function(format!("instance gradient/{channels}x{plane}"), |bencher| {
        bencher.iter(|| instance_norm_gradient(&norm, &input, affine, &of_channels, &upstream, &mut output));
    });
    group.bench_function(format!("layer forward/{channels}x{plane}"), |bencher| {
        bencher.iter(|| layer_norm(&norm, &input, affine, &mut output));
    });
    group.bench_function(format!("layer gradient/{channels}x{plane}"), |bencher| {
        bencher.iter(|| layer_norm_gradient(&norm, &input, affine, &of_image, &upstream, &mut output));
    });
}

fn bench_pointwise(group: &mut BenchmarkGroup<'_, WallTime>, [channels, plane]: [usize; 2]) {
    let (input, other) = (values(channels * plane), values(channels * plane));
    let mut output = values(channels * plane);
    group.throughput(Throughput::Elements(input.len() as u64));
    for function in [Pointwise::Relu, Pointwise::LeakyRelu(0.2), Pointwise::Tanh] {
        group.bench_function(format!("{function:?} forward/{channels}x{plane}"), |bencher| {
            bencher.iter(|| activation(function, &input, &mut output));
        });
        group.bench_function(format!("{function:?} gradient/{channels}x{plane}"), |bencher| {
            bencher.iter(|| activation_gradient(function, &input, &other, &mut output));
        });
    }
    let weight = values(channels);
    let prelu = Prelu { batch: 1, channels, plane };
    group.bench_function(format!("PReLU forward/{channels}x{plane}"), |bencher| {
        bencher.iter(|| prelu.forward(&input, &weight, &mut output));
    });
    group.bench_function(format!("mean absolute error/{channels}x{plane}"), |bencher| {
        bencher.iter(|| mean_absolute_error(&input, &other));
    });
    group.bench_function(format!("scaled sum/{channels}x{plane}"), |bencher| {
        bencher.iter(|| scaled_sum(0.5, &input, &other, &mut output));
    });
}

fn bench_adam(group: &mut BenchmarkGroup<'_, WallTime>, len: usize) {
    let step = AdamStep {
        weight_decay: 1e-4,
        beta1: 0.0,
        one_minus_beta1: 1.0,
        beta2: 0.9,
        one_minus_beta2: 0.1,
        bias_correction2_sqrt: 0.5,
        epsilon: 1e-8,
        step_size: 1e-4,
    };
    let gradient = values(len);
    let [mut parameter, mut first, mut second] = [(); 3].map(|()| values(len));
    second.iter_mut().for_each(|value| *value = value.abs());
    group.throughput(Throughput::Elements(len as u64));
    group.bench_function(format!("adam/{len}"), |bencher| {
        bencher.iter(|| adam_step(&step, &gradient, &mut parameter, [&mut first, &mut second]));
    });
}

fn main() {
    let mut criterion = common::criterion();
    let mut group = criterion.benchmark_group("passes");
    group.sampling_mode(criterion::SamplingMode::Flat);
    for shape in SHAPES {
        bench_normalization(&mut group, shape);
        bench_pointwise(&mut group, shape);
    }
    for len in [128 * 128 * 9, 256 * 256 * 9, 4 << 20] {
        bench_adam(&mut group, len);
    }
    group.finish();
    criterion.final_summary();
}
