//! Jobs and what became of them, in memory: a bounded number, for a bounded time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use tokio::task::AbortHandle;

use crate::web::api::service::Step;
use crate::web::limits::{JOB_KEPT, JOB_MEMORY_SHARE, MAX_JOBS_KEPT};
use crate::web::memory::{Memory, counted};
use crate::web::names::unguessable;
use crate::web::queue::Ahead;
use crate::web::reply::Failure;

/// A job's name: only whoever began it knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobId(String);

impl JobId {
    /// A new name.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(super) fn random() -> Result<Self, Failure> {
        unguessable().map(Self).map_err(|error| Failure::internal(format!("no random numbers: {error}")))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How far a job is.
pub(super) enum JobState {
    Queued(Ahead),
    Working(Step),
    Ended(Kept),
}

/// What became of a job.
pub(super) type End = Result<Outcome, Failure>;

/// Kept until a time.
pub(super) struct Kept {
    pub(super) end: End,
    pub(super) until: Instant,
}

/// A result in the forms in which it may be asked for.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) json: Bytes,
    pub(super) png: Bytes,
}

impl Outcome {
    fn bytes(&self) -> usize {
        self.json.len() + self.png.len()
    }
}

struct Job {
    id: JobId,
    state: JobState,
    task: Option<AbortHandle>,
}

impl Job {
    fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            JobState::Ended(kept) => kept.end.as_ref().ok(),
            _ => None,
        }
    }
}

/// All jobs, the oldest first; clones share them.
#[derive(Clone, Default)]
pub(in crate::web::api) struct Jobs(Arc<Mutex<Vec<Job>>>);

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; the oldest that has ended is forgotten if there are too many.
    pub(super) fn begin(&self, id: JobId, state: JobState) {
        let mut jobs = self.lock();
        if jobs.len() >= MAX_JOBS_KEPT {
            let oldest = jobs.iter().position(|job| matches!(job.state, JobState::Ended(_)));
            oldest.map(|oldest| jobs.remove(oldest));
        }
        jobs.push(Job { id, state, task: None });
    }

    /// What ends the job when it is removed.
    pub(super) fn attach(&self, id: &JobId, task: AbortHandle) {
        if let Some(job) = self.lock().iter_mut().find(|job| job.id == *id) {
            job.task = Some(task);
        }
    }

    /// Notes how far a job is, if it is still wanted.
    pub(super) fn set(&self, id: &JobId, state: JobState) {
        if let Some(job) = self.lock().iter_mut().find(|job| job.id == *id) {
            job.state = state;
        }
    }

    /// Notes what became of a job.
    pub(super) fn end(&self, id: &JobId, end: End) {
        self.set(id, JobState::Ended(Kept { end, until: Instant::now() + JOB_KEPT }));
    }

    /// Looks at a job; `None` if there is none of that name.
    pub(super) fn look<T>(&self, id: &str, look: impl FnOnce(&JobId, &JobState) -> T) -> Option<T> {
        self.lock().iter().find(|job| job.id.0 == id).map(|job| look(&job.id, &job.state))
    }

    /// Ends and forgets a job; whether there was one.
    pub(super) fn remove(&self, id: &JobId) -> bool {
        let mut jobs = self.lock();
        let Some(place) = jobs.iter().position(|job| job.id == *id) else { return false };
        if let Some(task) = jobs.remove(place).task {
            task.abort();
        }
        true
    }

    /// Makes a result ready to be kept. Results take a share of the memory of bodies and answers: older ones give way.
    ///
    /// # Errors
    /// If it is larger than that, or there is no memory for it.
    pub(super) async fn keep(&self, [json, png]: [Vec<u8>; 2], memory: &Memory) -> End {
        let (size, most) = (json.len() + png.len(), memory.most / JOB_MEMORY_SHARE);
        if size > most {
            let error = format!("the result has {} MiB, more than is kept", size.div_ceil(1 << 20));
            let hint = "ask for a smaller one, for one without in_picture, or with POST /api/translate";
            return Err(Failure::unprocessable("too_large", error, hint));
        }
        self.make_room(size, most);
        let held = memory.hold(size).await?;
        let split = json.len();
        let both = counted([json, png].concat(), held);
        Ok(Outcome { json: both.slice(..split), png: both.slice(split..) })
    }

    /// Forgets results, the oldest first, until one of `size` more bytes takes them to at most `most`.
    fn make_room(&self, size: usize, most: usize) {
        let mut jobs = self.lock();
        let mut taken: usize = jobs.iter().filter_map(Job::outcome).map(Outcome::bytes).sum();
        jobs.retain(|job| match job.outcome() {
            Some(outcome) if taken + size > most => {
                taken -= outcome.bytes();
                false
            }
            _ => true,
        });
    }
}
