//! Passes over values one by one, on all threads.
//!
//! The inner loops are plain; the compiler turns them into vectors of whichever instruction set they are inlined for.
//! Chunks are fixed, and what they sum is added in double precision in their order, so that results do not depend on the
//! number of threads.

pub(crate) mod absolute_error;
pub(crate) mod activation;
pub(crate) mod prelu;
pub(crate) mod scaled_sum;

/// Values of a task.
const CHUNK: usize = 1 << 15;
