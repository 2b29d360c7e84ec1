//! What requests of the interface share.

use std::sync::Arc;

use super::jobs::Jobs;
use super::service::FaceService;
use crate::web::access::Access;
use crate::web::budget::Budget;
use crate::web::guard::Guard;
use crate::web::limits::{MAX_JOBS, MAX_WAITING, max_connections};
use crate::web::memory::Memory;
use crate::web::metrics::Metrics;
use crate::web::queue::Queue;
use crate::web::sockets::Connections;

/// The networks, the queue in front of them, and what is counted.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub(super) service: Arc<dyn FaceService>,
    pub(in crate::web) queue: Queue,
    pub(in crate::web) budget: Budget,
    pub(in crate::web) guard: Guard,
    pub(in crate::web) connections: Connections,
    pub(super) jobs: Jobs,
    /// Called after each job.
    pub(super) after_work: fn(),
}

impl ApiState {
    /// A service behind a queue of the usual length.
    pub(crate) fn new(service: Arc<dyn FaceService>, budget: Budget, access: Access) -> Self {
        let queue = Queue::new(MAX_JOBS, MAX_WAITING, &budget);
        let guard = Guard { access, ..Guard::default() };
        let connections = Connections::new(max_connections());
        Self { service, queue, budget, guard, connections, jobs: Jobs::default(), after_work: || {} }
    }

    /// Calls a function after each job: where memory is short, what a job leaves behind goes back at once.
    pub(crate) fn with_after_work(self, after_work: fn()) -> Self {
        Self { after_work, ..self }
    }

    /// What bodies and answers take together.
    pub(crate) fn memory(&self) -> &Memory {
        &self.queue.memory
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.guard.metrics
    }
}
