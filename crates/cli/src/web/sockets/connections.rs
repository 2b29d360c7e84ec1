//! The connections that are open: how many there may be, and which one goes when another comes.
//!
//! Sockets that say nothing cost a file descriptor each, of which a process has few. When there is no room, a connection on
//! which nothing has been asked for gives way to the new one, so that silent ones cannot shut anybody out. One whose request has just
//! begun is answered first: the new one waits for a moment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::web::limits::{CROWDED_PAUSE, RECEIVING_PATIENCE};

/// What a connection is doing; the lesser gives way first, and of two the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing was ever asked for.
    Silent,
    /// Everything asked for was answered.
    Idle,
    /// A request is arriving.
    Receiving,
}

/// An open connection.
#[derive(Debug)]
pub(in crate::web) struct Connection {
    phase: Mutex<(Phase, Instant)>,
    gives_way: Notify,
    /// Answers under way that are work.
    working: AtomicUsize,
}

/// While it lives, its connection is at work, even if its answer has begun.
#[derive(Debug)]
pub(in crate::web) struct AtWork(Arc<Connection>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Notes what it does now.
    pub(super) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    /// Work begins.
    pub(in crate::web) fn work(self: &Arc<Self>) -> AtWork {
        self.working.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(self))
    }

    /// What it does, if it may be ended for another: not at work, and not while its request has just begun.
    fn endable(&self, patience: Duration) -> Option<Phase> {
        if self.working.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let (phase, since) = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let is_endable = match phase {
            // What it asks for may be there already and not be read yet.
            Phase::Silent => since.elapsed() >= patience / 20,
            Phase::Idle => true,
            Phase::Receiving => since.elapsed() >= patience,
        };
        is_endable.then_some(phase)
    }

    /// Ready when it has to give way.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

/// All open connections; clones share them.
#[derive(Clone, Debug)]
pub(in crate::web) struct Connections {
    most: usize,
    /// How long a request may arrive before its connection may be ended for another; to begin with one it has a twentieth of that.
    patience: Duration,
    open: Arc<Mutex<Open>>,
    /// Told when one has left.
    left: Arc<Notify>,
}

/// By number, which counts up: the oldest comes first.
#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Arc<Connection>>,
}

/// A connection's place among the open ones; dropping it leaves.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) connection: Arc<Connection>,
    number: u64,
    connections: Connections,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.lock().all.remove(&self.number);
        self.connections.left.notify_one();
    }
}

impl Connections {
    /// Room for `most` connections.
    pub(in crate::web) fn new(most: usize) -> Self {
        Self { most, patience: RECEIVING_PATIENCE, open: Arc::default(), left: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(in crate::web) fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// Takes one more in, as soon as there is room. Nothing is lost when the future is dropped before.
    pub(super) async fn admit_soon(&self) -> Admitted {
        loop {
            if let Some(admitted) = self.admit() {
                return admitted;
            }
            // One may become endable without leaving.
            let _ = timeout(CROWDED_PAUSE, self.left.notified()).await;
        }
    }

    /// Takes one more in, at the cost of another if there is no room; `None` if none of the others may be ended.
    fn admit(&self) -> Option<Admitted> {
        let mut open = self.lock();
        if open.all.len() >= self.most && !open.end_least(self.patience) {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            phase: Mutex::new((Phase::Silent, Instant::now())),
            gives_way: Notify::new(),
            working: AtomicUsize::new(0),
        });
        open.all.insert(number, Arc::clone(&connection));
        Some(Admitted { connection, number, connections: self.clone() })
    }

    /// Ends up to `count` connections.
    pub(super) fn make_room(&self, count: usize) {
        let mut open = self.lock();
        for _ in 0..count {
            if !open.end_least(self.patience) {
                break;
            }
        }
    }
}

impl Open {
    /// Ends the connection that gives way first, if there is one.
    fn end_least(&mut self, patience: Duration) -> bool {
        let endable = |(number, connection): (&u64, &Arc<Connection>)| Some((connection.endable(patience)?, *number));
        let Some((_, number)) = self.all.iter().filter_map(endable).min() else { return false };
        // The permit stays until the connection looks at it.
        self.all.remove(&number).inspect(|connection| connection.gives_way.notify_one());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it was told to give way.
    async fn has_to_go(admitted: &Admitted) -> bool {
        let soon = std::time::Duration::from_millis(1);
        tokio::time::timeout(soon, admitted.connection.gives_way()).await.is_ok()
    }

    #[tokio::test]
    async fn silent_connections_give_way_before_those_that_asked() {
        let connections = Connections { patience: Duration::ZERO, ..Connections::new(3) };
        let [first, second, third] = [(); 3].map(|()| connections.admit().expect("there is room"));
        first.connection.enter(Phase::Idle);
        let at_work = second.connection.work();
        second.connection.enter(Phase::Idle);
        let fourth = connections.admit().expect("the silent one gives way");
        assert!(has_to_go(&third).await && !has_to_go(&first).await);
        let _fourth_at_work = fourth.connection.work();
        let fifth = connections.admit().expect("the idle one gives way");
        assert!(has_to_go(&first).await);
        fifth.connection.enter(Phase::Receiving);
        let sixth = connections.admit().expect("the one that receives gives way");
        let _sixth_at_work = sixth.connection.work();
        assert!(connections.admit().is_none(), "all are at work");
        assert!(!has_to_go(&second).await && !has_to_go(&fourth).await);
        drop(at_work);
        assert!(connections.admit().is_some(), "its answer is sent");
        assert!(has_to_go(&second).await);
        drop(second);
        assert!(connections.admit().is_some());
    }

    #[tokio::test]
    async fn a_request_that_has_just_begun_is_not_ended_for_another() {
        let connections = Connections { patience: Duration::from_millis(50), ..Connections::new(1) };
        let first = connections.admit().expect("there is room");
        first.connection.enter(Phase::Receiving);
        assert!(connections.admit().is_none());
        let began = Instant::now();
        let second = connections.admit_soon().await;
        assert!(began.elapsed() >= Duration::from_millis(45) && has_to_go(&first).await, "it was slow");
        second.connection.enter(Phase::Receiving);
        let leaves = async {
            tokio::task::yield_now().await;
            drop(second);
        };
        let began = Instant::now();
        let _third = tokio::join!(connections.admit_soon(), leaves);
        assert!(began.elapsed() < Duration::from_millis(45), "it was answered");
    }

    #[tokio::test]
    async fn room_is_made_from_the_oldest_on() {
        let connections = Connections { patience: Duration::ZERO, ..Connections::new(10) };
        let [first, second, third] = [(); 3].map(|()| connections.admit().expect("there is room"));
        let _at_work = third.connection.work();
        connections.make_room(1);
        assert!(has_to_go(&first).await && !has_to_go(&second).await);
        connections.make_room(5);
        assert!(has_to_go(&second).await && !has_to_go(&third).await);
    }
}
