//! How learning rates change over a run.

use serde::{Deserialize, Serialize};

/// The learning rate's factor over the steps of a run. The first step is step 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
}

impl Schedule {
    /// The factor for step `step`, counted from 1.
    pub fn factor(self, step: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((step / every.max(1)) as f64),
            Self::Linear { from, over } => {
                let past = step.saturating_sub(from) as f64;
                (1.0 - past / over.max(1) as f64).max(0.0)
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
    fn step_multiplies_at_every_multiple() {
        let schedule = Schedule::Step { every: 3, factor: 0.5 };
        let factors: Vec<f64> = (1..=7).map(|step| schedule.factor(step)).collect();
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]);
    }
}
