//! Where the networks run.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Device;

/// A device that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("unknown device {name:?}: this program was built for {}", supported().join(", "))]
pub struct UnknownDevice {
    name: String,
}

/// The names that [`parse`] takes in this build.
pub fn supported() -> Vec<&'static str> {
    let mut names = vec!["cpu"];
    if cfg!(feature = "cuda") {
        names.push("cuda[:index]");
    }
    if cfg!(feature = "wgpu") {
        names.push("wgpu");
    }
    names
}

/// Runs `work` on a thread of the pool, while the other threads stay awake. From any other thread each operation would
/// wake the pool and wait for it, which takes a fifth of the time of a small training step.
pub fn on_workers<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| {
        let _awake = Awake::keep_others();
        work()
    })
}

/// Keeps other threads of the pool awake between two operations, until it is dropped: waking a thread takes longer than a
/// small operation. No more than there are processors, and none for whom another program waits.
struct Awake(Arc<AtomicBool>);

/// A thread that found nothing to do for this long may sleep.
const LONGEST_IDLE: Duration = Duration::from_millis(2);
/// Whoever gives its processor away for longer than this has another program beside it, and sleeps rather than wait: that
/// program would lose its time, and this thread its turn when there is work.
const LONGEST_YIELD: Duration = Duration::from_micros(50);

impl Awake {
    /// Must be called on a thread of the pool.
    fn keep_others() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let caller = rayon::current_thread_index();
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 1..rayon::current_num_threads().min(processors) {
            let ended = Arc::clone(&ended);
            rayon::spawn(move || {
                // The caller itself takes this task if it waits before any other thread is free.
                if rayon::current_thread_index() != caller {
                    look_for_work(&ended);
                }
            });
        }
        Self(ended)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does other tasks' work until `ended`, until there was none for a long time, or until others want the processor.
fn look_for_work(ended: &AtomicBool) {
    let mut busy = Instant::now();
    while !ended.load(Ordering::Relaxed) && busy.elapsed() < LONGEST_IDLE {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            busy = Instant::now();
        } else {
            let before = Instant::now();
            std::thread::yield_now();
            if before.elapsed() > LONGEST_YIELD {
                return;
            }
        }
    }
}

/// The instruction set that the CPU's kernels use: `avx512`, `avx2`, `neon` or `portable`.
pub fn instruction_set() -> &'static str {
    portraitist_kernels::isa().name()
}

/// The device of a name: `cpu`, and where the program was built with them `cuda`, `cuda:1`, `wgpu`.
///
/// # Errors
/// [`UnknownDevice`] lists what this build has.
pub fn parse(name: &str) -> Result<Device, UnknownDevice> {
    let unknown = || UnknownDevice { name: name.to_owned() };
    match name.split_once(':').unwrap_or((name, "")) {
        ("cpu", "") => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        ("cuda", index) if index.is_empty() || index.parse::<usize>().is_ok() => {
            Ok(Device::cuda(index.parse().unwrap_or(0)))
        }
        #[cfg(feature = "wgpu")]
        ("wgpu", "") => Ok(Device::wgpu(burn::tensor::DeviceKind::default())),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    #[test]
    fn work_within_work_ends_on_any_number_of_threads() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
            let sum: usize =
                pool.install(|| on_workers(|| (0..200).into_par_iter().map(|value| on_workers(|| value)).sum()));
            assert_eq!(sum, 199 * 200 / 2);
        }
    }
}
