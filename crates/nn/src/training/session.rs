//! A run from its first step to its last.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use portraitist_face::files::write_atomically;

use crate::losses::NamedValues;
use crate::run_folder::{RUN_FILE, newest_checkpoint};

use super::checkpoint::{restore, sweep};
use super::error::TrainingError;
use super::folder::RunFolder;
use super::loader::Loader;
use super::log::{Log, StepReport};
use super::odd_pictures::OddPictures;
use super::pictures::passed_over;
use super::records::divergence::LossWatch;
use super::records::{Best, Due, Records};
use super::resuming::differences::differences;
use super::resuming::fingerprint::Pictures;
use super::run::Run;
use super::task::Task;

/// Watches a run from outside.
pub trait Observer {
    /// Called after every step.
    fn stepped(&mut self, report: &StepReport);
    /// Something that the user should know and that does not stop the run.
    fn warned(&mut self, message: &str);
    /// Asked after every step: whether to write a checkpoint and end.
    fn wants_to_stop(&self) -> bool;
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run's folder.
    pub run: PathBuf,
    /// Steps done in all.
    pub steps: u64,
    /// Seconds since this program started the run or took it up.
    pub seconds: f64,
    /// The last checkpoint.
    pub checkpoint: PathBuf,
    /// The best checkpoint, where the run file names a measure for it and something was measured.
    pub best: Option<Best>,
    /// Whether it was stopped before its last step.
    pub interrupted: bool,
}

/// What to do when a run is resumed with other pictures than it was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedData {
    /// An error says what has changed.
    Refused,
    /// A warning says what has changed, and the run goes on with what there is.
    Allowed,
}

/// A run that is ready to train. No other process can train it meanwhile.
pub struct Session<T: Task> {
    run: T::Run,
    folder: RunFolder,
    task: T,
    sources: T::Sources,
    pictures: Pictures,
    records: Records<T>,
    warnings: Vec<String>,
}

impl<T: Task> Session<T> {
    /// Starts a new run in a numbered folder under `runs`.
    ///
    /// # Errors
    /// See [`TrainingError`].
    pub fn start(mut run: T::Run, runs: &Path, device: &Device) -> Result<Self, TrainingError> {
        run.set_version(env!("CARGO_PKG_VERSION").to_owned());
        let sources = T::find_sources(&run)?;
        let mut task = T::build(&run, &sources, device)?;
        task.begin(&run)?;
        let samples = T::prepare_samples(&run, &sources, device)?;
        let pictures = Pictures::of(&T::pictures(&sources), None)?;
        let text = run.to_toml().map_err(|reason| TrainingError::Write { path: runs.join(RUN_FILE), reason })?;
        let folder = RunFolder::make(runs, run.name())?;
        let path = folder.path().join(RUN_FILE);
        let written = write_atomically(&path, text.as_bytes(), false)
            .map_err(|error| TrainingError::Write { path: path.clone(), reason: error.to_string() });
        if let Err(error) = written {
            folder.discard();
            return Err(error);
        }
        let records = Records::new(&run, folder.path(), pictures.fingerprint(), samples);
        let warnings = passed_over(run.paths_mut().into_iter().map(|(_, path)| path));
        Ok(Self { run, folder, task, sources, pictures, records, warnings })
    }

    /// A dry run: finds the pictures, reads the first batch and the samples, builds the networks, and writes nothing.
    ///
    /// # Errors
    /// What [`start`](Self::start) and the first step would find wrong.
    pub fn check(run: &T::Run, device: &Device) -> Result<T::Summary, TrainingError> {
        let sources = T::find_sources(run)?;
        let mut task = T::build(run, &sources, device)?;
        task.begin(run)?;
        T::batch_maker(run, &sources)(0)?;
        T::prepare_samples(run, &sources, device)?;
        Ok(task.summary(&sources))
    }

    /// Resumes the run in `folder` from its newest whole checkpoint, or from its start if it has none. `run` may differ
    /// from what the run was started with only in what [`Run::MAY_CHANGE`] names.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] if `run` or the pictures differ from what the folder was started with, or another process
    /// trains the run.
    pub fn resume(
        mut run: T::Run,
        folder: &Path,
        device: &Device,
        changed: ChangedData,
    ) -> Result<Self, TrainingError> {
        let started = T::Run::read(&folder.join(RUN_FILE))?;
        let fixed_parts = (started.fixed_part(), run.fixed_part());
        if fixed_parts.0 != fixed_parts.1 {
            return Err(TrainingError::Resume {
                path: folder.join(RUN_FILE),
                reason: format!(
                    "the run was started with other settings than the run file has now: {}; only {} may change",
                    differences(&fixed_parts.0, &fixed_parts.1),
                    T::Run::MAY_CHANGE
                ),
            });
        }
        run.keep_from(&started);
        let folder = RunFolder::open(folder)?;
        let sources = T::find_sources(&run)?;
        let mut task = T::build(&run, &sources, device)?;
        let samples = T::prepare_samples(&run, &sources, device)?;
        let pictures = Pictures::of(&T::pictures(&sources), Some(folder.path()))?;
        let (checkpoint, mut warnings) = newest_checkpoint(folder.path());
        warnings.extend(passed_over(run.paths_mut().into_iter().map(|(_, path)| path)));
        if let Some(checkpoint) = checkpoint {
            let earlier = restore(&mut task, &checkpoint, run.seed())?;
            let changes = earlier.and_then(|earlier| pictures.changes(&earlier, folder.path()));
            match (changes, changed) {
                (None, _) => {}
                (Some(changes), ChangedData::Allowed) => {
                    warnings.push(format!("the pictures are not those that the run was trained on: {changes}"));
                }
                (Some(changes), ChangedData::Refused) => {
                    return Err(TrainingError::ChangedData { path: folder.path().to_path_buf(), changes });
                }
            }
        }
        let records = Records::new(&run, folder.path(), pictures.fingerprint(), samples);
        Ok(Self { run, folder, task, sources, pictures, records, warnings })
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.task.steps_done()
    }

    /// Trains to the last step.
    ///
    /// # Errors
    /// See [`TrainingError`]; what was written before stays. A new run that fails before its first step leaves nothing.
    pub fn train(mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainingError> {
        let began = Instant::now();
        let (checkpoint, interrupted) = self.train_steps(observer).inspect_err(|_| {
            if self.task.steps_done() == 0 {
                self.folder.discard();
            }
        })?;
        let (run, seconds) = (self.folder.path().to_path_buf(), began.elapsed().as_secs_f64());
        let best = self.records.best();
        Ok(Outcome { run, steps: self.task.steps_done(), seconds, checkpoint, best, interrupted })
    }

    /// The last checkpoint, and whether it was stopped before its last step.
    fn train_steps(&mut self, observer: &mut dyn Observer) -> Result<(PathBuf, bool), TrainingError> {
        sweep(self.folder.path());
        self.pictures.note(self.folder.path())?;
        let (log, repaired) = Log::open(self.folder.path(), self.task.steps_done())?;
        self.warnings.drain(..).chain(repaired).for_each(|warning| observer.warned(&warning));
        let log = Arc::new(Mutex::new(log));
        let mut losses = LossWatch::default();
        let make = T::batch_maker(&self.run, &self.sources);
        let mut loader = Loader::start(self.run.workers(), self.task.steps_done(), make);
        let (intervals, steps) = (self.run.intervals(), self.run.steps());
        let mut interrupted = false;
        let mut step_ended = Instant::now();
        while self.task.steps_done() < steps && !interrupted {
            let step_began = Instant::now();
            let batch = loader.next_batch()?;
            let waited = step_began.elapsed();
            let values = self.task.step(batch)?;
            let times = [step_began.elapsed(), waited, step_began - step_ended];
            step_ended = Instant::now();
            let step = self.task.steps_done();
            let due = |every: u64| step.is_multiple_of(every) || step == steps;
            let mut report = self.report(times, values);
            let evaluated = intervals.evaluation.is_some_and(due);
            if evaluated && !T::EVALUATES_ASIDE {
                report.values.extend(self.records.evaluate(&self.task)?);
            }
            if due(intervals.log) || (evaluated && !T::EVALUATES_ASIDE) {
                log.lock().unwrap_or_else(PoisonError::into_inner).write(&report)?;
            }
            observer.stepped(&report);
            self.warn(losses.look(step, &report.values), observer);
            interrupted = observer.wants_to_stop() && step < steps;
            let checkpoint = due(intervals.checkpoint) && !interrupted;
            let evaluation = evaluated && T::EVALUATES_ASIDE;
            let due = Due { samples: intervals.samples.is_some_and(due), evaluation, checkpoint };
            self.records.write(&self.task, due, &log)?;
        }
        let checkpoint = self.records.finish(&self.task, &log)?;
        self.warn(Vec::new(), observer);
        Ok((checkpoint, interrupted))
    }

    /// Passes on what is new: of odd pictures, of losses, of evaluations that have ended.
    fn warn(&self, losses: Vec<String>, observer: &mut dyn Observer) {
        let odd = T::odd_pictures(&self.sources).map(OddPictures::news).unwrap_or_default();
        let news = odd.into_iter().chain(losses).chain(self.records.warnings());
        news.for_each(|warning| observer.warned(&warning));
    }

    /// `times`: of the step, of its waiting for pictures, and from the end of the step before to its start.
    fn report(&self, times: [Duration; 3], values: NamedValues) -> StepReport {
        let [seconds, seconds_waiting, seconds_between] = times.map(|time| time.as_secs_f64());
        let step = self.task.steps_done();
        StepReport {
            step,
            seconds,
            seconds_waiting,
            seconds_between,
            pictures_per_second: T::pictures_per_step(&self.run) as f64 / seconds,
            learning_rates: self.task.rates(step),
            values,
        }
    }
}
