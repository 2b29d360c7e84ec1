//! How many threads work.

use anyhow::Context;

/// Starts the threads that networks run on: as many as asked for, or as many as the processors that this process may use.
/// The standard library counts those: what the scheduler allows (`taskset`) and the quotas of Linux's control groups, of
/// both versions, which is how containers are limited. `RAYON_NUM_THREADS` says it too, as everywhere.
///
/// # Errors
/// If the system refuses to start them.
pub(crate) fn start(threads: Option<u32>) -> anyhow::Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize);
    pool.build_global().context("cannot start the threads that were asked for")
}
