//! What a round came to.

use std::fs;
use std::time::{Duration, Instant};

use crate::side::Side;

/// For how long an idle side is measured.
const IDLE: Duration = Duration::from_secs(5);
const SETTLED: Duration = Duration::from_secs(2);

/// A measurement that has begun.
#[derive(Debug)]
pub(crate) struct Watch {
    began: Instant,
    cpu: Duration,
    rss: u64,
}

impl Watch {
    /// Begins a measurement.
    pub(crate) fn start(side: &Side) -> Self {
        Self { began: Instant::now(), cpu: side.cpu(), rss: rss(side) }
    }

    /// Ends the measurement after this many messages.
    pub(crate) fn stop(&self, side: &Side, messages: usize) -> Figures {
        Figures {
            messages,
            took: self.began.elapsed(),
            cpu: side.cpu().saturating_sub(self.cpu),
            rss: [self.rss, rss(side)],
            idle: None,
        }
    }
}

/// What a round came to.
#[derive(Debug)]
pub(crate) struct Figures {
    messages: usize,
    took: Duration,
    cpu: Duration,
    /// Memory before and after, in KiB; of the program itself, without its functions.
    rss: [u64; 2],
    /// Processor time in percent of a core, with nothing to do.
    pub(crate) idle: Option<f64>,
}

impl Figures {
    /// The head of the table.
    pub(crate) const HEAD: &str =
        "             messages  messages/s  cpu a message  memory before  after      idle  load avg";

    /// Messages a second.
    pub(crate) fn rate(&self) -> f64 {
        self.messages as f64 / self.took.as_secs_f64()
    }

    /// A line of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        format!(
            "{name:<12}{:>9}{:>12.0}{:>12.1} µs{:>11} MiB{:>7} MiB{:>8.2} %{:>10}",
            self.messages,
            self.rate(),
            self.cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64,
            self.rss[0] / 1024,
            self.rss[1] / 1024,
            self.idle.unwrap_or(f64::NAN),
            load.split(' ').next().unwrap_or("?"),
        )
    }
}

/// The processor time of a side that has nothing to do, in percent of a core.
pub(crate) async fn idle(side: &Side) -> f64 {
    tokio::time::sleep(SETTLED).await;
    let (before, began) = (side.cpu(), Instant::now());
    tokio::time::sleep(IDLE).await;
    side.cpu().saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0
}

fn rss(side: &Side) -> u64 {
    let text =
        fs::read_to_string(format!("/proc/{}/status", side.process.as_raw_nonzero())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
