//! Weighted non-maximum suppression, as the paper on BlazeFace describes it: what overlaps is one face, in the mean place.

use portraitist_face::transform::Point;

use super::anchors::Candidate;

/// Boxes that overlap by more are one face.
const OVERLAP: f64 = 0.3;

/// One candidate for each face, the surest first.
pub(super) fn suppress(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while let Some(best) = candidates.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|candidate| candidate.overlap(&best) > OVERLAP);
        // Nothing overlaps a box without an area, not even itself.
        faces.push(if same.is_empty() { best } else { mean(&same, best.score) });
        candidates = others;
        candidates.retain(|candidate| *candidate != best);
    }
    faces
}

fn mean(candidates: &[Candidate], score: f64) -> Candidate {
    let total: f64 = candidates.iter().map(|candidate| candidate.score).sum();
    let weighted = |value: &dyn Fn(&Candidate) -> f64| {
        candidates.iter().map(|candidate| candidate.score / total * value(candidate)).sum::<f64>()
    };
    let point = |point: &dyn Fn(&Candidate) -> Point| [0, 1].map(|axis| weighted(&|candidate| point(candidate)[axis]));
    Candidate {
        middle: point(&|candidate| candidate.middle),
        side: weighted(&|candidate| candidate.side),
        points: std::array::from_fn(|index| point(&|candidate| candidate.points[index])),
        score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, side: f64, score: f64) -> Candidate {
        Candidate { middle: [x, 0.0], side, points: [[x, 1.0]; 6], score }
    }

    #[test]
    fn overlapping_boxes_become_one_in_their_weighted_mean() {
        let faces = suppress(vec![at(0.0, 10.0, 0.6), at(1.0, 10.0, 0.9), at(50.0, 8.0, 0.7)]);
        assert_eq!(faces.len(), 2);
        assert_eq!(faces[0].score, 0.9);
        assert!((faces[0].middle[0] - 0.6).abs() < 1e-9 && (faces[0].points[3][0] - 0.6).abs() < 1e-9);
        assert!((faces[1].middle[0] - 50.0).abs() < 1e-9 && (faces[1].side - 8.0).abs() < 1e-9);
    }

    #[test]
    fn boxes_without_area_end() {
        assert_eq!(suppress(vec![at(0.0, 0.0, 0.6), at(0.0, 0.0, 0.6)]).len(), 1);
    }
}
