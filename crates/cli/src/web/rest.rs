//! Gives memory back when there is nothing to do.
//!
//! Drawings take large buffers, which the program keeps for the next one. A page that nobody looks at any more should not keep
//! what the largest photo of the day took.

use tokio::task::spawn_blocking;

use super::queue::Queue;

/// Looks at a queue from time to time.
pub(super) struct Rest {
    queue: Queue,
    give_back: fn(),
    /// Large uses so far, when it was last looked at.
    seen: u64,
    /// Large uses so far, when memory was last given back.
    given_back: u64,
}

impl Rest {
    /// Calls `give_back` when the queue has been left alone from one look to the next.
    pub(super) fn new(queue: Queue, give_back: fn()) -> Self {
        Self { queue, give_back, seen: 0, given_back: 0 }
    }

    /// Looks.
    pub(super) fn look(&mut self) {
        let uses = self.queue.memory.uses();
        if uses != self.given_back && uses == self.seen && self.queue.is_empty() {
            self.given_back = uses;
            spawn_blocking(self.give_back);
        }
        self.seen = uses;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static GIVEN: AtomicUsize = AtomicUsize::new(0);

    #[tokio::test]
    async fn memory_goes_back_once_after_each_time_of_work() {
        let queue = Queue::new(1, 1, &super::super::budget::Budget::default());
        let mut rest = Rest::new(queue.clone(), || {
            GIVEN.fetch_add(1, Ordering::SeqCst);
        });
        let looks = |rest: &mut Rest, count: usize| (0..count).for_each(|_| rest.look());
        looks(&mut rest, 3);
        drop(queue.memory.receive());
        looks(&mut rest, 1);
        let place = queue.enter();
        looks(&mut rest, 3);
        tokio::task::yield_now().await;
        assert_eq!(GIVEN.load(Ordering::SeqCst), 0, "nothing was used, or something is");
        drop(place);
        looks(&mut rest, 3);
        let given = async {
            while GIVEN.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), given).await.expect("memory is given back");
        assert_eq!(GIVEN.load(Ordering::SeqCst), 1);
    }
}
