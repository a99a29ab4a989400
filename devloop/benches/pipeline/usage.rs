//! What processes cost, as the kernel counts it.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rustix::process::Pid;

/// How many ticks a second the kernel counts processor time in, for programs [proc(5), USER_HZ].
const TICKS: u64 = 100;

/// Of the program, its functions, and this generator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    /// The program: tool and cloud.
    pub(crate) cloud: Process,
    /// All processes that the program started, those that ended included.
    pub(crate) functions: Process,
    /// Functions that live.
    pub(crate) environments: usize,
    /// This process.
    pub(crate) generator: Process,
}

/// Figures of one process, or of several together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Process {
    /// Processor time, user and system.
    pub(crate) cpu: Duration,
    /// Resident memory in MB.
    pub(crate) memory: f64,
    /// How often its threads gave up the processor to wait.
    pub(crate) waits: u64,
}

impl Usage {
    /// Reads the figures of the program whose process this is.
    pub(crate) fn read(program: Pid) -> Result<Self> {
        let program = program.as_raw_nonzero().get();
        let own = Stat::read(program).context("devloop is gone")?;
        let mut functions = Process { cpu: own.children_cpu, ..Process::default() };
        let mut environments = 0;
        for child in children(program) {
            if let Some(stat) = Stat::read(child) {
                let child = stat.process(child);
                functions.cpu += child.cpu;
                functions.memory += child.memory;
                functions.waits += child.waits;
                environments += 1;
            }
        }
        let this = std::process::id() as i32;
        Ok(Self {
            cloud: own.process(program),
            functions,
            environments,
            generator: Stat::read(this).context("read this process")?.process(this),
        })
    }

    /// What was used since `earlier`; memory as it is now.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let difference = |now: Process, then: Process| Process {
            cpu: now.cpu.saturating_sub(then.cpu),
            memory: now.memory,
            waits: now.waits.saturating_sub(then.waits),
        };
        Self {
            cloud: difference(self.cloud, earlier.cloud),
            functions: difference(self.functions, earlier.functions),
            environments: self.environments,
            generator: difference(self.generator, earlier.generator),
        }
    }
}

/// The fields of `/proc/<pid>/stat` that count [proc_pid_stat(5)].
struct Stat {
    parent: i32,
    cpu: Duration,
    children_cpu: Duration,
}

impl Stat {
    fn read(process: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name in parentheses may hold anything; what follows the last one is the state.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
        let ticks = |count: u64| Duration::from_millis(count * 1000 / TICKS);
        Some(Self {
            parent: number(4)? as i32,
            cpu: ticks(number(14)? + number(15)?),
            children_cpu: ticks(number(16)? + number(17)?),
        })
    }

    fn process(&self, process: i32) -> Process {
        let resident = status(&format!("/proc/{process}/status"), "VmRSS:").unwrap_or(0);
        Process { cpu: self.cpu, memory: resident as f64 / 1024.0, waits: waits(process) }
    }
}

/// A number in a `status` file [proc_pid_status(5)].
fn status(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn waits(process: i32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| status(thread.path().join("status").to_str()?, "voluntary_ctxt_switches:"))
        .sum()
}

fn children(parent: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&process| Stat::read(process).is_some_and(|stat| stat.parent == parent))
        .collect()
}

/// The machine's load over the last minute, which shows who else is at work.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
