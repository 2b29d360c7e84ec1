//! What the server has done, as Prometheus reads it (text format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper ends of the classes of times, in seconds.
const CLASSES: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// Counts; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// By route and status.
    requests: BTreeMap<(String, u16), u64>,
    /// By kind of work.
    work: BTreeMap<&'static str, Histogram>,
}

#[derive(Debug, Default)]
struct Histogram {
    classes: [u64; CLASSES.len()],
    count: u64,
    seconds: f64,
}

/// A number that is read when it is asked for.
pub(super) struct Gauge {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) value: u64,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered. `route` is the pattern of its path: what strangers ask for makes no new rows.
    pub(super) fn answered(&self, route: &str, status: u16) {
        let mut counts = self.lock();
        match counts.requests.iter_mut().find(|((known, code), _)| known == route && *code == status) {
            Some((_, count)) => *count += 1,
            None => drop(counts.requests.insert((route.to_owned(), status), 1)),
        }
    }

    /// Work of a kind took so long, without waiting.
    pub(super) fn worked(&self, kind: &'static str, time: Duration) {
        let mut counts = self.lock();
        let histogram = counts.work.entry(kind).or_default();
        let seconds = time.as_secs_f64();
        histogram.classes.iter_mut().zip(CLASSES).filter(|(_, end)| seconds <= *end).for_each(|(count, _)| *count += 1);
        histogram.count += 1;
        histogram.seconds += seconds;
    }

    /// Everything, and some numbers more.
    pub(super) fn text(&self, gauges: &[Gauge]) -> String {
        let counts = self.lock();
        let mut text = String::new();
        head(&mut text, "portraitist_http_requests_total", "Requests answered, by route and status.", "counter");
        for ((route, status), count) in &counts.requests {
            // Writing to a string does not fail.
            let _ = writeln!(text, "portraitist_http_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let name = "portraitist_work_seconds";
        head(&mut text, name, "Time of work, without waiting for a turn.", "histogram");
        for (kind, Histogram { classes, count, seconds }) in &counts.work {
            for (end, below) in CLASSES.iter().zip(classes) {
                let _ = writeln!(text, "{name}_bucket{{work=\"{kind}\",le=\"{end}\"}} {below}");
            }
            let _ = writeln!(text, "{name}_bucket{{work=\"{kind}\",le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{name}_sum{{work=\"{kind}\"}} {seconds}\n{name}_count{{work=\"{kind}\"}} {count}");
        }
        for Gauge { name, help, value } in gauges {
            head(&mut text, name, help, "gauge");
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Resident memory of this process in bytes; 0 where the system does not tell.
pub(super) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_cumulative() {
        let metrics = Metrics::default();
        metrics.answered("/a", 200);
        metrics.answered("/a", 200);
        metrics.answered("/a", 503);
        metrics.worked("translate", Duration::from_millis(200));
        metrics.worked("translate", Duration::from_secs(60));
        let text = metrics.text(&[Gauge { name: "places", help: "Places.", value: 3 }]);
        for line in [
            "portraitist_http_requests_total{route=\"/a\",status=\"200\"} 2",
            "portraitist_http_requests_total{route=\"/a\",status=\"503\"} 1",
            "portraitist_work_seconds_bucket{work=\"translate\",le=\"0.1\"} 0",
            "portraitist_work_seconds_bucket{work=\"translate\",le=\"0.25\"} 1",
            "portraitist_work_seconds_bucket{work=\"translate\",le=\"15\"} 1",
            "portraitist_work_seconds_bucket{work=\"translate\",le=\"+Inf\"} 2",
            "portraitist_work_seconds_count{work=\"translate\"} 2",
            "# TYPE places gauge",
            "places 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }
}
