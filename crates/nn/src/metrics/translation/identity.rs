//! Whether the person of an input is still recognised in its output.

use super::estimate::{MeanEstimate, mean_estimate_of_people};

/// The false accept rate at which outputs are verified.
const FALSE_ACCEPT_RATE: f64 = 0.01;

/// How alike inputs and outputs are to a recogniser.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityScores {
    people: Vec<usize>,
    /// For each output, whether its own input's person is recognised.
    cosines: Vec<f64>,
    verified: Option<Vec<f64>>,
    first: Vec<f64>,
}

/// How much of the identity is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdentityKept {
    /// Mean cosine of an output with its own input, -1 to 1.
    pub cosine: MeanEstimate,
    /// Share of outputs that are verified with their own input at a false accept rate of 1 %: the threshold is the score that one in a
    /// hundred pairs of an output with another person's input exceed. `None` where all inputs show one person.
    pub verification_rate: Option<MeanEstimate>,
    /// Share of outputs whose most alike input shows the same person.
    pub rank_1: Option<MeanEstimate>,
}

impl IdentityScores {
    /// Scores of every output with every input; output `i` was made of input `i`, which shows person `people[i]`.
    ///
    /// # Shapes
    /// - cosines: `[outputs, inputs]`, as many of both as people, finite
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn new(people: Vec<usize>, cosines: &[f64]) -> Self {
        let count = people.len();
        assert_eq!(cosines.len(), count * count, "a cosine for every output and input");
        let pairs = || (0..count).flat_map(|output| (0..count).map(move |input| (output, input)));
        let mut impostors: Vec<f64> = pairs()
            .filter(|(output, input)| people[*output] != people[*input])
            .map(|(output, input)| cosines[output * count + input])
            .collect();
        impostors.sort_unstable_by(f64::total_cmp);
        let own: Vec<f64> = (0..count).map(|index| cosines[index * count + index]).collect();
        let share = |hit: bool| f64::from(u8::from(hit));
        let verified = threshold(&impostors).map(|bound| own.iter().map(|score| share(*score > bound)).collect());
        let is_first = |output: usize| {
            let scores = &cosines[output * count..][..count];
            let best = (0..count).max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)));
            share(best.is_some_and(|best| people[best] == people[output]))
        };
        let first = (0..count).map(is_first).collect();
        Self { people, cosines: own, verified, first }
    }

    /// Each output's cosine with its own input.
    pub fn cosines(&self) -> &[f64] {
        &self.cosines
    }
}

/// The score that no more than a share [`FALSE_ACCEPT_RATE`] of ascending scores exceeds.
fn threshold(impostors: &[f64]) -> Option<f64> {
    let allowed = (FALSE_ACCEPT_RATE * impostors.len() as f64) as usize;
    impostors.get(impostors.len().checked_sub(allowed + 1)?).copied()
}

/// What is kept of the identity in some outputs; all that were scored stay in the gallery, and the threshold stays. Intervals draw
/// people. `None` where there are no such outputs.
pub fn identity_kept(
    scores: &IdentityScores,
    is_member: impl Fn(usize) -> bool,
    resamples: u32,
    seed: u64,
) -> Option<IdentityKept> {
    let members: Vec<usize> = (0..scores.people.len()).filter(|index| is_member(*index)).collect();
    let people: Vec<usize> = members.iter().map(|index| scores.people[*index]).collect();
    let estimate = |values: &[f64]| {
        let values: Vec<f64> = members.iter().map(|index| values[*index]).collect();
        mean_estimate_of_people(&values, &people, resamples, seed)
    };
    Some(IdentityKept {
        cosine: estimate(&scores.cosines)?,
        verification_rate: scores.verified.as_ref().and_then(|verified| estimate(verified)),
        rank_1: scores.verified.as_ref().and_then(|_| estimate(&scores.first)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    #[test]
    fn a_diagonal_is_kept_and_a_shift_is_lost() {
        let matrix = |hit: fn(usize, usize) -> bool| -> Vec<f64> {
            (0..400).map(|index| if hit(index / 20, index % 20) { 0.9 } else { 0.1 }).collect()
        };
        let people: Vec<usize> = (0..20).collect();
        let kept = IdentityScores::new(people.clone(), &matrix(|output, input| output == input));
        let found = identity_kept(&kept, |_| true, 50, 0).expect("scores");
        let value = |estimate: Option<MeanEstimate>| estimate.map(|found| found.value);
        assert!((found.cosine.value - 0.9).abs() < 1e-12);
        assert_eq!((value(found.verification_rate), value(found.rank_1)), (Some(1.0), Some(1.0)));
        let lost = IdentityScores::new(people, &matrix(|output, input| (output + 1) % 20 == input));
        let found = identity_kept(&lost, |_| true, 50, 0).expect("scores");
        assert_eq!((value(found.verification_rate), value(found.rank_1)), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn scores_by_chance_are_verified_as_often_as_strangers_are() {
        // 300 outputs, all scores alike: 1 % of own pairs are verified, one in 300 is first.
        let (mut verified, mut first) = (0.0, 0.0);
        for seed in 0..10 {
            let cosines: Vec<f64> =
                normals(&mut stream(seed, "scores", 0), 90_000).iter().map(|value| f64::from(*value)).collect();
            let scores = IdentityScores::new((0..300).collect(), &cosines);
            let found = identity_kept(&scores, |_| true, 0, 0).expect("scores");
            verified += found.verification_rate.expect("strangers").value / 10.0;
            first += found.rank_1.expect("strangers").value / 10.0;
        }
        assert!((0.004..0.018).contains(&verified) && first < 0.009, "{verified} {first}");
    }

    #[test]
    fn groups_are_parts_of_the_whole_and_one_person_has_no_strangers() {
        let cosines: Vec<f64> = (0..36).map(|index| if index % 7 == 0 && index < 21 { 0.8 } else { 0.2 }).collect();
        let scores = IdentityScores::new(vec![0, 1, 2, 3, 4, 5], &cosines);
        let rate = |first: usize, last: usize| {
            let found = identity_kept(&scores, |index| (first..=last).contains(&index), 0, 0).expect("members");
            (found.verification_rate.expect("strangers").value, found.cosine.count)
        };
        assert_eq!((rate(0, 2), rate(3, 5), rate(0, 5)), ((1.0, 3), (0.0, 3), (0.5, 6)));
        assert!(identity_kept(&scores, |_| false, 0, 0).is_none());
        let alone = IdentityScores::new(vec![4, 4], &[0.5, 0.6, 0.7, 0.8]);
        let found = identity_kept(&alone, |_| true, 0, 0).expect("members");
        assert!(found.verification_rate.is_none() && found.rank_1.is_none() && found.cosine.value == 0.65);
    }
}
