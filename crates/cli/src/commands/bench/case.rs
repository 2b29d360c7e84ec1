//! One case, timed in this process.

use std::time::Instant;

use portraitist_nn::device;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::workload::{Task, Workload};
use serde::{Deserialize, Serialize};

/// What the process of a case reports to the one that started it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CaseReport {
    /// Milliseconds of each timed run.
    pub(super) times_ms: Vec<f64>,
    /// Largest resident memory of the process in MiB, where the system reports it.
    pub(super) peak_rss_mb: Option<f64>,
}

/// Timed runs of a case by default, as in `benches/peers`.
pub(super) fn default_runs(task: Task) -> u32 {
    match task {
        Task::Translate | Task::Vgg | Task::Recognize => 10,
        Task::Train | Task::TrainCheckpointed => 5,
    }
}

/// Times a case after some untimed runs.
pub(super) fn measure(
    workload: Workload,
    precision: InferencePrecision,
    runs: Option<u32>,
    warmups: u32,
) -> anyhow::Result<CaseReport> {
    let mut work = workload.prepare(&device::parse("cpu")?, precision);
    for _ in 0..warmups {
        work()?;
    }
    let mut times_ms = Vec::new();
    for _ in 0..runs.unwrap_or(default_runs(workload.task)) {
        let began = Instant::now();
        work()?;
        times_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(CaseReport { times_ms, peak_rss_mb: peak_rss_mb() })
}

/// Largest resident memory of this process so far in MiB; Linux only.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    high_water_mark(&status)
}

fn high_water_mark(status: &str) -> Option<f64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?;
    Some(kibibytes.trim().parse::<f64>().ok()? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_mebibytes() {
        assert_eq!(high_water_mark("VmPeak:\t   9 kB\nVmHWM:\t    1536 kB\nVmRSS:\t 7 kB\n"), Some(1.5));
        assert_eq!(high_water_mark("VmPeak:\t   9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_that_was_given_back_counts() {
        let before = peak_rss_mb().expect("Linux reports it");
        let pages: Vec<u8> = (0..64 << 20).map(|index| index as u8).collect();
        drop(std::hint::black_box(pages));
        assert!(peak_rss_mb().expect("Linux reports it") >= before.max(64.0));
    }
}
