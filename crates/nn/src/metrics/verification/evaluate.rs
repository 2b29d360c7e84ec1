//! Every figure of verification over all folds, by the definitions or by the original's rules.

use rayon::prelude::*;

use super::curve::{Curve, FALSE_ACCEPT_RATES};
use super::original_2018::{self, OriginalFold};
use super::report::{FoldReport, MeanRates, Mode, VerificationReport};
use super::scores::ScoredFolds;
use super::threshold::best_thresholds;
use crate::metrics::error::MetricsError;
use crate::metrics::summary::Summary;

/// Computes every figure by its definition.
///
/// The threshold of a fold is the best on the other folds, so a single fold has none and no accuracy; a warning says so.
pub fn evaluate(scored: &ScoredFolds) -> VerificationReport {
    let curves = curves(scored);
    let thresholds = best_thresholds(&curves);
    let fold = |(curve, threshold): (&Curve, &Option<f64>)| FoldReport {
        accuracy: threshold.map(|threshold| curve.accuracy(threshold)),
        threshold: *threshold,
        vr_far_0_001: curve.verification_rate(FALSE_ACCEPT_RATES[0]),
        vr_far_0_01: curve.verification_rate(FALSE_ACCEPT_RATES[1]),
        auc: curve.area(),
        ..common(curve)
    };
    let tested = scored.first_tested();
    let (curves, thresholds) = (&curves[tested..], &thresholds[tested..]);
    let folds: Vec<FoldReport> = curves.par_iter().zip(thresholds).map(fold).collect();
    let mut warnings = Vec::new();
    if scored.folds().len() == 1 {
        warnings.push("there is one fold and no other to choose a threshold on: no accuracy".to_owned());
    }
    report(Mode::Exact, folds, curves, warnings)
}

/// Computes the figures as the original does, the equal error rate, which it lacks, by its definition.
///
/// # Errors
/// As [`original_2018::evaluate`].
pub fn evaluate_as_original(scored: &ScoredFolds) -> Result<VerificationReport, MetricsError> {
    let curves = curves(scored);
    let figures = original_2018::evaluate(&curves)?;
    let tested = scored.first_tested();
    let (curves, figures) = (&curves[tested..], &figures[tested..]);
    let fold = |(curve, figures): (&Curve, &OriginalFold)| FoldReport {
        accuracy: Some(figures.accuracy),
        threshold: Some(figures.threshold),
        vr_far_0_001: figures.vr_far_0_001,
        vr_far_0_01: figures.vr_far_0_01,
        auc: figures.auc,
        ..common(curve)
    };
    let folds = curves.iter().zip(figures).map(fold).collect();
    Ok(report(Mode::Original2018, folds, curves, Vec::new()))
}

fn curves(scored: &ScoredFolds) -> Vec<Curve> {
    scored.folds().par_iter().map(Curve::new).collect()
}

/// What both modes have in common; the rest is filled in.
fn common(curve: &Curve) -> FoldReport {
    FoldReport {
        accuracy: None,
        threshold: None,
        vr_far_0_001: 0.0,
        vr_far_0_01: 0.0,
        auc: 0.0,
        eer: curve.equal_error_rate(),
        num_same: curve.same().len(),
        num_different: curve.different().len(),
        far_step: curve.far_step(),
    }
}

fn report(mode: Mode, folds: Vec<FoldReport>, curves: &[Curve], mut warnings: Vec<String>) -> VerificationReport {
    if folds.len() == 1 {
        warnings.push("one fold is reported on: no deviation".to_owned());
    }
    for far in FALSE_ACCEPT_RATES {
        let coarse = folds.iter().filter(|fold| fold.far_step > far).count();
        if coarse > 0 {
            let (percent, count) = (100.0 * far, folds.len());
            let instead = match mode {
                Mode::Exact => "that of no false accept at all",
                Mode::Original2018 => "that at the highest or second highest score of such a pair",
            };
            warnings.push(format!(
                "{coarse} of {count} folds have too few pairs of different people to show a false accept rate of {percent} %: there \
                 the verification rate is {instead}"
            ));
        }
    }
    let over = |value: fn(&FoldReport) -> Option<f64>| Summary::of(folds.iter().map(value));
    VerificationReport {
        accuracy: over(|fold| fold.accuracy),
        threshold: over(|fold| fold.threshold),
        vr_far_0_001: over(|fold| Some(fold.vr_far_0_001)),
        vr_far_0_01: over(|fold| Some(fold.vr_far_0_01)),
        auc: over(|fold| Some(fold.auc)),
        eer: over(|fold| Some(fold.eer)),
        mode,
        far_step: folds.iter().map(|fold| fold.far_step).fold(0.0, f64::max),
        num_pairs: folds.iter().map(|fold| fold.num_same + fold.num_different).sum(),
        roc: mean_curve(curves),
        warnings,
        folds,
    }
}

/// Steps of the mean curve for each power of ten.
const STEPS_A_DECADE: i32 = 20;
/// Powers of ten that it covers below 1.
const DECADES: i32 = 5;

/// Verification rates at evenly spaced powers of ten, from the smallest false accept rate that the pairs can show.
fn mean_curve(curves: &[Curve]) -> Vec<MeanRates> {
    let finest = curves.iter().map(Curve::far_step).fold(f64::INFINITY, f64::min);
    let rates = (-STEPS_A_DECADE * DECADES..=0).map(|step| 10_f64.powf(f64::from(step) / f64::from(STEPS_A_DECADE)));
    let rates: Vec<f64> = std::iter::once(0.0).chain(rates.filter(|&far| far >= finest)).collect();
    let mean =
        |&far: &f64| MeanRates { far, vr: Summary::of(curves.iter().map(|curve| Some(curve.verification_rate(far)))) };
    rates.par_iter().map(mean).collect()
}
