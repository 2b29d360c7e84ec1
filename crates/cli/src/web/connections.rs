//! The connections that are open: how many there may be, and which one goes when another comes.
//!
//! Sockets that say nothing cost a file descriptor each, of which a process has few. When there is no room, a connection on
//! which nothing has been asked for gives way to the new one, so that silent ones cannot shut anybody out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What a connection is doing; the lesser gives way first, and of two the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing was ever asked for.
    Silent,
    /// Everything asked for was answered.
    Idle,
    /// A request is arriving.
    Receiving,
    /// A drawing waits for its turn or is being made: never ended for another.
    Working,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    phase: Mutex<Phase>,
    gives_way: Notify,
    /// Answers under way that are work.
    working: AtomicUsize,
}

/// While it lives, its connection is at work, even if its answer has begun.
#[derive(Debug)]
pub(super) struct AtWork(Arc<Connection>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Notes what it does now.
    pub(super) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Work begins.
    pub(super) fn work(self: &Arc<Self>) -> AtWork {
        self.working.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(self))
    }

    fn phase(&self) -> Phase {
        if self.working.load(Ordering::Relaxed) > 0 {
            return Phase::Working;
        }
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when it has to give way.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

/// All open connections; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    most: usize,
    open: Arc<Mutex<Open>>,
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
    }
}

impl Connections {
    /// Room for `most` connections.
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// Takes one more in, at the cost of another if there is no room; `None` if all the others are at work.
    pub(super) fn admit(&self) -> Option<Admitted> {
        let mut open = self.lock();
        if open.all.len() >= self.most && !open.end_least() {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            phase: Mutex::new(Phase::Silent),
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
            if !open.end_least() {
                break;
            }
        }
    }
}

impl Open {
    /// Ends the connection that gives way first, if there is one.
    fn end_least(&mut self) -> bool {
        let least = self.all.iter().map(|(number, connection)| (connection.phase(), *number)).min();
        let Some((_, number)) = least.filter(|(phase, _)| *phase < Phase::Working) else { return false };
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
        let connections = Connections::new(3);
        let [first, second, third] = [(); 3].map(|()| connections.admit().expect("there is room"));
        first.connection.enter(Phase::Idle);
        let at_work = second.connection.work();
        second.connection.enter(Phase::Idle);
        let fourth = connections.admit().expect("the silent one gives way");
        assert!(has_to_go(&third).await && !has_to_go(&first).await);
        fourth.connection.enter(Phase::Working);
        let fifth = connections.admit().expect("the idle one gives way");
        assert!(has_to_go(&first).await);
        fifth.connection.enter(Phase::Receiving);
        let sixth = connections.admit().expect("the one that receives gives way");
        sixth.connection.enter(Phase::Working);
        assert!(connections.admit().is_none(), "all are at work");
        assert!(!has_to_go(&second).await && !has_to_go(&fourth).await);
        drop(at_work);
        assert!(connections.admit().is_some(), "its answer is sent");
        assert!(has_to_go(&second).await);
        drop(second);
        assert!(connections.admit().is_some());
    }

    #[tokio::test]
    async fn room_is_made_from_the_oldest_on() {
        let connections = Connections::new(10);
        let [first, second, third] = [(); 3].map(|()| connections.admit().expect("there is room"));
        third.connection.enter(Phase::Working);
        connections.make_room(1);
        assert!(has_to_go(&first).await && !has_to_go(&second).await);
        connections.make_room(5);
        assert!(has_to_go(&second).await && !has_to_go(&third).await);
    }
}
