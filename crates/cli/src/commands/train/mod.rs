//! `portraitist train`, and what it shares with `recognize train`.

mod verification;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::ProgressBar;
use portraitist_face::text::{serialize_lossy, serialize_lossy_option};
use portraitist_nn::device;
use portraitist_nn::run_folder::newest_run;
use portraitist_nn::training::munit::{CheckReport, RunFile, Trainer};
use portraitist_nn::training::{Best, ChangedData, Observer, Run, Session, StepReport, Task};
use serde::Serialize;

use crate::arguments::TrainArguments;
use crate::interruption;
use crate::output::{Console, advised};

/// What `--json` prints at the end.
#[derive(Serialize)]
struct TrainOutput {
    #[serde(serialize_with = "serialize_lossy")]
    run: PathBuf,
    steps: u64,
    seconds: f64,
    #[serde(serialize_with = "serialize_lossy_option")]
    checkpoint: Option<PathBuf>,
    /// Where the run file names a measure by which the best checkpoint is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<BestOutput>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The best checkpoint of a run.
#[derive(Serialize)]
struct BestOutput {
    measure: String,
    value: f64,
    step: u64,
    #[serde(serialize_with = "serialize_lossy")]
    checkpoint: PathBuf,
}

impl From<Best> for BestOutput {
    fn from(Best { measure, value, step, checkpoint }: Best) -> Self {
        Self { measure, value, step, checkpoint }
    }
}

impl BestOutput {
    fn phrase(&self) -> String {
        let Self { measure, value, step, checkpoint } = self;
        format!("; best {measure} {value:.4} at step {step}: {}", checkpoint.display())
    }
}

const PROGRESS: &str = "{bar:24} {pos}/{len}  {msg}  {eta} left";

/// How a task's training reads on the terminal.
pub(crate) struct Phrases<T: Task> {
    /// The values of a step, behind the progress bar.
    pub(crate) step: fn(&StepReport) -> String,
    /// What a dry run found.
    pub(crate) summary: fn(&T::Run, &T::Summary) -> String,
}

/// Shows a run on the terminal and listens for Ctrl-C.
struct Terminal {
    bar: ProgressBar,
    message: fn(&StepReport) -> String,
    console: Console,
    warnings: Vec<String>,
}

impl Observer for Terminal {
    fn stepped(&mut self, report: &StepReport) {
        self.bar.set_position(report.step);
        self.bar.set_message((self.message)(report));
    }

    fn warned(&mut self, message: &str) {
        self.console.warn(message);
        self.warnings.push(message.to_owned());
    }

    fn wants_to_stop(&self) -> bool {
        interruption::is_asked()
    }
}

/// A value of a report by name.
pub(crate) fn reported(report: &StepReport, name: &str) -> f32 {
    report.values.iter().find(|(found, _)| found == name).map_or(f32::NAN, |(_, value)| *value)
}

fn step_phrase(report: &StepReport) -> String {
    let (discriminator, generator) = (reported(report, "discriminator.total"), reported(report, "generator.total"));
    format!("discriminator {discriminator:.3}  generator {generator:.3}  {:.2} pictures/s", report.pictures_per_second)
}

fn summary_phrase(run: &RunFile, report: &CheckReport) -> String {
    format!(
        "{}: {} drawings, {} photos, {} parameters in the generators, {} in the discriminators, {} steps; nothing was written",
        run.name,
        report.drawings,
        report.photos,
        report.generator_parameters,
        report.discriminator_parameters,
        run.steps
    )
}

/// Runs the command.
pub(crate) fn run(arguments: &TrainArguments, console: &Console) -> anyhow::Result<ExitCode> {
    train::<Trainer>(arguments, &Phrases { step: step_phrase, summary: summary_phrase }, console)
}

/// Starts or resumes a training, only checks it, or verifies one that is there.
pub(crate) fn train<T: Task>(
    arguments: &TrainArguments,
    phrases: &Phrases<T>,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    match (&arguments.verify, &arguments.run) {
        (Some(folder), _) => verification::run::<T>(folder, &arguments.device, console),
        (None, Some(file)) => train_by(file, arguments, phrases, console),
        (None, None) => Err(advised("no run file is named", "name one, or a run's folder with --verify")),
    }
}

fn train_by<T: Task>(
    file: &Path,
    arguments: &TrainArguments,
    phrases: &Phrases<T>,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let device = device::parse(&arguments.device)?;
    let run = T::Run::read(file)?;
    let (name, steps) = (run.name().to_owned(), run.steps());
    let dry_run = |run: &T::Run| {
        let summary = Session::<T>::check(run, &device)?;
        console.result(&summary, &(phrases.summary)(run, &summary))?;
        Ok(ExitCode::SUCCESS)
    };
    let session = if arguments.resume {
        let folder = run_folder(file, &arguments.out, &name)?;
        let changed = if arguments.allow_changed_data { ChangedData::Allowed } else { ChangedData::Refused };
        let session = Session::<T>::resume(run.clone(), &folder, &device, changed)?;
        if arguments.dry_run {
            return dry_run(&run);
        }
        session
    } else if arguments.dry_run {
        return dry_run(&run);
    } else {
        Session::start(run, &arguments.out, &device)?
    };
    let _looks_after_every_step = interruption::Loop::begin();
    console.say(&format!(
        "training {name} in {} from step {} to {steps}; Ctrl-C writes a checkpoint and ends",
        session.folder().display(),
        session.steps_done(),
    ));
    let bar = console.progress(steps, PROGRESS);
    let mut terminal = Terminal { bar, message: phrases.step, console: *console, warnings: Vec::new() };
    let outcome = session.train(&mut terminal)?;
    terminal.bar.finish_and_clear();
    if outcome.interrupted {
        interruption::stop();
    }
    let how = if outcome.interrupted { "stopped" } else { "done" };
    let best = outcome.best.map(BestOutput::from);
    let text = format!(
        "{how} after {} steps ({:.0} s); checkpoint {}{}",
        outcome.steps,
        outcome.seconds,
        outcome.checkpoint.display(),
        best.as_ref().map_or_else(String::new, BestOutput::phrase)
    );
    let output = TrainOutput {
        run: outcome.run,
        steps: outcome.steps,
        seconds: outcome.seconds,
        checkpoint: Some(outcome.checkpoint),
        best,
        warnings: terminal.warnings,
    };
    console.result(&output, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The folder that `--resume` goes on with: the run file's own, if it lies in one, else the newest run
/// of its name.
fn run_folder(file: &Path, runs: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let own = file.parent().unwrap_or(Path::new("."));
    let lies_in_run = file.file_name().is_some_and(|name| name == "run.toml") && own.join("log.jsonl").is_file();
    let found = if lies_in_run { Some(own.to_path_buf()) } else { newest_run(runs, name) };
    found.ok_or_else(|| {
        let message = format!("{}: no run named {name} to resume", runs.display());
        advised(message, "start it without --resume, or name the folder of its runs with --out")
    })
}
