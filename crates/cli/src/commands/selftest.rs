//! `portraitist selftest`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use portraitist_face::files::write_atomically;
use portraitist_face::text::serialize_lossy;
use portraitist_nn::device;
use portraitist_nn::inference::bf16_instructions;
use portraitist_nn::selftest::{Golden, Kind, Outcome, Setting, checks};
use serde::Serialize;

use crate::arguments::SelfTestArguments;
use crate::interruption;
use crate::output::{Console, refuse_existing};

/// Larger files hold no golden values.
const MOST_GOLDEN_BYTES: u64 = 4 << 20;

/// What `--json` prints.
#[derive(Serialize)]
struct SelfTestOutput {
    passed: bool,
    checks: Vec<Outcome>,
    isa: &'static str,
    /// What multiplies bf16 values.
    bf16: &'static str,
    device: String,
    threads: usize,
    seconds: f64,
    version: &'static str,
    /// What the golden values were made with.
    golden: String,
}

/// What `--json` prints of `--write-golden`.
#[derive(Serialize)]
struct GoldenOutput {
    #[serde(serialize_with = "serialize_lossy")]
    golden: PathBuf,
    checks: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &SelfTestArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let device = device::parse(&arguments.device)?;
    if let Some(path) = &arguments.write_golden {
        return write(path, arguments.force, &Setting { device, as_reference: true }, console);
    }
    let golden = match &arguments.golden {
        Some(path) => read(path).with_context(|| path.display().to_string())?,
        None => Golden::built_in()?,
    };
    let began = Instant::now();
    let setting = Setting { device, as_reference: false };
    let bar = console.progress(checks().count() as u64, "{bar:24} {pos}/{len} {wide_msg} {elapsed}");
    let mut outcomes = Vec::new();
    let _looking_at_each = interruption::Loop::begin();
    for check in checks() {
        if interruption::stops_here() {
            break;
        }
        bar.set_message(check.name);
        outcomes.push(check.run(&golden, &setting));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let output = SelfTestOutput {
        passed: outcomes.len() == checks().count() && outcomes.iter().all(|outcome| outcome.passed),
        checks: outcomes,
        isa: device::instruction_set(),
        bf16: bf16_instructions(),
        device: arguments.device.clone(),
        threads: rayon::current_num_threads(),
        seconds: began.elapsed().as_secs_f64(),
        version: env!("CARGO_PKG_VERSION"),
        golden: golden.made_with().to_owned(),
    };
    console.result(&output, &output.table())?;
    Ok(if output.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a file of golden values.
fn read(path: &Path) -> anyhow::Result<Golden> {
    let mut text = Vec::new();
    File::open(path)?.take(MOST_GOLDEN_BYTES).read_to_end(&mut text)?;
    Ok(Golden::from_json(&text)?)
}

/// Computes golden values and writes them.
fn write(path: &Path, force: bool, setting: &Setting, console: &Console) -> anyhow::Result<ExitCode> {
    refuse_existing([path], force)?;
    let mut digests = Vec::new();
    for check in checks() {
        let digest = check.digest(setting).with_context(|| check.name.to_owned())?;
        digests.push((check.name.to_owned(), digest));
    }
    let count = digests.len();
    let made_with = format!("portraitist {}, {}", env!("CARGO_PKG_VERSION"), device::instruction_set());
    let golden = Golden::new(made_with, digests);
    write_atomically(path, golden.to_json().as_bytes(), force).with_context(|| path.display().to_string())?;
    let output = GoldenOutput { golden: path.to_path_buf(), checks: count };
    console.result(&output, &format!("{}: golden values of {count} checks", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

impl SelfTestOutput {
    fn table(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        let mut lines = vec![format!("{:<width$}  {:>9}  {:>8}  {:>8}", "", "deviation", "allowed", "ms")];
        for kind in [Kind::Kernel, Kind::Network] {
            lines.extend(self.checks.iter().filter(|check| check.kind == kind).map(|check| row(check, width)));
        }
        let good = self.checks.iter().filter(|check| check.passed).count();
        let missing = checks().count() - self.checks.len();
        let missing = if missing > 0 { format!(", {missing} not done") } else { String::new() };
        lines.push(format!(
            "{good} of {} passed{missing} in {:.1} s; {}, {}, bf16 by {}, {} threads",
            self.checks.len(),
            self.seconds,
            self.device,
            self.isa,
            self.bf16,
            self.threads
        ));
        lines.join("\n")
    }
}

fn row(check: &Outcome, width: usize) -> String {
    let deviation = check.deviation.map_or_else(|| "none".to_owned(), |deviation| format!("{deviation:.1e}"));
    let verdict = match (&check.error, check.passed) {
        (Some(error), _) => format!("FAILED: {error}"),
        (None, true) => String::new(),
        (None, false) => "FAILED".to_owned(),
    };
    let (name, tolerance, milliseconds) = (check.name, check.tolerance, check.milliseconds);
    format!("{name:<width$}  {deviation:>9}  {tolerance:>8.0e}  {milliseconds:>8.1}  {verdict}").trim_end().to_owned()
}
