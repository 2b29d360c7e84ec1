//! Memory for networks that run beside each other.

use std::sync::{Mutex, PoisonError};

use crate::inference::dense::DenseMemory;

/// As many memories as calls have run beside each other.
#[derive(Debug, Default)]
pub(super) struct MemoryPool(Mutex<Vec<DenseMemory>>);

impl MemoryPool {
    /// Lends a memory to `work`.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut DenseMemory) -> T) -> T {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let result = work(&mut memory);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        result
    }
}
