//! What a process has used, as `/proc` tells it.

use std::fs;
use std::time::Duration;

/// Ticks a second in which the kernel counts processor time for programs [proc(5), USER_HZ].
const TICKS: u64 = 100;

/// A moment in the life of a process.
#[derive(Debug)]
pub struct Usage {
    process: i32,
    processor: Duration,
    /// In bytes.
    memory: u64,
}

/// What a process has used since a moment.
#[derive(Debug)]
pub struct Used {
    pub processor: Duration,
    /// How much more memory than at the moment it had at most, in bytes.
    pub most_memory: u64,
}

impl Usage {
    /// Now. From here on the kernel counts the most memory anew [proc_pid_clear_refs(5)].
    pub fn of(process: i32) -> Self {
        fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
        Self { process, processor: processor(process), memory: memory(process, "VmRSS:") }
    }

    /// What was used since `self`.
    pub fn since(&self) -> Used {
        let most = memory(self.process, "VmHWM:");
        Used {
            processor: processor(self.process).saturating_sub(self.processor),
            most_memory: most.saturating_sub(self.memory),
        }
    }
}

/// User and system time [proc_pid_stat(5)].
fn processor(process: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = fields[11..=12].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A field of the status in bytes [proc_pid_status(5)].
fn memory(process: i32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() << 10
}
