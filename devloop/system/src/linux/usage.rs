use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::usage::Usage;
use crate::way::processes;

/// How many ticks a second the kernel counts processor time in, for programs `[proc(5), USER_HZ]`.
const TICKS: u64 = 100;

pub(crate) fn usage(process: u32) -> Option<Usage> {
    Some(Stat::read(process)?.usage(process))
}

pub(crate) fn usage_of_children(parent: u32) -> Vec<Usage> {
    let processes = processes().map(|process| process.as_raw_nonzero().get().unsigned_abs());
    let stats = processes.filter_map(|process| Some((process, Stat::read(process)?)));
    stats.filter(|(_, stat)| stat.parent == parent).map(|(process, stat)| stat.usage(process)).collect()
}

pub(crate) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The fields of `/proc/<pid>/stat` that count `[proc_pid_stat(5)]`.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    cpu: Duration,
    children_cpu: Duration,
}

impl Stat {
    fn read(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The name in parentheses may hold anything; what follows the last one is the state.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
        let ticks = |count: u64| Duration::from_millis(count * 1_000 / TICKS);
        Some(Self {
            parent: number(4)? as u32,
            cpu: ticks(number(14)? + number(15)?),
            children_cpu: ticks(number(16)? + number(17)?),
        })
    }

    fn usage(&self, process: u32) -> Usage {
        let resident = counter(&format!("/proc/{process}/status"), "VmRSS:").unwrap_or(0);
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let waits = threads
            .filter_map(|thread| counter(thread.path().join("status").to_str()?, "voluntary_ctxt_switches:"))
            .sum();
        Usage {
            cpu: self.cpu,
            ended_children_cpu: self.children_cpu,
            rss_mb: resident as f64 / 1024.0,
            waits: Some(waits),
        }
    }
}

/// A number in a `status` file `[proc_pid_status(5)]`.
fn counter(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The most memory that a process has had resident, as the kernel counts it.
#[derive(Debug)]
pub struct PeakMemory {
    process: Pid,
    /// When it was last read, and what it was in MB.
    last: Mutex<(Option<Instant>, u64)>,
}

impl PeakMemory {
    pub(crate) fn new(process: Pid) -> Self {
        Self { process, last: Mutex::default() }
    }

    /// The peak in MB, at most a second old.
    pub fn mb(&self) -> u64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.is_none_or(|read| read.elapsed() >= Self::EVERY) {
            let file = format!("/proc/{}/status", self.process.as_raw_nonzero());
            let peak = counter(&file, "VmHWM:").map(|kib| kib.div_ceil(1024));
            *last = (Some(Instant::now()), peak.unwrap_or(last.1));
        }
        last.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = Stat::parse("7 (a) b) (c) S 5 7 7 0 -1 4194560 1 2 3 4 150 50 20 30 20 0 1 0 9").unwrap();
        assert_eq!(
            (stat.parent, stat.cpu, stat.children_cpu),
            (5, Duration::from_secs(2), Duration::from_millis(500))
        );
    }
}
