//! Prepares batches ahead of the trainer, on threads of its own.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::error::TrainingError;

/// Batches that each thread keeps ready.
const READY_PER_WORKER: usize = 2;

/// Gives the batches of a run one after the other.
pub(super) struct Loader<B> {
    workers: Vec<Receiver<Result<B, TrainingError>>>,
    next: usize,
}

impl<B: Send + 'static> Loader<B> {
    /// Starts `num_workers` threads. Each prepares every `num_workers`th batch. `make` returns the batch of a step,
    /// counted from 0. The first batch is that of step `first`.
    pub(super) fn start(
        num_workers: usize,
        first: u64,
        make: impl Fn(u64) -> Result<B, TrainingError> + Clone + Send + 'static,
    ) -> Self {
        let num_workers = num_workers as u64;
        let workers = (0..num_workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(READY_PER_WORKER);
                let make = make.clone();
                // The thread ends when the loader is dropped and nobody takes its batches any more.
                thread::spawn(move || {
                    let mut step = first + worker;
                    while sender.send(make(step)).is_ok() {
                        step += num_workers;
                    }
                });
                receiver
            })
            .collect();
        Self { workers, next: 0 }
    }

    /// The next batch.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that could not be read.
    pub(super) fn next_batch(&mut self) -> Result<B, TrainingError> {
        let worker = &self.workers[self.next];
        self.next = (self.next + 1) % self.workers.len();
        worker.recv().map_err(|_| TrainingError::Data {
            path: PathBuf::new(),
            reason: "the thread that reads pictures has ended unexpectedly".to_owned(),
        })?
    }
}
