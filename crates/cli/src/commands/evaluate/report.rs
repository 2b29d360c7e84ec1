//! What `evaluate` prints.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use portraitist_nn::evaluation::Mode;
use portraitist_nn::metrics::bootstrap::Interval;
use portraitist_nn::metrics::generation::{Comparison, Estimate, OneNearestNeighbour};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::inputs::Failure;
use crate::named::Named;

/// Two sets and what they are to each other.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    mode: String,
    #[serde(flatten)]
    real: Named,
    #[serde(flatten)]
    fake: Named,
    /// Only over the features of FID's network, and of features whose network is unknown.
    fid: Option<f64>,
    frechet_distance: Option<f64>,
    /// Of infinitely many pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    fid_infinity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frechet_distance_infinity: Option<f64>,
    kid: Option<f64>,
    kernel_distance: Option<f64>,
    kid_std: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid_subsets: Option<Value>,
    one_nearest_neighbour: Option<OneNearestNeighbour>,
    precision: Option<f64>,
    recall: Option<f64>,
    density: Option<f64>,
    coverage: Option<f64>,
    /// Of 95 %, by measure.
    intervals: Map<String, Value>,
    num_real: Option<u64>,
    num_fake: Option<u64>,
    feature_dim: usize,
    weights_sha256: Option<String>,
    #[serde(skip)]
    comparison: Comparison,
    #[serde(skip)]
    name: &'static str,
}

/// What `--json` prints: the comparison, or the list of them, and what is said of all.
#[derive(Debug, Serialize)]
pub(super) struct EvaluateOutput {
    #[serde(flatten)]
    pub(super) first: Option<Compared>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) comparisons: Vec<Compared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) written: Vec<Value>,
    pub(super) device: &'static str,
    pub(super) isa: &'static str,
    pub(super) version: &'static str,
    pub(super) date: String,
    pub(super) failed: Vec<Failure>,
    pub(super) warnings: Vec<String>,
}

impl EvaluateOutput {
    /// The output of some comparisons: one stands at the top.
    pub(super) fn new(mut comparisons: Vec<Compared>, failed: Vec<Failure>, warnings: Vec<String>) -> Self {
        let first = if comparisons.len() == 1 { comparisons.pop() } else { None };
        Self {
            first,
            comparisons,
            explanation: None,
            written: Vec::new(),
            device: "cpu",
            isa: portraitist_nn::device::instruction_set(),
            version: env!("CARGO_PKG_VERSION"),
            date: today(),
            failed,
            warnings,
        }
    }

    /// All comparisons for people.
    pub(super) fn text(&self) -> String {
        let all = self.first.iter().chain(&self.comparisons);
        let foot = format!("{} {}, {}, {}", self.device, self.isa, self.version, self.date);
        all.map(Compared::text).chain([foot]).collect::<Vec<_>>().join("\n")
    }
}

impl Compared {
    /// `mode` is `None` for features of an unknown network; `sha256` that of the weights.
    pub(super) fn new(
        mode: Option<Mode>,
        [real, fake]: [&Path; 2],
        sha256: Option<String>,
        comparison: Comparison,
    ) -> Self {
        let is_fid = mode.is_none_or(Mode::is_fid);
        let value = |estimate: &Option<Estimate>| estimate.and_then(|estimate| finite(estimate.value));
        let distance = finite(comparison.frechet.value);
        let infinite = comparison.extrapolation.as_ref().and_then(|found| finite(found.fid));
        let kernel = value(&comparison.kernel);
        let subsets = comparison.kernel_subsets;
        Self {
            mode: mode.map_or("features", Mode::name).to_owned(),
            real: Named::new("real", real),
            fake: Named::new("fake", fake),
            fid: distance.filter(|_| is_fid),
            frechet_distance: distance,
            fid_infinity: infinite.filter(|_| is_fid),
            frechet_distance_infinity: infinite,
            kid: kernel.filter(|_| is_fid),
            kernel_distance: kernel,
            kid_std: subsets.and_then(|subsets| finite(subsets.std)),
            kid_subsets: subsets.map(|subsets| json!(subsets)),
            one_nearest_neighbour: comparison.one_nearest_neighbour,
            precision: value(&comparison.precision),
            recall: value(&comparison.recall),
            density: value(&comparison.density),
            coverage: value(&comparison.coverage),
            intervals: intervals(&comparison, is_fid),
            num_real: comparison.num_real,
            num_fake: comparison.num_fake,
            feature_dim: comparison.feature_dim,
            weights_sha256: sha256,
            name: if is_fid { "FID" } else { "Fréchet distance" },
            comparison,
        }
    }

    fn text(&self) -> String {
        let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let mut lines = vec![format!(
            "{} against {} ({}, {} and {} pictures, {} features)",
            self.fake.display(),
            self.real.display(),
            self.mode,
            count(self.num_fake),
            count(self.num_real),
            self.feature_dim
        )];
        let mut line = |name: &str, value: Option<f64>, interval: Interval| {
            if let Some(value) = value {
                let interval = interval.map_or_else(String::new, |[low, high]| format!("  [{low:.4}, {high:.4}]"));
                lines.push(format!("  {name:<28} {value:>12.6}{interval}"));
            }
        };
        let comparison = &self.comparison;
        let of = |estimate: &Option<Estimate>| estimate.and_then(|estimate| estimate.interval);
        line(self.name, self.frechet_distance, None);
        line(&format!("{}, infinitely many", self.name), self.frechet_distance_infinity, comparison.frechet.interval);
        let kernel = if self.kid.is_some() { "KID" } else { "kernel distance" };
        line(kernel, self.kernel_distance, of(&comparison.kernel));
        line(&format!("{kernel}, std of subsets"), self.kid_std, None);
        let one = self.one_nearest_neighbour;
        line("1-NN accuracy", one.map(|one| one.accuracy), comparison.one_nearest_neighbour_interval);
        line("  of real pictures", one.map(|one| one.real), None);
        line("  of generated pictures", one.map(|one| one.fake), None);
        line("precision", self.precision, of(&comparison.precision));
        line("recall", self.recall, of(&comparison.recall));
        line("density", self.density, of(&comparison.density));
        line("coverage", self.coverage, of(&comparison.coverage));
        if let Some(sha256) = &self.weights_sha256 {
            lines.push(format!("  weights {sha256}"));
        }
        lines.join("\n")
    }
}

/// JSON has no NaN.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn intervals(comparison: &Comparison, is_fid: bool) -> Map<String, Value> {
    let of = |estimate: &Option<Estimate>| estimate.and_then(|estimate| estimate.interval);
    let (frechet, kernel) = if is_fid { ("fid", "kid") } else { ("frechet_distance", "kernel_distance") };
    let named = [
        (frechet, comparison.frechet.interval),
        (kernel, of(&comparison.kernel)),
        ("one_nearest_neighbour", comparison.one_nearest_neighbour_interval),
        ("precision", of(&comparison.precision)),
        ("recall", of(&comparison.recall)),
        ("density", of(&comparison.density)),
        ("coverage", of(&comparison.coverage)),
    ];
    named.into_iter().filter_map(|(name, interval)| Some((name.to_owned(), json!(interval?)))).collect()
}

/// The date in UTC, `2026-11-30`. Civil calendar from days, after Howard Hinnant's description.
pub(super) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date_of((seconds / 86_400) as i64)
}

fn date_of(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [(0, "1970-01-01"), (11_016, "2000-02-29"), (20_787, "2026-11-30"), (20_818, "2026-12-31")]
        {
            assert_eq!(date_of(days), date);
        }
    }
}
