//! Times of translation, of a training iteration, of VGG16's features and of embeddings, at the sizes that `portraitist bench` times.
//!
//! `cargo bench --workspace --bench translator -- "train 128"` runs a part.

use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::workload::Workload;
use portraitist_nn::{CachingAllocator, device};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: CachingAllocator<mimalloc::MiMalloc> = CachingAllocator::new(mimalloc::MiMalloc);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(5))
        .without_plots()
        .configure_from_args();
    let device = device::parse("cpu").expect("every build has a CPU");
    let mut group = criterion.benchmark_group("translator");
    group.sampling_mode(SamplingMode::Flat);
    for workload in Workload::ALL.into_iter().filter(|workload| !workload.is_large()) {
        // Networks are made only for what the command line asks for.
        let mut work = None;
        group.bench_function(workload.name(), |bencher| {
            let work = work.get_or_insert_with(|| workload.prepare(&device, InferencePrecision::F32));
            bencher.iter(|| work().expect("the losses are finite"));
        });
    }
    group.finish();
    criterion.final_summary();
}
