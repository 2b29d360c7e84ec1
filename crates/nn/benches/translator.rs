//! Times of a translation and of a training iteration.
//!
//! `cargo bench -p portraitist-nn -- iteration/128` runs a part. The networks are the original's but for the dim that
//! a name gives, which the generators and the critics share.

use std::path::PathBuf;
use std::time::Duration;

use burn::tensor::{Tensor, TensorData};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use portraitist_nn::config::{CriticConfig, Domain, GeneratorConfig, TranslatorConfig};
use portraitist_nn::layers::Initialization;
use portraitist_nn::losses::{AdversarialLoss, LossWeights};
use portraitist_nn::networks::{Pair, Translator};
use portraitist_nn::parameter::to_values;
use portraitist_nn::training::{AdamConfig, Batch, Schedule, Settings, StepNoise, Trainer};
use portraitist_nn::{Device, KeepLarge, device};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: KeepLarge<mimalloc::MiMalloc> = KeepLarge::new(mimalloc::MiMalloc);

/// Height and width.
const TRANSLATIONS: [[usize; 2]; 2] = [[224, 192], [256, 256]];
/// Height, width, batch, dim.
const ITERATIONS: [[usize; 4]; 3] = [[64, 64, 4, 16], [128, 112, 1, 32], [224, 192, 1, 64]];

fn networks(dim: usize) -> TranslatorConfig {
    TranslatorConfig {
        generator: GeneratorConfig { dim, ..GeneratorConfig::default() },
        critic: CriticConfig { dim, ..CriticConfig::default() },
        ..TranslatorConfig::default()
    }
}

/// Values between -1 and 1 without a pattern that a layer would see.
fn values<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let hashed = |index: usize| (index as u32).wrapping_mul(2_654_435_761) as f32 / (1_u64 << 31) as f32 - 1.0;
    let values: Vec<f32> = (0..shape.iter().product()).map(hashed).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn bench_translation(group: &mut BenchmarkGroup<'_, WallTime>, device: &Device) {
    let config = networks(64);
    let mut translator = Translator::new(&config, Initialization::default(), 1, device);
    translator.refresh();
    for [height, width] in TRANSLATIONS {
        let pictures: Tensor<4> = values([1, 3, height, width], device);
        let style: Tensor<2> = values([1, config.generator.style_dim], device);
        group.bench_function(format!("{height}x{width} dim 64"), |bencher| {
            bencher.iter(|| to_values(translator.translate(pictures.clone(), style.clone(), Domain::Photo)));
        });
    }
}

fn trainer(dim: usize, device: &Device) -> Trainer {
    let settings = Settings {
        networks: networks(dim),
        initialization: Initialization::default(),
        adversarial: AdversarialLoss::default(),
        weights: LossWeights::default(),
        adam: AdamConfig::default(),
        generator_rate: 1e-4,
        critic_rate: 4e-4,
        schedule: Schedule::Constant,
        average_decay: None,
        seed: 1,
    };
    Trainer::new(settings, None, device)
}

fn bench_iteration(group: &mut BenchmarkGroup<'_, WallTime>, device: &Device) {
    for [height, width, batch, dim] in ITERATIONS {
        let pictures: Tensor<4> = values([batch, 3, height, width], device);
        let style: Tensor<2> = values([batch, GeneratorConfig::default().style_dim], device);
        let styles = Pair { drawing: style.clone(), photo: style };
        let noise = StepNoise { critic: styles.clone(), generator: styles };
        let batches = Batch {
            pictures: Pair { drawing: pictures.clone(), photo: pictures },
            same_person: vec![false; batch],
            files: vec![PathBuf::from("values")],
        };
        let mut trainer = trainer(dim, device);
        group.bench_function(format!("{height}x{width} batch {batch} dim {dim}"), |bencher| {
            bencher.iter(|| trainer.train(&batches, &noise));
        });
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(5))
        .without_plots()
        .configure_from_args();
    let Ok(device) = device::parse("cpu") else { return };
    let mut group = criterion.benchmark_group("translate");
    group.sampling_mode(SamplingMode::Flat);
    bench_translation(&mut group, &device);
    group.finish();
    let mut group = criterion.benchmark_group("iteration");
    group.sampling_mode(SamplingMode::Flat);
    bench_iteration(&mut group, &device);
    group.finish();
    criterion.final_summary();
}
