//! `portraitist train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use indicatif::ProgressBar;
use portraitist_nn::device;
use portraitist_nn::training::{Observer, RunFile, Session, StepReport};
use serde::Serialize;

use crate::arguments::TrainArguments;
use crate::output::{Console, advised};

/// What `--json` prints at the end.
#[derive(Serialize)]
struct TrainOutput {
    run: PathBuf,
    steps: u64,
    seconds: f64,
    checkpoint: Option<PathBuf>,
    interrupted: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

const PROGRESS: &str = "{bar:24} {pos}/{len}  {msg}  {eta} left";

/// Shows a run on the terminal and listens for Ctrl-C.
struct Terminal {
    bar: ProgressBar,
    console: Console,
    stop: Arc<AtomicBool>,
    warnings: Vec<String>,
}

impl Observer for Terminal {
    fn stepped(&mut self, report: &StepReport) {
        self.bar.set_position(report.step);
        let loss =
            |name: &str| report.losses.iter().find(|(found, _)| found == name).map_or(f32::NAN, |(_, value)| *value);
        let (critic, generator) = (loss("critic.total"), loss("generator.total"));
        let speed = report.pictures_per_second;
        self.bar.set_message(format!("critic {critic:.3}  generator {generator:.3}  {speed:.2} pictures/s"));
    }

    fn warned(&mut self, message: &str) {
        self.console.warn(message);
        self.warnings.push(message.to_owned());
    }

    fn wants_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Runs the command.
pub(crate) fn run(arguments: TrainArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let device = device::parse(&arguments.device)?;
    let run = RunFile::read(&arguments.run)?;
    let (name, steps) = (run.name.clone(), run.steps);
    let session = if arguments.resume {
        let folder = run_folder(&arguments, &run)?;
        let session = Session::resume(run.clone(), &folder, &device)?;
        if arguments.dry_run {
            return dry_run(run, &device, console);
        }
        session
    } else if arguments.dry_run {
        return dry_run(run, &device, console);
    } else {
        Session::start(run, &arguments.out, &device)?
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
    console.say(&format!(
        "training {name} in {} from step {} to {steps}; Ctrl-C writes a checkpoint and ends",
        session.folder().display(),
        session.steps_done(),
    ));
    let bar = console.progress(steps, PROGRESS);
    let mut terminal = Terminal { bar, console: *console, stop, warnings: Vec::new() };
    let outcome = session.train(&mut terminal)?;
    terminal.bar.finish_and_clear();
    let how = if outcome.interrupted { "stopped" } else { "done" };
    let text = format!(
        "{how} after {} steps ({:.0} s); checkpoint {}",
        outcome.steps,
        outcome.seconds,
        outcome.checkpoint.display()
    );
    let output = TrainOutput {
        run: outcome.run,
        steps: outcome.steps,
        seconds: outcome.seconds,
        checkpoint: Some(outcome.checkpoint),
        interrupted: outcome.interrupted,
        warnings: terminal.warnings,
    };
    console.result(&output, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The folder that `--resume` goes on with: the run file's own, if it lies in one, else the newest run
/// of its name.
fn run_folder(arguments: &TrainArguments, run: &RunFile) -> anyhow::Result<PathBuf> {
    let own = arguments.run.parent().unwrap_or(Path::new("."));
    let lies_in_run =
        arguments.run.file_name().is_some_and(|name| name == "run.toml") && own.join("log.jsonl").is_file();
    let found = if lies_in_run { Some(own.to_path_buf()) } else { Session::find(&arguments.out, &run.name) };
    found.ok_or_else(|| {
        let message = format!("{}: no run named {} to resume", arguments.out.display(), run.name);
        advised(message, "start it without --resume, or name the folder of its runs with --out")
    })
}

/// Builds everything that a run needs in a folder that is removed again.
fn dry_run(run: RunFile, device: &portraitist_nn::Device, console: &Console) -> anyhow::Result<ExitCode> {
    let report = Session::check(&run, device)?;
    let text = format!(
        "{}: {} drawings, {} photos, {} numbers in the generators, {} in the critics, {} steps; nothing was written",
        run.name, report.drawings, report.photos, report.generator_parameters, report.critic_parameters, run.steps
    );
    console.result(&report, &text)?;
    Ok(ExitCode::SUCCESS)
}
