//! What the benches share.

use criterion::Criterion;
use std::time::Duration;

/// Numbers between -1 and 1, the same in every run.
pub(crate) fn values(len: usize) -> Vec<f32> {
    (0..len).map(|index| (index as u32).wrapping_mul(2_654_435_761) as f32 / (1_u64 << 31) as f32 - 1.0).collect()
}

/// Short measurements: there are many shapes.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .without_plots()
        .configure_from_args()
}
