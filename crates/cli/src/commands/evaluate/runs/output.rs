//! What `evaluate run` and `evaluate compare` print.

use std::path::Path;

use portraitist_nn::metrics::bootstrap::LEVEL;
use serde::Serialize;
use serde_json::{Map, Value};

use super::crops::Told;
use super::direction::Direction;
use super::measure::{Measure, Stamp, place};
use super::subject::Subject;
use crate::arguments::RunMeasuring;
use crate::inputs::Failure;
use crate::named::Named;

/// A run and what was measured of it.
#[derive(Serialize)]
pub(super) struct MeasuredRun {
    #[serde(flatten)]
    pub(super) run: Named,
    pub(super) model_sha256: String,
    /// Width and height of the pictures that it makes.
    pub(super) size: [usize; 2],
    pub(super) directions: Vec<Direction>,
    /// The lines of its log.
    #[serde(skip)]
    pub(super) log: Vec<Map<String, Value>>,
}

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct RunsOutput {
    pub(super) runs: Vec<MeasuredRun>,
    pub(super) seed: u64,
    /// How sure intervals are.
    pub(super) level: f64,
    pub(super) device: String,
    pub(super) version: &'static str,
    pub(super) date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    pub(super) failed: Vec<Failure>,
    pub(super) warnings: Vec<String>,
}

impl MeasuredRun {
    /// With the log of the run, as far as it can be read.
    pub(super) fn new(subject: &Subject, directions: Vec<Direction>) -> anyhow::Result<Self> {
        let template = subject.model.template();
        Ok(Self {
            run: Named::new("run", &subject.name),
            model_sha256: subject.model.sha256().to_owned(),
            size: [template.width, template.height],
            directions,
            log: subject.folder().map(read_log).transpose()?.unwrap_or_default(),
        })
    }
}

/// A log longer than this is of no training.
const LARGEST_LOG_BYTES: u64 = 1 << 30;

/// The lines of a run's log that are whole: the last one may be in the middle of being written.
fn read_log(folder: &Path) -> anyhow::Result<Vec<Map<String, Value>>> {
    let path = folder.join("log.jsonl");
    let Ok(metadata) = path.metadata() else { return Ok(Vec::new()) };
    anyhow::ensure!(
        metadata.len() <= LARGEST_LOG_BYTES,
        "{}: expected a log of at most {LARGEST_LOG_BYTES} bytes, found {}",
        path.display(),
        metadata.len()
    );
    let text = std::fs::read(&path)?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

impl RunsOutput {
    /// Of all runs.
    pub(super) fn new(runs: Vec<MeasuredRun>, measuring: &RunMeasuring, stamp: &Stamp, told: Told) -> Self {
        Self {
            runs,
            seed: measuring.comparison.seed,
            level: LEVEL,
            device: stamp.device.clone(),
            version: env!("CARGO_PKG_VERSION"),
            date: stamp.date.clone(),
            report: measuring.out.as_ref().map(|path| path.display().to_string()),
            failed: told.failed,
            warnings: told.warnings,
        }
    }

    fn foot(&self) -> String {
        let report = self.report.as_ref().map_or_else(String::new, |path| format!("\n{path}"));
        format!("{}, {}, {}, seed {}{report}", self.device, self.version, self.date, self.seed)
    }

    /// One run after the other, for people.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        for run in &self.runs {
            lines.push(format!(
                "{} ({}x{}, weights {})",
                run.run.display(),
                run.size[0],
                run.size[1],
                run.model_sha256
            ));
            for direction in &run.directions {
                lines.push(format!(
                    "  to {}: {} inputs, {} real pictures",
                    direction.to, direction.inputs, direction.references
                ));
                for measure in &direction.measures {
                    let real = measure.real.map_or_else(String::new, |real| format!("  (real {real:.4})"));
                    let (title, text) = (measure.title(), measure.text());
                    lines.push(format!("    {title:<34} {text:<28} {}, {}{real}", measure.mode, measure.count));
                }
            }
        }
        lines.push(self.foot());
        lines.join("\n")
    }

    /// Side by side, for people.
    pub(super) fn table(&self) -> String {
        let mut lines = vec![self.columns("", |run| run.run.display().to_string())];
        for row in self.rows() {
            let cell = |run: &MeasuredRun| row.of(run).map_or_else(|| "-".to_owned(), Measure::text);
            lines.push(self.columns(&format!("to {}: {}, {}", row.to, row.title, row.mode), cell));
        }
        lines.push(self.foot());
        lines.join("\n")
    }

    fn columns(&self, title: &str, cell: impl Fn(&MeasuredRun) -> String) -> String {
        let cells: String = self.runs.iter().map(|run| format!("  {:<28}", cell(run))).collect();
        format!("{title:<76}{}", cells.trim_end_matches(' '))
    }

    /// Every measure that some run has: the drawings' first, each in its place.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for to in ["drawing", "photo"] {
            let directions = self.runs.iter().flat_map(|run| &run.directions).filter(|found| found.to.name() == to);
            for measure in directions.flat_map(|direction| &direction.measures) {
                let row = Row {
                    to,
                    name: measure.name,
                    title: measure.title(),
                    mode: measure.mode.clone(),
                    group: measure.group.clone(),
                };
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        rows.sort_by_key(|row| (row.to, place(row.name)));
        rows
    }
}

/// A measure that runs have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) to: &'static str,
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) mode: String,
    group: Option<String>,
}

impl Row {
    /// What a run has of it.
    pub(super) fn of<'a>(&self, run: &'a MeasuredRun) -> Option<&'a Measure> {
        let direction = run.directions.iter().find(|direction| direction.to.name() == self.to)?;
        let is_it =
            |measure: &&Measure| (measure.name, &measure.mode, &measure.group) == (self.name, &self.mode, &self.group);
        direction.measures.iter().find(is_it)
    }
}
