//! How learning rates change over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// The learning rate's factor over the steps of a run. The first step is step 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// Multiplied by `factor` after every `every` steps.
    Step {
        /// Steps between changes.
        every: u64,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// 1 up to step `from`, then falling by `1 / over` a step, never below 0.
    Linear {
        /// The last step at the full rate.
        from: u64,
        /// Steps in which the rate would fall to 0 if it fell from the start.
        over: u64,
    },
    /// Multiplied by `factor` from each of the `steps` on.
    Milestones {
        /// The first step at each new rate.
        steps: Vec<u64>,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Half a cosine from 1 in the first step to 0 after `over` steps. Loshchilov and Hutter 2017,
    /// <https://arxiv.org/abs/1608.03983>, without restarts.
    Cosine {
        /// Steps until the rate is 0.
        over: u64,
    },
}

impl Schedule {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let at_least_one = |name: &str, value: u64| match value {
            0 => Err(format!("schedule.{name} must be at least 1, found 0")),
            _ => Ok(()),
        };
        let factor = |factor: f64| match factor.is_finite() && factor >= 0.0 {
            true => Ok(()),
            false => Err(format!("schedule.factor must be a number of at least 0, found {factor}")),
        };
        match self {
            Self::Constant => Ok(()),
            Self::Step { every, factor: found } => at_least_one("every", *every).and_then(|()| factor(*found)),
            Self::Linear { over, .. } | Self::Cosine { over } => at_least_one("over", *over),
            Self::Milestones { steps, factor: found } => {
                steps.iter().try_for_each(|step| at_least_one("steps", *step)).and_then(|()| factor(*found))
            }
        }
    }

    /// The factor for step `step`, counted from 1.
    pub fn factor(&self, step: u64) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((step / every.max(1)) as f64),
            Self::Linear { from, over } => {
                let past = step.saturating_sub(from) as f64;
                (1.0 - past / over.max(1) as f64).max(0.0)
            }
            Self::Milestones { ref steps, factor } => {
                let passed = steps.iter().filter(|milestone| **milestone <= step).count();
                factor.powi(passed as i32)
            }
            Self::Cosine { over } => {
                let share = step.saturating_sub(1).min(over) as f64 / over.max(1) as f64;
                0.5 * (1.0 + (PI * share).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_falls_after_its_start_and_never_below_zero() {
        let schedule = Schedule::Linear { from: 2, over: 4 };
        let factors: Vec<f64> = (1..=8).map(|step| schedule.factor(step)).collect();
        assert_eq!(factors, [1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn schedules_that_mean_nothing_are_refused() {
        let refused = |schedule: Schedule, key: &str| {
            let reason = schedule.validate().expect_err("it cannot be used");
            assert!(reason.starts_with(&format!("schedule.{key} must be")), "{reason}");
        };
        refused(Schedule::Step { every: 0, factor: 0.5 }, "every");
        refused(Schedule::Step { every: 1, factor: f64::NAN }, "factor");
        refused(Schedule::Milestones { steps: vec![1], factor: -0.5 }, "factor");
        refused(Schedule::Milestones { steps: vec![5, 0], factor: 0.5 }, "steps");
        refused(Schedule::Linear { from: 3, over: 0 }, "over");
        refused(Schedule::Cosine { over: 0 }, "over");
        Schedule::Linear { from: 0, over: 1 }.validate().expect("it falls at once");
    }

    #[test]
    fn step_multiplies_at_every_multiple() {
        let schedule = Schedule::Step { every: 3, factor: 0.5 };
        let factors: Vec<f64> = (1..=7).map(|step| schedule.factor(step)).collect();
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]);
    }

    #[test]
    fn a_milestone_acts_from_its_own_step_on() {
        let schedule = Schedule::Milestones { steps: vec![2, 4], factor: 0.5 };
        let factors: Vec<f64> = (1..=5).map(|step| schedule.factor(step)).collect();
        assert_eq!(factors, [1.0, 0.5, 0.5, 0.25, 0.25]);
    }

    #[test]
    fn the_cosine_falls_from_one_to_nothing_and_stays_there() {
        let schedule = Schedule::Cosine { over: 4 };
        let factors: Vec<f64> = (1..=7).map(|step| schedule.factor(step)).collect();
        let expected = [1.0, 0.5 + 0.125f64.sqrt(), 0.5, 0.5 - 0.125f64.sqrt(), 0.0, 0.0, 0.0];
        for (found, expected) in factors.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{factors:?}");
        }
    }
}
