//! Times of verification figures over one million scores, in ten folds.
//!
//! `cargo bench --workspace --bench metrics`

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use portraitist_nn::metrics::verification::{Fold, ScoredFolds, ScoredPair, evaluate, evaluate_as_original, intervals};
use portraitist_nn::random;
use rand::Rng;

const FOLDS: u64 = 10;
const PAIRS_A_FOLD: usize = 100_000;
/// People of each fold.
const PEOPLE: u32 = 25;

fn scores() -> ScoredFolds {
    let fold = |index: u64| {
        let mut dice = random::stream(1, "bench of metrics", index);
        let mut fold = Fold::default();
        for pair in 0..PAIRS_A_FOLD {
            let same = pair % 10 == 0;
            let one = dice.random_range(0..PEOPLE);
            let other = if same { one } else { (one + dice.random_range(1..PEOPLE)) % PEOPLE };
            let people = [one, other].map(|person| index as u32 * PEOPLE + person);
            let score = dice.random_range(-0.5..0.5) + if same { 0.3 } else { 0.0 };
            fold.push(same, ScoredPair { score, people });
        }
        fold
    };
    let people = (0..FOLDS as u32 * PEOPLE).map(|person| person.to_string()).collect();
    ScoredFolds::new((0..FOLDS).map(fold).collect(), people).expect("every fold has finite scores of both kinds")
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(5))
        .without_plots()
        .configure_from_args();
    let scored = scores();
    let mut group = criterion.benchmark_group("metrics of 1,000,000 pairs");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("exact", |bencher| bencher.iter(|| black_box(evaluate(&scored))));
    group.bench_function("original-2018", |bencher| {
        bencher.iter(|| black_box(evaluate_as_original(&scored).expect("there are several folds")))
    });
    let report = evaluate(&scored);
    group.bench_function("intervals, 100 draws", |bencher| {
        bencher.iter(|| black_box(intervals(&scored, &report, 100, 1).expect("the people are known")));
    });
    group.finish();
    criterion.final_summary();
}
