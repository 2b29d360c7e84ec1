//! Seeded noise as a pure function of place: no state, hence the same on any number of threads.

/// Mixes a seed and two whole numbers to 32 well-spread bits (the finaliser of MurmurHash3).
fn hash(seed: u64, x: i64, y: i64) -> u32 {
    let mut h = seed ^ (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (y as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    h ^= h >> 33;
    h = h.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    h ^= h >> 33;
    h = h.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    (h >> 32) as u32
}

/// A uniform random number in 0..1 for a cell.
pub(crate) fn random(seed: u64, x: i64, y: i64) -> f32 {
    (hash(seed, x, y) >> 8) as f32 / (1 << 24) as f32
}

/// Smooth value noise in 0..1 with features about one unit wide.
pub(crate) fn smooth(seed: u64, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (ease(x - left), ease(y - top));
    let (left, top) = (left as i64, top as i64);
    let upper = random(seed, left, top) * (1.0 - fx) + random(seed, left + 1, top) * fx;
    let lower = random(seed, left, top + 1) * (1.0 - fx) + random(seed, left + 1, top + 1) * fx;
    upper * (1.0 - fy) + lower * fy
}

/// Fractal noise in 0..1: octaves of halving size and strength.
pub(crate) fn fractal(seed: u64, x: f32, y: f32, octaves: u32) -> f32 {
    let (mut sum, mut total, mut strength, mut frequency) = (0.0, 0.0, 1.0, 1.0);
    for octave in 0..octaves {
        sum += strength * smooth(seed.wrapping_add(u64::from(octave) * 7919), x * frequency, y * frequency);
        total += strength;
        strength *= 0.5;
        frequency *= 2.0;
    }
    sum / total
}

/// A repeatable sequence of numbers for choosing style parameters.
pub(crate) struct Dice {
    seed: u64,
    drawn: i64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Uniform in `low..high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        self.drawn += 1;
        low + (high - low) * random(self.seed, self.drawn, -1)
    }

    /// One of `0..count`.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        (self.between(0.0, count as f32) as usize).min(count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_even_and_repeatable() {
        let values: Vec<f32> = (0..4000).map(|i| random(7, i % 63, i / 63)).collect();
        let mean = values.iter().sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
        assert!(values.iter().all(|v| (0.0..1.0).contains(v)));
        assert_eq!(fractal(3, 1.5, -2.5, 4), fractal(3, 1.5, -2.5, 4));
    }
}
