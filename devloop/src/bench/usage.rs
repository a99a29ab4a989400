//! Processor time and memory of processes, as the system counts them. Only for a cloud on this machine.

use std::time::Duration;

use devloop_system::usage::Usage;
use serde::{Deserialize, Serialize};

/// What a process, or several together, used over a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessUse {
    /// Processor time, user and system.
    pub(crate) cpu_ms: f64,
    /// The processor time as a share of one core.
    pub(crate) cpu_share: f64,
    /// Resident memory when the load ended.
    pub(crate) rss_mb: f64,
    /// How often its threads waited (voluntary context switches), if the system counts that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waits: Option<u64>,
    /// The number of processes when the load ended.
    pub(crate) processes: usize,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Reading {
    cpu: Duration,
    rss_mb: f64,
    waits: Option<u64>,
    processes: usize,
}

impl Reading {
    fn of(usage: Usage) -> Self {
        Self { cpu: usage.cpu, rss_mb: usage.rss_mb, waits: usage.waits, processes: 1 }
    }

    fn add(&mut self, usage: Usage) {
        self.cpu += usage.cpu;
        self.rss_mb += usage.rss_mb;
        self.waits = self.waits.zip(usage.waits).map(|(all, its)| all + its);
        self.processes += 1;
    }
}

/// What the cloud, its functions and this program had used at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    /// The cloud's process.
    pub(crate) cloud: Option<Reading>,
    /// Its children, including those that have ended.
    pub(crate) functions: Option<Reading>,
    /// This process.
    pub(crate) generator: Option<Reading>,
}

impl Moment {
    /// Reads the current usage; `cloud` is the cloud's process, if it is known.
    pub(crate) fn read(cloud: Option<u32>) -> Self {
        let mut moment =
            Self { generator: Usage::of(std::process::id()).map(Reading::of), ..Self::default() };
        let Some((process, usage)) = cloud.and_then(|cloud| Some((cloud, Usage::of(cloud)?))) else {
            return moment;
        };
        moment.cloud = Some(Reading::of(usage));
        let none = Reading { cpu: usage.ended_children_cpu, waits: Some(0), ..Reading::default() };
        moment.functions = Some(Usage::of_children(process).into_iter().fold(none, |mut all, child| {
            all.add(child);
            all
        }));
        moment
    }
}

/// What was used from one moment to another; memory and processes are those of `at_end`.
pub(crate) fn used(
    before: Option<Reading>,
    at_end: Option<Reading>,
    after: Option<Reading>,
    elapsed: Duration,
) -> Option<ProcessUse> {
    let (before, at_end, after) = (before?, at_end?, after?);
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
    Some(ProcessUse {
        cpu_ms: cpu * 1_000.0,
        cpu_share: cpu / elapsed.as_secs_f64().max(0.001),
        rss_mb: at_end.rss_mb,
        waits: after.waits.zip(before.waits).map(|(after, before)| after.saturating_sub(before)),
        processes: at_end.processes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_port_is_found_and_costs_something() {
        let listener_socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = devloop_system::sockets::listener(listener_socket.local_addr().unwrap().port());
        assert_eq!(owner, Some(std::process::id()));
        let moment = Moment::read(owner);
        assert!(moment.cloud.unwrap().rss_mb > 0.0 && moment.functions.is_some());
    }
}
