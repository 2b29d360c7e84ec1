//! What the scores of one fold say at every threshold. A pair is accepted if its score is at least the threshold.

use serde::Serialize;

use super::scores::Fold;

/// The false accept rates that are reported: 0.1 % and 1 %.
pub const FALSE_ACCEPT_RATES: [f64; 2] = [0.001, 0.01];

/// The receiver operating characteristic of one fold: its scores, sorted.
#[derive(Clone, Debug)]
pub struct Curve {
    same: Vec<f64>,
    different: Vec<f64>,
}

/// False accept rate and verification rate at one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// Share of the pairs of different people that are accepted.
    pub far: f64,
    /// Share of the pairs of the same person that are accepted.
    pub vr: f64,
}

impl Curve {
    /// Sorts a fold's scores, which must be finite and of both kinds, as those of [`super::ScoredFolds`] are.
    pub fn new(fold: &Fold) -> Self {
        let sorted = |pairs| {
            let mut scores = Fold::scores(pairs);
            scores.sort_unstable_by(f64::total_cmp);
            scores
        };
        Self { same: sorted(&fold.same), different: sorted(&fold.different) }
    }

    /// Scores of pairs of the same person, ascending.
    pub fn same(&self) -> &[f64] {
        &self.same
    }

    /// Scores of pairs of different people, ascending.
    pub fn different(&self) -> &[f64] {
        &self.different
    }

    /// The smallest false accept rate above 0 that so many pairs can show.
    pub fn far_step(&self) -> f64 {
        1.0 / self.different.len() as f64
    }

    /// Share of the pairs that are classified correctly at a threshold.
    pub fn accuracy(&self, threshold: f64) -> f64 {
        let accepted = self.same.len() - below(&self.same, threshold);
        let rejected = below(&self.different, threshold);
        (accepted + rejected) as f64 / (self.same.len() + self.different.len()) as f64
    }

    /// The largest verification rate at which no more than a share `max_far` of the pairs of different people is accepted.
    ///
    /// Where `max_far` is smaller than [`far_step`](Self::far_step), none is.
    pub fn verification_rate(&self, max_far: f64) -> f64 {
        let total = self.different.len();
        let share = |count: usize| count as f64 / total as f64;
        // The product may be off by one through rounding; the quotients decide.
        let mut allowed = (max_far.clamp(0.0, 1.0) * total as f64) as usize;
        while allowed < total && share(allowed + 1) <= max_far {
            allowed += 1;
        }
        while allowed > 0 && share(allowed) > max_far {
            allowed -= 1;
        }
        let Some(rejected) = total.checked_sub(allowed + 1) else { return 1.0 };
        // The best pair that must be rejected takes every score up to its own with it.
        let bound = self.different[rejected];
        let accepted = self.same.len() - self.same.partition_point(|&score| score <= bound);
        accepted as f64 / self.same.len() as f64
    }

    /// Area under the curve: how often a pair of the same person scores higher than a pair of different people, equal scores
    /// counted half (the statistic of Mann and Whitney, divided by its largest value).
    pub fn area(&self) -> f64 {
        let (mut less, mut up_to, mut halves) = (0, 0, 0_u128);
        for &score in &self.same {
            while self.different.get(less).is_some_and(|&other| other < score) {
                less += 1;
            }
            up_to = up_to.max(less);
            while self.different.get(up_to).is_some_and(|&other| other <= score) {
                up_to += 1;
            }
            halves += (less + up_to) as u128;
        }
        halves as f64 / (2.0 * self.same.len() as f64 * self.different.len() as f64)
    }

    /// The rates at every threshold, from accepting nobody to accepting everybody; scores that are equal come together.
    pub fn rates(&self) -> impl Iterator<Item = Rates> {
        let (mut same, mut different) = (self.same.len(), self.different.len());
        let rates = move |same: usize, different: usize| Rates {
            far: (self.different.len() - different) as f64 / self.different.len() as f64,
            vr: (self.same.len() - same) as f64 / self.same.len() as f64,
        };
        let steps = std::iter::from_fn(move || {
            let next = self.same[..same].last().into_iter().chain(self.different[..different].last());
            let score = next.copied().max_by(f64::total_cmp)?;
            while same > 0 && self.same[same - 1] >= score {
                same -= 1;
            }
            while different > 0 && self.different[different - 1] >= score {
                different -= 1;
            }
            Some(rates(same, different))
        });
        std::iter::once(rates(self.same.len(), self.different.len())).chain(steps)
    }

    /// Equal error rate: where the false accept rate equals the false reject rate, by linear interpolation between the
    /// points of the curve.
    pub fn equal_error_rate(&self) -> f64 {
        equal_error_rate(self.rates())
    }
}

/// The equal error rate of rates that go from accepting nobody to accepting everybody.
pub(super) fn equal_error_rate(rates: impl Iterator<Item = Rates>) -> f64 {
    let mut before = Rates { far: 0.0, vr: 0.0 };
    for rates in rates {
        // How far false rejects are above false accepts.
        let excess = |rates: Rates| (1.0 - rates.vr) - rates.far;
        if excess(rates) <= 0.0 {
            let way = excess(before) / (excess(before) - excess(rates));
            return before.far + way * (rates.far - before.far);
        }
        before = rates;
    }
    1.0 // not reached: the last point accepts everybody
}

/// Number of ascending scores below a threshold.
fn below(scores: &[f64], threshold: f64) -> usize {
    scores.partition_point(|&score| score < threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_false_accepts_as_the_rate_allows_are_made() {
        let curve = Curve { same: vec![0.15, 0.25, 0.35, 0.45], different: vec![0.1, 0.2, 0.3, 0.4] };
        let rates = [0.0, 0.24, 0.25, 0.5, 0.74, 0.75, 1.0].map(|far| curve.verification_rate(far));
        assert_eq!(rates, [0.25, 0.25, 0.5, 0.75, 0.75, 1.0, 1.0]);
        assert_eq!([-0.5, 1.5].map(|far| curve.verification_rate(far)), [0.25, 1.0], "rates beyond 0 and 1");
    }
}
