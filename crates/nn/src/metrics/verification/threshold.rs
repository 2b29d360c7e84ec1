//! The threshold for each fold that is best on all the others.

use super::curve::Curve;

/// For every fold the threshold with the best accuracy on the other folds; `None` where there are no others.
///
/// Between two neighbouring scores of the other folds every threshold is as good; the middle is taken. Of equally good gaps the
/// widest wins, then the lowest. Rejecting or accepting everything are choices, too, with gaps of width 0. One sort and one pass:
/// O(n log n + n · folds).
pub fn best_thresholds(curves: &[Curve]) -> Vec<Option<f64>> {
    if curves.len() < 2 {
        return vec![None; curves.len()];
    }
    let events = events(curves);
    let mut search = Search::new(curves);
    for group in events.chunk_by(|one, other| one.score == other.score) {
        search.pass(group);
    }
    search.finish()
}

/// A score and what rejecting it does.
#[derive(Clone, Copy)]
struct Event {
    score: f64,
    fold: u32,
    same: bool,
}

/// All scores, ascending.
fn events(curves: &[Curve]) -> Vec<Event> {
    let count = curves.iter().map(|curve| curve.same().len() + curve.different().len()).sum();
    let mut events: Vec<Event> = Vec::with_capacity(count);
    for (fold, curve) in (0_u32..).zip(curves) {
        events.extend(curve.same().iter().map(|&score| Event { score, fold, same: true }));
        events.extend(curve.different().iter().map(|&score| Event { score, fold, same: false }));
    }
    // The scores are sorted runs, which the stable sort merges.
    events.sort_by(|one, other| one.score.total_cmp(&other.score));
    events
}

/// The best gap found so far for one fold.
#[derive(Clone, Copy)]
struct Choice {
    correct: i64,
    width: f64,
    threshold: f64,
}

/// A threshold on its way from below all scores to above them.
struct Search {
    /// Pairs of each fold that are classified correctly now.
    correct: Vec<i64>,
    total: i64,
    /// The highest score of each fold's training folds that lies below.
    below: Vec<Option<f64>>,
    best: Vec<Option<Choice>>,
}

impl Search {
    fn new(curves: &[Curve]) -> Self {
        let correct: Vec<i64> = curves.iter().map(|curve| curve.same().len() as i64).collect();
        let total = correct.iter().sum();
        Self { correct, total, below: vec![None; curves.len()], best: vec![None; curves.len()] }
    }

    /// Considers the gap below some equal scores, then rejects them.
    fn pass(&mut self, group: &[Event]) {
        let first = group[0];
        let only = group.iter().all(|event| event.fold == first.fold).then_some(first.fold as usize);
        for fold in 0..self.correct.len() {
            // A score that only the test fold has says nothing about its training folds.
            if only != Some(fold) {
                self.consider(fold, Some(first.score));
                self.below[fold] = Some(first.score);
            }
        }
        for event in group {
            let gain = if event.same { -1 } else { 1 };
            self.correct[event.fold as usize] += gain;
            self.total += gain;
        }
    }

    fn consider(&mut self, fold: usize, above: Option<f64>) {
        let correct = self.total - self.correct[fold];
        let (width, threshold) = match (self.below[fold], above) {
            (Some(below), Some(above)) => (above - below, middle(below, above)),
            (None, Some(above)) => (0.0, above),
            (Some(below), None) => (0.0, below.next_up()),
            (None, None) => return,
        };
        let better = |best: Choice| (correct, width) > (best.correct, best.width);
        if self.best[fold].is_none_or(better) {
            self.best[fold] = Some(Choice { correct, width, threshold });
        }
    }

    fn finish(mut self) -> Vec<Option<f64>> {
        (0..self.correct.len()).for_each(|fold| self.consider(fold, None));
        self.best.iter().map(|best| best.map(|choice| choice.threshold)).collect()
    }
}

/// A threshold above `below` and not above `above`.
fn middle(below: f64, above: f64) -> f64 {
    let middle = below / 2.0 + above / 2.0;
    if middle > below { middle.min(above) } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_lie_in_the_middle_of_a_gap() {
        assert_eq!(middle(0.25, 0.75), 0.5);
        assert_eq!(middle(-0.5, 0.25), -0.125);
        let above = 0.3_f64.next_up();
        assert_eq!(middle(0.3, above), above, "nothing lies between");
        assert_eq!(middle(f64::MIN, f64::MAX), 0.0, "the sum would be infinite in between");
    }
}
