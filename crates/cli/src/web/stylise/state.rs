//! What requests of the page share.

use std::sync::Arc;

use super::service::TranslatorService;
use crate::web::limits::{MAX_JOBS, MAX_WAITING};
use crate::web::queue::Queue;

/// The translator, and the queue in front of it.
#[derive(Clone)]
pub(crate) struct StyliseState {
    pub(super) translator: Arc<dyn TranslatorService>,
    pub(super) queue: Queue,
}

impl StyliseState {
    /// A translator behind a queue of the usual length.
    pub(crate) fn new(translator: Arc<dyn TranslatorService>) -> Self {
        Self::with_queue(translator, Queue::new(MAX_JOBS, MAX_WAITING))
    }

    /// Where drawings wait for their turn.
    pub(in crate::web) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// A translator behind a queue that others share.
    pub(in crate::web) fn with_queue(translator: Arc<dyn TranslatorService>, queue: Queue) -> Self {
        Self { translator, queue }
    }
}
