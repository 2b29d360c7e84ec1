//! Times of self-attention at the sizes of Portraitist's networks.
//!
//! `cargo bench -p portraitist-kernels --bench attention`. The names give positions, key channels and value channels.

mod common;

use common::values;
use criterion::Throughput;
use portraitist_kernels::{Attention, attention_forward, attention_gradient};

/// The generator at 128x112, 224x192, 256x256 and 512x512 (two halvings), a discriminator at 224x192.
const SHAPES: [Attention; 5] = [
    Attention { batch: 1, positions: 32 * 28, key_channels: 16, value_channels: 128 },
    Attention { batch: 1, positions: 56 * 48, key_channels: 32, value_channels: 256 },
    Attention { batch: 1, positions: 64 * 64, key_channels: 32, value_channels: 256 },
    Attention { batch: 1, positions: 128 * 128, key_channels: 32, value_channels: 256 },
    Attention { batch: 2, positions: 14 * 12, key_channels: 64, value_channels: 512 },
];

fn main() {
    let mut criterion = common::criterion();
    let mut group = criterion.benchmark_group("attention");
    group.sampling_mode(criterion::SamplingMode::Flat);
    for shape in &SHAPES {
        let Attention { batch, positions, key_channels, value_channels } = *shape;
        let (keys, wide) = (batch * key_channels * positions, batch * value_channels * positions);
        let [query, key, value, upstream] = [keys, keys, wide, wide].map(values);
        let [mut query_gradient, mut key_gradient, mut value_gradient, mut output] =
            [keys, keys, wide, wide].map(values);
        let mut log_sum_exp = vec![0.0; batch * positions];
        let operands = [query.as_slice(), &key, &value];
        let products = (batch * positions * positions) as u64;
        let name = format!("{positions}x{key_channels}x{value_channels} batch {batch}");
        group.throughput(Throughput::Elements(2 * products * (key_channels + value_channels) as u64));
        group.bench_function(format!("forward/{name}"), |bencher| {
            bencher.iter(|| attention_forward(shape, operands, &mut output, &mut log_sum_exp));
        });
        group.throughput(Throughput::Elements(2 * products * (3 * key_channels + 2 * value_channels) as u64));
        group.bench_function(format!("gradient/{name}"), |bencher| {
            bencher.iter(|| {
                let gradients = [&mut query_gradient[..], &mut key_gradient, &mut value_gradient];
                attention_gradient(shape, operands, &output, &log_sum_exp, &upstream, gradients)
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
