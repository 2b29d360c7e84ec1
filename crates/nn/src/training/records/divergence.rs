//! Losses that grow, told early and once.

use std::collections::BTreeMap;

use crate::losses::NamedValues;

/// What is watched: losses that fall in a healthy training. Those of discriminators rise when the generators learn.
const WATCHED: [&str; 2] = ["generator.total", "loss"];
/// Steps of which a median is taken.
const WINDOW: usize = 50;
/// A median this many times the lowest one is far above it.
const MOST_GROWTH: f32 = 5.0;
/// Medians in a row that must say so.
const IN_A_ROW: u32 = 2;
/// Lower levels are no levels to grow from.
const LEAST_LEVEL: f32 = 1e-3;

/// Follows the losses of a run.
#[derive(Debug, Default)]
pub(in crate::training) struct LossWatch {
    losses: BTreeMap<&'static str, History>,
}

/// What is remembered of a loss.
#[derive(Debug, Default)]
struct History {
    recent: Vec<f32>,
    /// The lowest median, and the step behind it.
    lowest: Option<(f32, u64)>,
    beyond: u32,
    is_told: bool,
}

impl LossWatch {
    /// Looks at the losses of a step; what is to be told of them.
    pub(in crate::training) fn look(&mut self, step: u64, values: &NamedValues) -> Vec<String> {
        let watched = WATCHED.into_iter().filter_map(|name| {
            let (_, value) = values.iter().find(|(found, _)| found == name)?;
            self.losses.entry(name).or_default().look(step, name, value.abs())
        });
        watched.collect()
    }
}

impl History {
    fn look(&mut self, step: u64, name: &str, value: f32) -> Option<String> {
        self.recent.push(value);
        if self.recent.len() < WINDOW {
            return None;
        }
        self.recent.sort_by(f32::total_cmp);
        let median = self.recent[WINDOW / 2];
        self.recent.clear();
        let (lowest, step_of_lowest) = *self.lowest.get_or_insert((median, step));
        if median < lowest {
            self.lowest = Some((median, step));
        }
        self.beyond = if median > MOST_GROWTH * lowest.max(LEAST_LEVEL) { self.beyond + 1 } else { 0 };
        if self.beyond < IN_A_ROW || std::mem::replace(&mut self.is_told, true) {
            return None;
        }
        Some(format!(
            "step {step}: {name} has grown to {median:.3}, {:.1} times its lowest level ({lowest:.3} until step {step_of_lowest}): the \
             training may be diverging; lower learning rates may help",
            median / lowest.max(LEAST_LEVEL)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(name: &str, loss: impl Fn(u64) -> f32) -> Vec<String> {
        let mut watch = LossWatch::default();
        (1..=1000).flat_map(|step| watch.look(step, &vec![(name.to_owned(), loss(step))])).collect()
    }

    #[test]
    fn a_loss_that_grows_is_told_once_and_one_that_jumps_is_not() {
        let noise = |step: u64| 0.5 + (step * 7919 % 101) as f32 / 100.0;
        let falling = |step: u64| noise(step) * (1.0 + 20.0 / (1.0 + step as f32 / 50.0));
        assert!(warnings("generator.total", falling).is_empty());
        let growing = |step: u64| falling(step) * if step > 500 { (step as f32 - 500.0) / 10.0 } else { 1.0 };
        let found = warnings("generator.total", growing);
        assert!(found.len() == 1 && found[0].contains("generator.total has grown"), "{found:?}");
        // Single steps may be anything.
        assert!(warnings("loss", |step| if step % 10 == 0 { 1e6 } else { noise(step) }).is_empty());
        assert!(warnings("discriminator.total", growing).is_empty(), "it rises when the generators learn");
    }
}
