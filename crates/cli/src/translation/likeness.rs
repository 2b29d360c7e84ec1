//! What a similarity means, as far as it was measured.
//!
//! Measured with the built-in recogniser on 508 photos of 255 real people whom it never saw, 128,439 pairs of different ones;
//! `docs/models/likeness.md` has the command.

use portraitist_nn::builtin::SAME_PERSON_SIMILARITY;

/// Similarities, and how many in a hundred pairs of photos of different people are more alike.
const DIFFERENT_PEOPLE: [(f32, f32); 17] = [
    (-0.3, 99.0),
    (-0.2, 94.3),
    (-0.1, 81.3),
    (0.0, 59.2),
    (0.1, 35.2),
    (0.2, 16.5),
    (0.25, 10.4),
    (0.3, 6.0),
    (0.35, 3.2),
    (0.4, 1.58),
    (0.47, 0.50),
    (0.5, 0.29),
    (0.55, 0.11),
    (0.6, 0.040),
    (0.65, 0.012),
    (0.7, 0.002),
    (1.0, 0.0),
];

/// Whether so few pairs of different people are as alike that both may be called the same person.
pub(crate) fn is_same_person(similarity: f32) -> bool {
    similarity > SAME_PERSON_SIMILARITY
}

/// Of a hundred pairs of photos of different people, how many are at least as alike.
pub(crate) fn as_alike_percent(similarity: f32) -> f32 {
    let after = DIFFERENT_PEOPLE.partition_point(|(known, _)| *known < similarity);
    if after == 0 {
        return 100.0;
    }
    let (low, high) = (DIFFERENT_PEOPLE[after - 1], DIFFERENT_PEOPLE[after.min(DIFFERENT_PEOPLE.len() - 1)]);
    let share = if high.0 > low.0 { (similarity - low.0) / (high.0 - low.0) } else { 0.0 };
    low.1 + share * (high.1 - low.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_is_said_where_fewer_than_one_in_a_hundred_pairs_mislead() {
        assert!(as_alike_percent(SAME_PERSON_SIMILARITY) < 1.0);
        assert!(is_same_person(SAME_PERSON_SIMILARITY + 0.01) && !is_same_person(SAME_PERSON_SIMILARITY));
    }

    #[test]
    fn the_more_alike_the_fewer() {
        assert_eq!(as_alike_percent(-0.5), 100.0);
        assert_eq!(as_alike_percent(0.4), 1.58);
        assert_eq!(as_alike_percent(1.0), 0.0);
        let percents: Vec<f32> = (-100..=101).map(|step| as_alike_percent(step as f32 / 100.0)).collect();
        assert!(percents.iter().all(|percent| (0.0..=100.0).contains(percent)), "{percents:?}");
        assert!(percents.windows(2).all(|pair| pair[1] <= pair[0]), "{percents:?}");
    }
}
