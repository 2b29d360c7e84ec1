//! A short queue for heavy work: few jobs at once, few waiting, and none for clients that have gone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;

use super::budget::Budget;
use super::memory::Memory;
use super::reply::Failure;

/// Does work that waits for the disk beside the queue, on a thread of its own.
///
/// # Errors
/// If the work panics.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    spawn_blocking(work).await.map_err(|_| Failure::internal("the work was not finished"))
}

/// Hands out places; clones share them.
#[derive(Clone)]
pub(super) struct Queue {
    /// One permit for everybody in the queue, working or waiting.
    places: Arc<Semaphore>,
    /// One permit for everybody at work.
    turns: Arc<Semaphore>,
    pub(super) memory: Memory,
    most: usize,
    jobs: usize,
    /// The tickets of everybody in the queue, who are served in their order.
    line: Arc<watch::Sender<BTreeSet<u64>>>,
    next_ticket: Arc<AtomicU64>,
}

/// A place in the queue; dropping it leaves the queue.
pub(super) struct Place {
    place: OwnedSemaphorePermit,
    turns: Arc<Semaphore>,
    ticket: Ticket,
    jobs: usize,
}

/// A place in the line; dropping it leaves the line.
struct Ticket {
    number: u64,
    line: Arc<watch::Sender<BTreeSet<u64>>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.line.send_if_modified(|line| line.remove(&self.number));
    }
}

/// Tells how many are ahead.
pub(super) struct Ahead {
    number: u64,
    jobs: usize,
    line: watch::Receiver<BTreeSet<u64>>,
}

impl Ahead {
    /// How many others have to finish before its work begins.
    pub(super) fn count(&self) -> usize {
        let before = self.line.borrow().range(..self.number).count();
        (before + 1).saturating_sub(self.jobs)
    }

    /// Ready when somebody came or left.
    pub(super) async fn changed(&mut self) {
        if self.line.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Whether somebody still waits for the result of a job.
#[derive(Clone)]
pub(super) struct Audience(Arc<AtomicBool>);

/// The job ended without a result: it panicked, or the program is ending.
#[derive(Debug)]
pub(super) struct Stopped;

impl Queue {
    /// A queue for `jobs` at work and `waiting` more.
    pub(super) fn new(jobs: usize, waiting: usize, budget: &Budget) -> Self {
        Self {
            places: Arc::new(Semaphore::new(jobs + waiting)),
            turns: Arc::new(Semaphore::new(jobs)),
            memory: Memory::new(budget),
            most: jobs + waiting,
            jobs,
            line: Arc::default(),
            next_ticket: Arc::default(),
        }
    }

    /// A place, unless all are taken. Whoever takes one has the body already: slow senders keep nobody out.
    pub(super) fn enter(&self) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let number = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        self.line.send_if_modified(|line| line.insert(number));
        let ticket = Ticket { number, line: Arc::clone(&self.line) };
        Some(Place { place, turns: Arc::clone(&self.turns), ticket, jobs: self.jobs })
    }

    /// Whether all places are taken.
    pub(super) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    /// Whether nobody works or waits.
    pub(super) fn is_empty(&self) -> bool {
        self.places.available_permits() == self.most
    }

    /// How many work or wait.
    pub(super) fn taken(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// Places that nobody has.
    #[cfg(test)]
    pub(super) fn free_places(&self) -> usize {
        self.places.available_permits()
    }
}

impl Place {
    /// Tells how many are ahead.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead { number: self.ticket.number, jobs: self.jobs, line: self.ticket.line.subscribe() }
    }

    /// Waits for a turn and does `work` on a thread where blocking is allowed.
    ///
    /// Dropping the future before its turn leaves the queue; dropping it later tells `work` through its [`Audience`], and the
    /// place stays taken until `work` returns, so that abandoned jobs cannot pile up.
    pub(super) async fn run<T, Work>(self, work: Work) -> Result<T, Stopped>
    where
        T: Send + 'static,
        Work: FnOnce(&Audience) -> T + Send + 'static,
    {
        let turn = self.turns.acquire_owned().await.map_err(|_| Stopped)?;
        let audience = Audience(Arc::new(AtomicBool::new(true)));
        let _leaves_on_drop = Seat(audience.clone());
        let place = (self.place, self.ticket);
        let job = spawn_blocking(move || {
            let _held_until_done = (place, turn);
            work(&audience)
        });
        job.await.map_err(|_| Stopped)
    }
}

impl Audience {
    /// False once the client has gone: the rest of the work can be skipped.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lives as long as the request.
struct Seat(Audience);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}
