//! What `portraitist bench` prints.

use portraitist_nn::workload::Workload;
use serde::Serialize;

use crate::inputs::Failure;

use super::case::CaseReport;

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct BenchOutput {
    pub(super) results: Vec<Measurement>,
    pub(super) threads: usize,
    pub(super) isa: &'static str,
    /// Of translation and recognition.
    pub(super) precision: &'static str,
    /// What multiplied bf16 values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bf16: Option<&'static str>,
    pub(super) version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Failure>,
}

/// One case.
#[derive(Serialize)]
pub(super) struct Measurement {
    name: String,
    median_ms: f64,
    min_ms: f64,
    max_ms: f64,
    /// Largest resident memory of the case's process in MiB; `null` where the system does not report it.
    peak_rss_mb: Option<f64>,
    runs: usize,
    /// 10^9 floating-point operations of the direct algorithms.
    gflop: f64,
    /// `gflop` per second of the median.
    gflops_per_second: f64,
    /// Share of the ceiling that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    roofline_share: Option<f64>,
}

fn rounded(value: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (value * unit).round() / unit
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

impl Measurement {
    /// A case's times, of which there is at least one; `ceiling` in GFLOP/s.
    pub(super) fn new(workload: &Workload, report: CaseReport, ceiling: Option<f64>) -> Self {
        let mut times = report.times_ms;
        times.sort_by(f64::total_cmp);
        let (median_ms, gflop) = (median(&times), workload.floating_point_operations() / 1e9);
        let gflops_per_second = gflop / (median_ms / 1e3);
        Self {
            name: workload.name(),
            median_ms: rounded(median_ms, 3),
            min_ms: rounded(times[0], 3),
            max_ms: rounded(times[times.len() - 1], 3),
            peak_rss_mb: report.peak_rss_mb.map(|memory| rounded(memory, 1)),
            runs: times.len(),
            gflop: rounded(gflop, 3),
            gflops_per_second: rounded(gflops_per_second, 1),
            roofline_share: ceiling.map(|ceiling| rounded(gflops_per_second / ceiling, 3)),
        }
    }

    fn row(&self) -> String {
        let memory = self.peak_rss_mb.map_or_else(|| "?".to_owned(), |memory| format!("{memory:.0}"));
        let share = self.roofline_share.map_or_else(String::new, |share| format!(" {:>8.0} %", share * 100.0));
        let Self { name, median_ms, min_ms, max_ms, gflop, gflops_per_second, .. } = self;
        format!(
            "{name:<28} {median_ms:>11.1} {min_ms:>11.1} {max_ms:>11.1} {memory:>9} {gflop:>9.1} {gflops_per_second:>9.0}{share}"
        )
    }
}

impl BenchOutput {
    /// The results for people.
    pub(super) fn table(&self) -> String {
        if self.results.is_empty() {
            return String::new();
        }
        let shares = self.results.iter().any(|result| result.roofline_share.is_some());
        let share = if shares { "  of ceiling" } else { "" };
        let head = format!(
            "{:<28} {:>11} {:>11} {:>11} {:>9} {:>9} {:>9}{share}",
            "", "median ms", "min ms", "max ms", "peak MiB", "GFLOP", "GFLOP/s"
        );
        let rows = self.results.iter().map(Measurement::row);
        let bf16 = self.bf16.map_or_else(String::new, |unit| format!(", bf16 by {unit}"));
        let foot = format!("{} threads, {}{bf16}", self.threads, self.isa);
        std::iter::once(head).chain(rows).chain([foot]).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_up_by_their_median() {
        let workload = Workload::ALL[0];
        let report = CaseReport { times_ms: vec![40.0, 10.0, 20.0, 50.0], peak_rss_mb: Some(12.34) };
        let measurement = Measurement::new(&workload, report, Some(1000.0));
        let found = serde_json::to_value(&measurement).expect("plain values");
        let gflop = workload.floating_point_operations() / 1e9;
        for (field, expected) in [
            ("median_ms", 30.0),
            ("min_ms", 10.0),
            ("max_ms", 50.0),
            ("peak_rss_mb", 12.3),
            ("runs", 4.0),
            ("gflop", rounded(gflop, 3)),
            ("gflops_per_second", rounded(gflop / 0.03, 1)),
            ("roofline_share", rounded(gflop / 30.0, 3)),
        ] {
            assert_eq!(found[field].as_f64(), Some(expected), "{field}");
        }
    }

    #[test]
    fn an_odd_number_of_times_has_its_middle_as_median() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
    }
}
