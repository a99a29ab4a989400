//! Processor time and memory of processes, as the system counts them.

use std::time::Duration;

use rustix::process::Pid;

use crate::way;

pub use way::PeakMemory;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Processor time, user and system.
    pub cpu: Duration,
    /// The same for its children that have ended; zero if the system cannot tell.
    pub ended_children_cpu: Duration,
    /// Resident memory in MB.
    pub rss_mb: f64,
    /// How often its threads waited (voluntary context switches), if the system counts that.
    pub waits: Option<u64>,
}

impl Usage {
    /// What the process has used; none when it has ended.
    pub fn of(process: u32) -> Option<Self> {
        way::usage(process)
    }

    /// What each child of the process has used.
    pub fn of_children(parent: u32) -> Vec<Self> {
        way::usage_of_children(parent)
    }
}

/// The machine's load over the last minute, which shows whether other programs are at work.
pub fn load_average() -> Option<f64> {
    way::load_average()
}

impl PeakMemory {
    /// The shortest time between two reads, because a read after each event would cost too much.
    pub(crate) const EVERY: Duration = Duration::from_secs(1);

    /// The peak memory of this process.
    pub fn of(process: Pid) -> Self {
        Self::new(process)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn this_process_and_its_children_cost_something() {
        let own = Usage::of(std::process::id()).unwrap();
        assert!(own.rss_mb > 0.0);
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        assert!(!Usage::of_children(std::process::id()).is_empty());
        assert!(PeakMemory::of(Pid::from_child(&child)).mb() > 0);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(load_average().is_some());
    }
}
