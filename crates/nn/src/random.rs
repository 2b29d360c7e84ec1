//! Random numbers that depend on the run's seed and on their purpose, and on nothing else.
//!
//! Every draw has a stream of its own, chosen by its purpose and its position in the run. No generator state is kept
//! from step to step, so a resumed run draws what the uninterrupted one would.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

/// The stream of `purpose` at position `index` of a run with `seed`.
pub fn stream(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(index.to_le_bytes());
    hash.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// `count` draws from the standard normal distribution.
pub fn normals(random: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| StandardNormal.sample(random)).collect()
}

/// The style code of a user's `seed`: the same for every model with this number of style dimensions.
pub fn style_code(seed: u64, style_dim: usize) -> Vec<f32> {
    normals(&mut stream(seed, "style", 0), style_dim)
}

/// The numbers below `count` in the order that `seed` and `purpose` draw.
pub fn shuffled(seed: u64, purpose: &str, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut stream(seed, purpose, 0));
    order
}
