//! The random numbers of numpy's `RandomState`, so that published pair lists come out again.
//!
//! Matsumoto and Nishimura 1998, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator".

const LENGTH: usize = 624;
const MIDDLE: usize = 397;

/// MT19937, seeded and read as numpy's `RandomState(seed)` does.
#[derive(Clone, Debug)]
pub struct MersenneTwister {
    words: [u32; LENGTH],
    next: usize,
}

impl MersenneTwister {
    /// The generator of `RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        let mut words = [seed; LENGTH];
        for index in 1..LENGTH {
            let before = words[index - 1];
            words[index] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(index as u32);
        }
        Self { words, next: LENGTH }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == LENGTH {
            self.refill();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for index in 0..LENGTH {
            let joined = (self.words[index] & 0x8000_0000) | (self.words[(index + 1) % LENGTH] & 0x7fff_ffff);
            let twist = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
            self.words[index] = self.words[(index + MIDDLE) % LENGTH] ^ (joined >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// `randint(bound)`: a whole number below `bound`, each as likely. Bits are masked to the next power of two and drawn again
    /// while too large; bounds of 0 and 1 give 0 and draw nothing.
    pub fn below(&mut self, bound: u32) -> u32 {
        let largest = bound.saturating_sub(1);
        if largest == 0 {
            return 0;
        }
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= largest {
                return value;
            }
        }
    }

    /// `random_sample()`: a number in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_numpy() {
        // numpy.random.RandomState(1).randint(1000), twelve times, from the reference data.
        let mut random = MersenneTwister::new(1);
        let found: Vec<u32> = (0..12).map(|_| random.below(1000)).collect();
        assert_eq!(found, [37, 235, 908, 72, 767, 905, 715, 645, 847, 960, 144, 129]);
        let mut random = MersenneTwister::new(1);
        let found: Vec<u32> = [5, 1, 7, 16, 2, 5, 1, 7].iter().map(|&bound| random.below(bound)).collect();
        assert_eq!(found, [3, 0, 4, 8, 1, 1, 0, 3]);
    }

    #[test]
    fn uniform_numbers_are_those_of_numpy() {
        // numpy.random.RandomState(1).random_sample(3)
        let mut random = MersenneTwister::new(1);
        for expected in [0.417_022_004_702_574, 0.720_324_493_442_158_1, 0.000_114_374_817_344_886_3] {
            assert!((random.uniform() - expected).abs() < 1e-15);
        }
    }
}
