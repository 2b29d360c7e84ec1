//! What goes wrong, told early and once.

use std::collections::{BTreeMap, BTreeSet};

use crate::losses::NamedValues;

/// Two styles that change a picture by less than this, in mean grey levels of 255, make no difference to the eye.
const LEAST_STYLE_LEVELS: f32 = 1.0;
/// Generated pictures whose features spread less than this share of the real ones' are nearly one picture.
const LEAST_SPREAD: f32 = 0.1;
/// A distance this many times its best is far behind it.
const MOST_GROWTH: f32 = 2.5;
/// Evaluations in a row that must say so: one may be an accident.
const IN_A_ROW: u32 = 2;
/// Networks that have just begun give the same picture for everything; what has never been above the limit is told after so many.
const NEVER_ABOVE: u32 = 4;

/// Follows the measures of a run.
#[derive(Debug, Default)]
pub(super) struct Watch {
    histories: BTreeMap<String, History>,
    told: BTreeSet<String>,
    news: Vec<String>,
}

/// What is remembered of a measure.
#[derive(Clone, Copy, Debug)]
struct History {
    least: f32,
    step_of_least: u64,
    largest: f32,
    /// Evaluations in a row beyond the limit.
    beyond: u32,
}

impl Watch {
    /// Warnings since the last call.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// A set that could not be measured.
    pub(super) fn tell_unmeasured(&mut self, step: u64, set: &str, reason: &str) {
        self.tell(format!("unmeasured {set}"), format!("step {step}: {set} could not be measured: {reason}"));
    }

    /// Looks at the measures of a step; `frechet` is what the Fréchet distance is called.
    pub(super) fn look(&mut self, step: u64, values: &NamedValues, frechet: &str) {
        for (name, value) in values {
            match name.split_once('.') {
                Some(("style_levels", set)) => self.look_at_fall(step, name, *value, LEAST_STYLE_LEVELS, || {
                    format!(
                        "two styles change a generated {set} by {value:.2} of 255 grey levels on average: styles make no difference \
                         any more (mode collapse)"
                    )
                }),
                Some(("spread", set)) => self.look_at_fall(step, name, *value, LEAST_SPREAD, || {
                    format!(
                        "the features of the pictures {set} spread over {:.1} % of what real ones' do: they are nearly all the \
                         same (mode collapse)",
                        100.0 * value
                    )
                }),
                Some((measure, _)) if measure == frechet => self.look_at_growth(step, name, *value),
                _ => {}
            }
        }
    }

    /// Warns of a measure that has fallen below `least`, or never was above it.
    fn look_at_fall(&mut self, step: u64, name: &str, value: f32, least: f32, describe: impl Fn() -> String) {
        let history = self.remember(step, name, value, |_| value < least);
        let has_fallen = history.largest >= 2.0 * least && history.beyond >= IN_A_ROW;
        if has_fallen || history.beyond >= NEVER_ABOVE {
            self.tell(name.to_owned(), format!("step {step}: {}", describe()));
        }
    }

    /// Warns of a distance that has grown far beyond its best.
    fn look_at_growth(&mut self, step: u64, name: &str, value: f32) {
        let history = self.remember(step, name, value, |history| value > MOST_GROWTH * history.least);
        if history.beyond >= IN_A_ROW {
            let History { least, step_of_least, .. } = history;
            let text = format!(
                "step {step}: {name} is {value:.4}, {:.1} times its best ({least:.4} at step {step_of_least}): the training may be diverging",
                value / least.max(f32::MIN_POSITIVE)
            );
            self.tell(name.to_owned(), text);
        }
    }

    /// `is_beyond` sees what was remembered before.
    fn remember(&mut self, step: u64, name: &str, value: f32, is_beyond: impl Fn(&History) -> bool) -> History {
        let new = History { least: value, step_of_least: step, largest: value, beyond: 0 };
        let history = self.histories.entry(name.to_owned()).or_insert(new);
        history.beyond = if is_beyond(history) { history.beyond + 1 } else { 0 };
        if value < history.least {
            (history.least, history.step_of_least) = (value, step);
        }
        history.largest = history.largest.max(value);
        *history
    }

    fn tell(&mut self, what: String, text: String) {
        if self.told.insert(what) {
            self.news.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Warnings of a series of values of one measure, with the evaluations at which they came.
    fn warnings(name: &str, series: &[f32]) -> Vec<(usize, String)> {
        let mut watch = Watch::default();
        let mut found = Vec::new();
        for (index, value) in series.iter().enumerate() {
            watch.look(100 * index as u64, &vec![(name.to_owned(), *value)], "frechet_likeness");
            found.extend(watch.take().into_iter().map(|text| (index, text)));
        }
        found
    }

    #[test]
    fn styles_that_stop_to_matter_are_told_at_the_second_look_and_once() {
        let found = warnings("style_levels.drawing", &[12.0, 9.0, 0.4, 0.3, 0.1, 0.1]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, 3);
        assert!(found[0].1.contains("step 300") && found[0].1.contains("drawing"), "{found:?}");
        // One look below, or networks that have just begun.
        assert!(warnings("style_levels.drawing", &[12.0, 0.4, 9.0, 8.0]).is_empty());
        assert!(warnings("style_levels.drawing", &[0.1, 0.2, 4.0, 8.0]).is_empty());
        assert_eq!(warnings("style_levels.photo", &[0.1; 6]).len(), 1, "never any difference");
    }

    #[test]
    fn pictures_that_become_all_the_same_are_told() {
        let found = warnings("spread.photo", &[0.9, 0.8, 0.05, 0.02]);
        assert!(found.len() == 1 && found[0].1.contains("2.0 %"), "{found:?}");
        assert!(warnings("spread.photo", &[0.9, 0.5, 0.3, 0.4]).is_empty());
    }

    #[test]
    fn distances_that_grow_are_told_and_noise_is_not() {
        let found = warnings("frechet_likeness.drawing", &[0.5, 0.2, 0.21, 0.6, 0.7, 0.9]);
        assert!(found.len() == 1 && found[0].0 == 4 && found[0].1.contains("0.2000 at step 100"), "{found:?}");
        assert!(warnings("frechet_likeness.drawing", &[0.5, 0.2, 0.3, 0.45, 0.2, 0.6, 0.25]).is_empty());
        assert!(warnings("kernel_likeness.drawing", &[0.0, 0.2, 0.9, 3.0]).is_empty(), "it may be near or below 0");
    }
}
