//! Verification as the original's `wc_eval.eval` computes it; only for comparing with its tables, never a default.
//!
//! How it differs: it tries 400 fixed thresholds instead of every score, and takes the last of equally good ones; only
//! scores above the threshold mean "same"; the index of the score that gives a false accept rate is truncated, so that
//! the rate is off by up to one pair; equal scores count as wins in the area under the curve.

use super::curve::{Curve, FALSE_ACCEPT_RATES};
use super::report::VerificationReport;
use crate::metrics::error::MetricsError;
use crate::metrics::summary::Summary;

/// Number of thresholds tried.
const THRESHOLDS: usize = 400;

/// One fold's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OriginalFold {
    /// The last of the thresholds that are best on the other folds.
    pub threshold: f64,
    /// Share of the fold's pairs classified correctly.
    pub accuracy: f64,
    /// Verification rate at a false accept rate of about 0.1 %; `far3`.
    pub vr_far_0_001: f64,
    /// Verification rate at a false accept rate of about 1 %; `far2`.
    pub vr_far_0_01: f64,
    /// Area under the curve.
    pub auc: f64,
}

/// Threshold `index` of numpy's `arange(-1.0, 1.0, 0.005)`: numpy takes the difference of its first two values as the step,
/// rounding and all.
pub fn threshold(index: usize) -> f64 {
    let step = (-1.0 + 0.005) - -1.0;
    -1.0 + index as f64 * step
}

/// Every fold's figures.
///
/// # Errors
/// [`MetricsError::TooFew`] for a single fold: the original has no threshold then.
pub fn evaluate(curves: &[Curve]) -> Result<Vec<OriginalFold>, MetricsError> {
    if curves.len() < 2 {
        let found = "one, and no other to choose its threshold on".to_owned();
        return Err(MetricsError::TooFew { expected: "two or more folds", found });
    }
    let right: Vec<[usize; THRESHOLDS]> =
        curves.iter().map(|curve| std::array::from_fn(|index| right_above(curve, threshold(index)))).collect();
    let mut total = [0; THRESHOLDS];
    for fold in &right {
        total.iter_mut().zip(fold).for_each(|(total, right)| *total += right);
    }
    let fold = |(curve, right): (&Curve, &[usize; THRESHOLDS])| {
        // The last of equal maxima, as `max_by_key` has it.
        let best = (0..THRESHOLDS).max_by_key(|&index| total[index] - right[index]).unwrap_or_default();
        let pairs = curve.same().len() + curve.different().len();
        OriginalFold {
            threshold: threshold(best),
            accuracy: right[best] as f64 / pairs as f64,
            vr_far_0_001: verification_rate(curve, FALSE_ACCEPT_RATES[0]),
            vr_far_0_01: verification_rate(curve, FALSE_ACCEPT_RATES[1]),
            auc: area(curve),
        }
    };
    Ok(curves.iter().zip(&right).map(fold).collect())
}

/// Pairs classified correctly where only scores above the threshold mean "same".
fn right_above(curve: &Curve, threshold: f64) -> usize {
    let up_to = |scores: &[f64]| scores.partition_point(|&score| score <= threshold);
    curve.same().len() - up_to(curve.same()) + up_to(curve.different())
}

/// Share of the same that score at least as high as the `int(n - 1 - n * far)`-th of the n different ones.
fn verification_rate(curve: &Curve, far: f64) -> f64 {
    let count = curve.different().len() as f64;
    let index = (count - 1.0 - count * far).trunc().max(0.0) as usize;
    let bound = curve.different()[index];
    share_from(curve.same(), bound)
}

/// Share of all (genuine, impostor) pairs of scores in which the genuine score is at least as high.
fn area(curve: &Curve) -> f64 {
    let mut up_to = 0;
    let mut wins = 0_u128;
    for &score in curve.same() {
        while curve.different().get(up_to).is_some_and(|&other| other <= score) {
            up_to += 1;
        }
        wins += up_to as u128;
    }
    wins as f64 / (curve.same().len() as f64 * curve.different().len() as f64)
}

fn share_from(scores: &[f64], bound: f64) -> f64 {
    (scores.len() - scores.partition_point(|&score| score < bound)) as f64 / scores.len() as f64
}

/// The four lines that the original prints.
pub fn printed(report: &VerificationReport) -> [String; 4] {
    let number = |value: Option<f64>| value.map_or_else(|| "nan".to_owned(), |value| format!("{value:.4}"));
    let line = |name: &str, summary: Summary| format!("{name}={} std={}", number(summary.mean), number(summary.std));
    [
        format!("{} thd={}", line("WCACC", report.accuracy), number(report.threshold.mean)),
        line("WCFAR3", report.vr_far_0_001),
        line("WCFAR2", report.vr_far_0_01),
        line("WCAUC", report.auc),
    ]
}
