//! Writes a run's files on a thread of its own, so that training goes on meanwhile.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::error::TrainingError;

type Outcome = Result<(), TrainingError>;

/// Does one job at a time. The error of a failed job is returned by the next call of any method.
#[derive(Debug)]
pub(super) struct Writer {
    run_folder: PathBuf,
    job: Option<JoinHandle<Outcome>>,
}

impl Writer {
    /// A writer that has nothing to do yet; `run_folder` stands in the error if a job panics.
    pub(super) fn new(run_folder: &Path) -> Self {
        Self { run_folder: run_folder.to_path_buf(), job: None }
    }

    /// Starts a job, after waiting for the one before.
    ///
    /// # Errors
    /// Those of the job before; the new one is not started then.
    pub(super) fn start(&mut self, job: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
        self.wait()?;
        let job = move || match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            // In the training's pool, each operation of the job would wait for the end of a step where there is one thread.
            Ok(pool) => pool.install(job),
            Err(_) => job(),
        };
        let spawned = std::thread::Builder::new().name("writer".to_owned()).spawn(job);
        self.job = Some(spawned.map_err(|error| self.failure(&format!("cannot start a thread: {error}")))?);
        Ok(())
    }

    /// Looks at the job without waiting for it.
    ///
    /// # Errors
    /// The job's, if it has ended and failed.
    pub(super) fn check(&mut self) -> Outcome {
        if self.job.as_ref().is_some_and(JoinHandle::is_finished) { self.wait() } else { Ok(()) }
    }

    /// Waits for the job.
    ///
    /// # Errors
    /// The job's.
    pub(super) fn wait(&mut self) -> Outcome {
        match self.job.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(self.failure("the thread that writes has ended unexpectedly")),
        }
    }

    fn failure(&self, reason: &str) -> TrainingError {
        TrainingError::Write { path: self.run_folder.clone(), reason: reason.to_owned() }
    }
}

impl Drop for Writer {
    /// Finishes the job that was begun, whatever stopped the training. An error of the job is dropped: the other error
    /// came first.
    fn drop(&mut self) {
        let _ = self.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn failed() -> Outcome {
        Err(TrainingError::Write { path: "sheet.png".into(), reason: "the disk is full".into() })
    }

    fn text(outcome: Outcome) -> String {
        outcome.expect_err("the job failed").to_string()
    }

    #[test]
    fn training_goes_on_while_a_slow_job_runs() {
        let mut writer = Writer::new(Path::new("run"));
        let (release, released) = channel::<()>();
        let done = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&done);
        let job = move || {
            let _ = released.recv();
            mark.store(true, Ordering::SeqCst);
            Ok(())
        };
        writer.start(job).expect("nothing ran before");
        writer.check().expect("it is not done, and has not failed");
        assert!(!done.load(Ordering::SeqCst));
        release.send(()).expect("the job waits");
        writer.wait().expect("it succeeds");
        assert!(done.load(Ordering::SeqCst));
    }

    #[test]
    fn jobs_run_one_at_a_time_and_in_order() {
        let mut writer = Writer::new(Path::new("run"));
        let ended = Arc::new(AtomicUsize::new(0));
        for number in 0..5 {
            let ended = Arc::clone(&ended);
            let job = move || {
                assert_eq!(ended.load(Ordering::SeqCst), number, "the job before has not ended");
                std::thread::sleep(Duration::from_millis(5));
                ended.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            writer.start(job).expect("no job fails");
        }
        drop(writer);
        assert_eq!(ended.load(Ordering::SeqCst), 5, "dropping waits for the last");
    }

    #[test]
    fn a_job_has_a_pool_of_its_own() {
        let mut writer = Writer::new(Path::new("run"));
        let job = || {
            assert_eq!((rayon::current_thread_index(), rayon::current_num_threads()), (Some(0), 1));
            Ok(())
        };
        writer.start(job).expect("nothing ran before");
        writer.wait().expect("the operations run on one thread of the job's own pool");
    }

    #[test]
    fn a_failure_is_returned_once_by_the_next_call() {
        let mut writer = Writer::new(Path::new("run"));
        writer.start(failed).expect("nothing ran before");
        assert!(text(writer.wait()).contains("sheet.png: the disk is full"));
        writer.wait().expect("it was returned before");
        writer.start(failed).expect("it was returned before");
        let never = || unreachable!("a job does not start behind a failed one");
        assert!(text(writer.start(never)).contains("the disk is full"));
        writer.start(failed).expect("it was returned before");
        while writer.job.as_ref().is_some_and(|job| !job.is_finished()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(text(writer.check()).contains("the disk is full"));
    }

    #[test]
    fn a_panic_is_an_error() {
        let mut writer = Writer::new(Path::new("run"));
        writer.start(|| panic!("a mistake, made on purpose by this test")).expect("nothing ran before");
        assert!(text(writer.wait()).contains("ended unexpectedly"));
    }
}
