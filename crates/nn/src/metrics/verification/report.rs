//! The figures of verification: are two pictures the same person?

use serde::Serialize;

use crate::metrics::summary::Summary;

/// By whose rules figures were computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// By their definitions, from every score; see [`super::Curve`] and [`super::best_thresholds`].
    #[serde(rename = "exact")]
    Exact,
    /// As the original does; see [`super::original_2018`].
    #[serde(rename = "original-2018")]
    Original2018,
}

impl Mode {
    /// Its name, as `--json` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Original2018 => "original-2018",
        }
    }
}

/// The figures of one fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoldReport {
    /// Share of the fold's pairs classified correctly at the threshold; `None` where there is no other fold to choose it on.
    pub accuracy: Option<f64>,
    /// The threshold that is best on the other folds.
    pub threshold: Option<f64>,
    /// Verification rate at a false accept rate of 0.1 %.
    pub vr_far_0_001: f64,
    /// Verification rate at a false accept rate of 1 %.
    pub vr_far_0_01: f64,
    /// Area under the receiver operating characteristic.
    pub auc: f64,
    /// Equal error rate.
    pub eer: f64,
    /// Pairs of the same person.
    pub num_same: usize,
    /// Pairs of different people.
    pub num_different: usize,
    /// The smallest false accept rate above 0 that its pairs can show.
    pub far_step: f64,
}

/// The mean curve: verification rate at a false accept rate, over folds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanRates {
    /// False accept rate.
    pub far: f64,
    /// Verification rate.
    pub vr: Summary,
}

/// The figures of all folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationReport {
    /// Accuracy.
    pub accuracy: Summary,
    /// Thresholds.
    pub threshold: Summary,
    /// Verification rate at a false accept rate of 0.1 %.
    pub vr_far_0_001: Summary,
    /// Verification rate at a false accept rate of 1 %.
    pub vr_far_0_01: Summary,
    /// Area under the receiver operating characteristic.
    pub auc: Summary,
    /// Equal error rate.
    pub eer: Summary,
    /// Fold by fold.
    pub folds: Vec<FoldReport>,
    /// By whose rules.
    pub mode: Mode,
    /// The smallest false accept rate above 0 that every fold's pairs can show: 1 / (pairs of different people) of the fold with
    /// the fewest.
    pub far_step: f64,
    /// Pairs in the folds reported on.
    pub num_pairs: usize,
    /// The mean curve.
    pub roc: Vec<MeanRates>,
    /// What stands in the way of a figure, or of believing it.
    pub warnings: Vec<String>,
}
