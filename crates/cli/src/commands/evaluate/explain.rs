//! `portraitist evaluate pictures --explain`: why two modes give different distances.

use std::process::ExitCode;

use anyhow::{Context, bail};
use portraitist_nn::evaluation::{Mode, NetworkKind, Preparation};
use portraitist_nn::metrics::generation::{FeatureError, frechet_distance};
use serde_json::{Value, json};

use super::passes::{Measured, Variant, measure, read_networks, whole_batches};
use super::report::EvaluateOutput;
use super::sets::FeatureSet;
use crate::arguments::EvaluatePicturesArguments;
use crate::inputs::status;
use crate::output::{Console, advised};

/// One change on the way from one mode to the other.
struct Change {
    cause: &'static str,
    preparation: Preparation,
}

/// Runs the command.
pub(super) fn run(arguments: &EvaluatePicturesArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let [from, to] = modes(arguments)?;
    let (Some(first), Some(last)) = (from.preparation(), to.preparation()) else {
        return Err(advised(
            format!("{} and {} have no causes in common to compare", from.name(), to.name()),
            "choose two of pytorch-fid, clean, torch-fidelity and original-2018",
        ));
    };
    let [fake] = &arguments.fake[..] else {
        return Err(advised(
            "--explain compares one set of generated pictures",
            "name one folder after the real pictures",
        ));
    };
    let steps = changes(first, last);
    let all: Vec<Preparation> = std::iter::once(first).chain(steps.iter().map(|step| step.preparation)).collect();
    let variants: Vec<Variant> = all.iter().map(|preparation| variant(*preparation)).collect();
    let networks = read_networks(&variants, arguments)?;
    let real = measure(&arguments.real, false, &variants, &networks, console)?;
    let generated = measure(fake, true, &variants, &networks, console)?;
    let distances = distances(&all, &real, &generated, arguments.batch as usize)
        .with_context(|| format!("{} and {}", arguments.real.display(), fake.display()))?;
    let lines: Vec<Value> = steps
        .iter()
        .zip(distances.windows(2))
        .map(|(step, pair)| json!({"cause": step.cause, "fid": pair[1], "change": pair[1] - pair[0]}))
        .collect();
    let failed: Vec<_> = real.failed.into_iter().chain(generated.failed).collect();
    let warnings = real.warnings.into_iter().chain(generated.warnings).collect();
    let status = status(&failed);
    let mut output = EvaluateOutput::new(Vec::new(), failed, warnings);
    let text = text([from, to], &steps, &distances);
    output.explanation = Some(json!({
        "from": {"mode": from.name(), "fid": distances[0]},
        "to": {"mode": to.name(), "fid": distances[distances.len() - 1]},
        "steps": lines,
    }));
    console.result(&output, &text)?;
    Ok(status)
}

fn modes(arguments: &EvaluatePicturesArguments) -> anyhow::Result<[Mode; 2]> {
    match &arguments.mode[..] {
        [] => Ok([Mode::PytorchFid, Mode::Clean]),
        [from, to] => Ok([Mode::from(*from), Mode::from(*to)]),
        others => bail!("--explain needs two modes, --mode FROM,TO; found {}", others.len()),
    }
}

fn variant(preparation: Preparation) -> Variant {
    let network = NetworkKind::Inception(preparation.network);
    Variant { network, preparation: Some(Preparation { drops_last_batch: false, ..preparation }) }
}

/// Takes one property of the second preparation over.
type Cause = fn(&mut Preparation, Preparation);

/// From one preparation to the other, one cause at a time. Causes in which they agree are left out.
fn changes(first: Preparation, last: Preparation) -> Vec<Change> {
    let mut now = first;
    let causes: [(&str, Cause); 5] = [
        ("resizing", |now, last| now.resampling = last.resampling),
        ("normalisation", |now, last| now.scaling = last.scaling),
        ("clipping and JPEG of generated pictures", |now, last| now.saved_as_original = last.saved_as_original),
        ("network and weights", |now, last| now.network = last.network),
        ("last partial batch", |now, last| now.drops_last_batch = last.drops_last_batch),
    ];
    let mut changes = Vec::new();
    for (cause, change) in causes {
        let before = now;
        change(&mut now, last);
        if now != before {
            changes.push(Change { cause, preparation: now });
        }
    }
    changes
}

/// The distance after each change.
fn distances(
    all: &[Preparation],
    real: &Measured,
    generated: &Measured,
    batch: usize,
) -> Result<Vec<f64>, FeatureError> {
    let statistics = |set: &FeatureSet, preparation: &Preparation| {
        let FeatureSet::Rows(rows) = set else { return set.statistics() };
        if !preparation.drops_last_batch {
            return set.statistics();
        }
        let kept: Vec<usize> = (0..whole_batches(rows.len(), batch)).collect();
        FeatureSet::Rows(rows.select(&kept)).statistics()
    };
    let pairs = all.iter().zip(real.sets.iter().zip(&generated.sets));
    pairs
        .map(|(preparation, (real, fake))| {
            frechet_distance(&statistics(real, preparation)?, &statistics(fake, preparation)?)
        })
        .collect()
}

fn text([from, to]: [Mode; 2], steps: &[Change], distances: &[f64]) -> String {
    let mut lines = vec![format!("{:<42} {:>12.6}", format!("FID, {}", from.name()), distances[0])];
    for (step, pair) in steps.iter().zip(distances.windows(2)) {
        lines.push(format!("  {:<40} {:>+12.6}", step.cause, pair[1] - pair[0]));
    }
    lines.push(format!("{:<42} {:>12.6}", format!("FID, {}", to.name()), distances[distances.len() - 1]));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_changes_one_thing_and_the_last_ends_at_the_other_mode() {
        for (from, to, count) in [
            (Mode::PytorchFid, Mode::Clean, 2),
            (Mode::PytorchFid, Mode::Original2018, 4),
            (Mode::Clean, Mode::Original2018, 5),
            (Mode::Clean, Mode::Clean, 0),
        ] {
            let (first, last) = (from.preparation().expect("a FID"), to.preparation().expect("a FID"));
            let steps = changes(first, last);
            assert_eq!(steps.len(), count, "{from:?} {to:?}");
            assert_eq!(steps.last().map_or(first, |step| step.preparation), last);
        }
    }
}
