//! Figures as text, JSON, Markdown and plots.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use portraitist_face::files::write_atomically;
use portraitist_nn::metrics::Summary;
use portraitist_nn::metrics::bootstrap::Interval;
use portraitist_nn::metrics::verification::{
    self, Mode, ScoredFolds, VerificationIntervals, VerificationReport, evaluate, evaluate_as_original, original_2018,
};
use serde::Serialize;

use super::origin::Origin;
use super::{baselines, plot};
use crate::arguments::{PlotFile, ReportArguments, ResamplingArguments, RuleArguments};
use crate::output::{Console, refuse_existing, refuse_input};

/// What `--json` prints of a verification.
#[derive(Serialize)]
struct VerificationOutput<'a> {
    #[serde(flatten)]
    report: &'a VerificationReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<&'a VerificationIntervals>,
    /// The original's lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    printed: Option<&'a [String; 4]>,
    #[serde(flatten)]
    origin: &'a Origin,
}

impl ReportArguments {
    /// Refuses files that exist before any work is done, and files among `inputs` even with --force.
    ///
    /// # Errors
    /// Names the file.
    pub(super) fn check<'a>(&self, inputs: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
        refuse_existing(self.files(), self.force)?;
        let inputs: Vec<&Path> = inputs.into_iter().collect();
        self.files().try_for_each(|file| refuse_input(file, inputs.iter().copied()))
    }

    /// The files asked for.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let plot = self.plot.as_ref().map(|plot| &plot.path);
        plot.into_iter().chain(&self.markdown).map(PathBuf::as_path)
    }

    pub(super) fn write(&self, path: &Path, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        write_atomically(path, content.as_ref(), self.force).context("cannot write the report")
    }
}

/// Computes the figures of scored folds, prints them and writes the files asked for.
///
/// # Errors
/// A single fold by the original's rules, and files that cannot be written.
pub(super) fn present_verification(
    scored: &ScoredFolds,
    rules: &RuleArguments,
    resampling: &ResamplingArguments,
    files: &ReportArguments,
    mut origin: Origin,
    console: &Console,
) -> anyhow::Result<()> {
    let mut report = if rules.as_original { evaluate_as_original(scored)? } else { evaluate(scored) };
    let intervals = match report.mode {
        Mode::Exact => verification::intervals(scored, &report, resampling.resamples, resampling.bootstrap_seed),
        Mode::Original2018 => None,
    };
    if let Some(intervals) = intervals.as_ref().filter(|intervals| intervals.used < intervals.resamples) {
        let VerificationIntervals { resamples, used, .. } = intervals;
        report.warnings.push(format!("only {used} of {resamples} draws of people left pairs of both kinds"));
    }
    let beside = intervals.as_ref().map_or_else(Vec::new, |intervals| intervals.outside(&report));
    if !beside.is_empty() {
        let names = beside.join(", ");
        report.warnings.push(format!(
            "the interval of {names} does not contain the figure itself: resampling so few people is biased there"
        ));
    }
    report.warnings.append(&mut origin.warnings);
    report.warnings.iter().for_each(|warning| console.warn(warning));
    let printed = (report.mode == Mode::Original2018).then(|| original_2018::printed(&report));
    let rows = verification_rows(&report, intervals.as_ref());
    let closing = closing(&report, intervals.as_ref());
    let text = match &printed {
        Some(lines) => {
            console.say(&closing);
            beside_each(lines, &origin.leak_remark())
        }
        None => format!("{}\n{closing}", table(&rows, &origin.leak_remark())),
    };
    if let Some(PlotFile { path, format }) = &files.plot {
        files.write(path, plot::verification(&report, &origin, *format)?)?;
    }
    if let Some(path) = &files.markdown {
        files.write(path, verification_markdown(&report, &rows, &closing, &origin))?;
    }
    let (intervals, printed) = (intervals.as_ref(), printed.as_ref());
    console.result(&VerificationOutput { report: &report, intervals, printed, origin: &origin }, &text)
}

/// A figure as it is shown.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) summary: Summary,
    pub(super) interval: Interval,
}

fn verification_rows(report: &VerificationReport, intervals: Option<&VerificationIntervals>) -> Vec<Row> {
    let row = |name, summary, interval: fn(&VerificationIntervals) -> Interval| Row {
        name,
        summary,
        interval: intervals.and_then(interval),
    };
    vec![
        row("accuracy", report.accuracy, |intervals| intervals.accuracy),
        row("threshold", report.threshold, |_| None),
        row("VR at FAR 0.1 %", report.vr_far_0_001, |intervals| intervals.vr_far_0_001),
        row("VR at FAR 1 %", report.vr_far_0_01, |intervals| intervals.vr_far_0_01),
        row("AUC", report.auc, |intervals| intervals.auc),
        row("EER", report.eer, |intervals| intervals.eer),
    ]
}

/// Rows for a terminal, a remark beside each.
pub(super) fn table(rows: &[Row], remark: &str) -> String {
    let line = |row: &Row| {
        let interval = row.interval.map_or_else(String::new, |[low, high]| format!("{low:.4} … {high:.4}"));
        let line = format!("{:16} {:17}  {interval:17}", row.name, row.summary.to_string());
        let line = if remark.is_empty() { line } else { format!("{line}  [{remark}]") };
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn beside_each(lines: &[String], remark: &str) -> String {
    let line = |line: &String| if remark.is_empty() { line.clone() } else { format!("{line} [{remark}]") };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn closing(report: &VerificationReport, intervals: Option<&VerificationIntervals>) -> String {
    let folds = if report.folds.len() == 1 { "1 fold".to_owned() } else { format!("{} folds", report.folds.len()) };
    let mut text = format!(
        "{} {folds}, {} pairs; false accept rates in steps of {:.2e}; mode {}",
        if report.folds.len() == 1 { "figures of" } else { "mean ± deviation over" },
        report.num_pairs,
        report.far_step,
        report.mode.name()
    );
    if let Some(VerificationIntervals { people, resamples, .. }) = intervals {
        text.push_str(&format!("; 95 % intervals from {resamples} draws of {people} people"));
    }
    text
}

/// A share in percent, as tables have it.
pub(super) fn percent(summary: Summary) -> String {
    match (summary.mean, summary.std) {
        (Some(mean), Some(std)) => format!("{:.2} ± {:.2}", 100.0 * mean, 100.0 * std),
        (Some(mean), None) => format!("{:.2}", 100.0 * mean),
        (None, _) => "–".to_owned(),
    }
}

fn verification_markdown(report: &VerificationReport, rows: &[Row], closing: &str, origin: &Origin) -> String {
    let remark = origin.leak_remark();
    let mut text = format!("# Verification: {}\n\n", origin.what);
    text.push_str("| method | VR at FAR 0.1 % (%) | VR at FAR 1 % (%) | AUC | remark |\n|---|---|---|---|---|\n");
    for other in baselines::VERIFICATION {
        let share = |[mean, std]: [f64; 2]| format!("{mean:.2} ± {std:.2}");
        let [vr_far_0_001, vr_far_0_01] = [other.vr_far_0_001, other.vr_far_0_01].map(share);
        let [mean, std] = other.auc;
        let auc = format!("{mean:.3} ± {std:.3}");
        let _ = writeln!(text, "| {} | {vr_far_0_001} | {vr_far_0_01} | {auc} | {} |", other.method, other.remark);
    }
    let own = match (report.auc.mean, report.auc.std) {
        (Some(mean), Some(std)) => format!("{mean:.3} ± {std:.3}"),
        (mean, _) => mean.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.3}")),
    };
    let _ = writeln!(
        text,
        "| **{}** | {} | {} | {own} | {remark} |",
        origin.what,
        percent(report.vr_far_0_001),
        percent(report.vr_far_0_01)
    );
    let _ = writeln!(text, "\n{}\n", baselines::SOURCE);
    text.push_str(&markdown_rows(rows, &remark));
    let _ = writeln!(text, "\n{closing}.");
    text.push_str(&remarks(&report.warnings, origin));
    text
}

/// Every figure with its interval.
pub(super) fn markdown_rows(rows: &[Row], remark: &str) -> String {
    let mut text = "| figure | mean ± deviation | 95 % interval | remark |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let interval = row.interval.map_or_else(|| "–".to_owned(), |[low, high]| format!("{low:.4} … {high:.4}"));
        let _ = writeln!(text, "| {} | {} | {interval} | {remark} |", row.name, row.summary); // strings cannot fail
    }
    text
}

/// Warnings and the model, below a table.
pub(super) fn remarks(warnings: &[String], origin: &Origin) -> String {
    let mut text = String::new();
    if let (Some(model), Some(hash)) = (&origin.model, &origin.model_sha256) {
        let _ = writeln!(text, "\nModel {model}, SHA-256 `{hash}`.");
    }
    for warning in warnings {
        let _ = writeln!(text, "\n> {warning}");
    }
    text
}
