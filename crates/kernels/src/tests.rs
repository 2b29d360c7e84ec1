//! The public functions against slow references.

mod attention;
mod bf16;
mod convolution;
mod dense;
mod depthwise;
mod inference;
mod inference_layers;
mod normalization;
mod parts;
mod pointwise;
mod prelu;
mod shared_memory;
mod spectral;
mod upsampling;

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Below `usual`, one time in four below `rare`.
    fn mostly_below(&mut self, usual: usize, rare: usize) -> usize {
        let end = if self.below(4) == 0 { rare } else { usual };
        self.below(end)
    }

    pub(crate) fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.next() as f32 / (1_u64 << 52) as f32 - 1.0).collect()
    }
}

/// `full`, or what a test takes instead under Miri, which interprets and is some ten thousand times slower.
pub(crate) const fn unless_miri<T: Copy>(full: T, under_miri: T) -> T {
    if cfg!(miri) { under_miri } else { full }
}

/// Asserts that results are bit-identical with one, two and three threads.
fn assert_same_for_any_threads(compute: impl Fn() -> Vec<f32> + Sync) {
    let results = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        pool.install(|| compute().into_iter().map(f32::to_bits).collect::<Vec<_>>())
    });
    assert!(results.iter().all(|result| *result == results[0]));
}
