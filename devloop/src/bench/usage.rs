//! Processor time and memory of processes, as the kernel counts them. Only for a cloud on this machine.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The kernel's ticks of processor time a second, as programs see them
const TICKS: u64 = 100;

/// What a process, or several together, used over a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessUse {
    /// Processor time, user and system.
    pub(crate) cpu_ms: f64,
    /// The processor time as a share of one core.
    pub(crate) cpu_share: f64,
    /// Resident memory when the load ended.
    pub(crate) rss_mb: f64,
    /// How often its threads waited (voluntary context switches).
    pub(crate) waits: u64,
    /// The number of processes when the load ended.
    pub(crate) processes: usize,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Reading {
    cpu: Duration,
    rss_mb: f64,
    waits: u64,
    processes: usize,
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
            Self { generator: Stat::read(std::process::id()).map(|stat| stat.reading()), ..Self::default() };
        let Some((process, stat)) = cloud.and_then(|cloud| Some((cloud, Stat::read(cloud)?))) else {
            return moment;
        };
        moment.cloud = Some(stat.reading());
        let mut functions = Reading { cpu: stat.children_cpu, ..Reading::default() };
        for child in children(process) {
            let child = child.reading();
            functions.cpu += child.cpu;
            functions.rss_mb += child.rss_mb;
            functions.waits += child.waits;
            functions.processes += 1;
        }
        moment.functions = Some(functions);
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
        waits: after.waits.saturating_sub(before.waits),
        processes: at_end.processes,
    })
}

/// The process that listens on this port of this machine, if devloop may inspect it.
pub(crate) fn listener(port: u16) -> Option<u32> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| listening_inode(line, port))
    })?;
    let socket = format!("socket:[{inode}]");
    processes().find(|process| {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        descriptors
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .any(|target| target.as_os_str() == socket.as_str())
    })
}

/// The socket's inode in a line of the kernel's table, if it listens on the port `[proc_net_tcp(5)]`.
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let local = fields.get(1)?.rsplit_once(':')?.1;
    let is_it = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == LISTEN;
    is_it.then(|| fields.get(9)?.parse().ok()).flatten()
}

/// The machine's load over the last minute, which shows whether other programs are at work.
pub(crate) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The fields of `/proc/<pid>/stat` that count `[proc_pid_stat(5)]`.
struct Stat {
    process: u32,
    parent: u32,
    cpu: Duration,
    children_cpu: Duration,
}

impl Stat {
    fn read(process: u32) -> Option<Self> {
        Self::parse(process, &fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn parse(process: u32, text: &str) -> Option<Self> {
        // The name in parentheses may contain anything; the state follows the last closing one.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
        let ticks = |count: u64| Duration::from_millis(count * 1_000 / TICKS);
        Some(Self {
            process,
            parent: number(4)? as u32,
            cpu: ticks(number(14)? + number(15)?),
            children_cpu: ticks(number(16)? + number(17)?),
        })
    }

    fn reading(&self) -> Reading {
        let resident = counter(&format!("/proc/{}/status", self.process), "VmRSS:").unwrap_or(0);
        let threads = fs::read_dir(format!("/proc/{}/task", self.process)).into_iter().flatten().flatten();
        let waits = threads
            .filter_map(|thread| counter(thread.path().join("status").to_str()?, "voluntary_ctxt_switches:"))
            .sum();
        Reading { cpu: self.cpu, rss_mb: resident as f64 / 1024.0, waits, processes: 1 }
    }
}

/// A number in a `status` file `[proc_pid_status(5)]`.
fn counter(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn children(parent: u32) -> Vec<Stat> {
    processes().filter_map(Stat::read).filter(|stat| stat.parent == parent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat =
            Stat::parse(7, "7 (a) b) (c) S 5 7 7 0 -1 4194560 1 2 3 4 150 50 20 30 20 0 1 0 9").unwrap();
        assert_eq!(
            (stat.parent, stat.cpu, stat.children_cpu),
            (5, Duration::from_secs(2), Duration::from_millis(500))
        );
    }

    #[test]
    fn only_a_listening_socket_of_the_port_is_it() {
        let line = "   0: 0100007F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0";
        assert_eq!(listening_inode(line, 4566), Some(4711));
        assert_eq!(listening_inode(line, 4567), None);
        assert_eq!(listening_inode(&line.replace(" 0A ", " 01 "), 4566), None);
        assert_eq!(listening_inode("  sl  local_address rem_address   st", 4566), None);
    }

    #[test]
    fn the_owner_of_a_port_is_found_and_costs_something() {
        let listener_socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = listener(listener_socket.local_addr().unwrap().port());
        assert_eq!(owner, Some(std::process::id()));
        let moment = Moment::read(owner);
        assert!(moment.cloud.unwrap().rss_mb > 0.0 && moment.functions.is_some());
    }
}
