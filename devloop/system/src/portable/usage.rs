use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::usage::Usage;
use crate::way::tables::ps;

/// Programs that this crate itself starts.
const OWN: [&str; 2] = ["ps", "lsof"];

pub(crate) fn usage(process: u32) -> Option<Usage> {
    let table = ps(&["-o", "time=", "-o", "rss=", "-p", &process.to_string()])?;
    parse(&mut table.split_whitespace())
}

pub(crate) fn usage_of_children(parent: u32) -> Vec<Usage> {
    let columns = ["-A", "-o", "ppid=", "-o", "time=", "-o", "rss=", "-o", "comm="];
    children_in(&ps(&columns).unwrap_or_default(), parent)
}

fn children_in(table: &str, parent: u32) -> Vec<Usage> {
    let child = |line: &str| {
        let mut fields = line.split_whitespace();
        let is_child = fields.next()?.parse() == Ok(parent);
        let usage = parse(&mut fields)?;
        let name = fields.next()?.rsplit('/').next()?;
        (is_child && !OWN.contains(&name)).then_some(usage)
    };
    table.lines().filter_map(child).collect()
}

/// Processor time and resident memory in KiB.
fn parse<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<Usage> {
    let cpu = duration(fields.next()?)?;
    let rss_mb = fields.next()?.parse::<f64>().ok()? / 1024.0;
    Some(Usage { cpu, ended_children_cpu: Duration::ZERO, rss_mb, waits: None })
}

/// A time such as `1-02:03:04` or `3:04.50`.
fn duration(text: &str) -> Option<Duration> {
    let (days, time) = text.split_once('-').unwrap_or(("0", text));
    let mut seconds = days.parse::<f64>().ok()? * 24.0;
    let mut fields: Vec<f64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    if fields.len() == 2 {
        fields.insert(0, 0.0);
    }
    let [hours, minutes, rest] = fields[..] else { return None };
    seconds = (seconds + hours) * 3_600.0 + minutes * 60.0 + rest;
    Duration::try_from_secs_f64(seconds).ok()
}

pub(crate) fn load_average() -> Option<f64> {
    let output = Command::new("uptime").env("LC_ALL", "C").output().ok()?;
    first_average(&String::from_utf8_lossy(&output.stdout))
}

/// What stands behind `load average:` or `load averages:`, with or without commas.
fn first_average(text: &str) -> Option<f64> {
    let (_, averages) = text.split_once("load average")?;
    averages.trim_start_matches(['s', ':', ' ']).split([',', ' ']).next()?.parse().ok()
}

/// The most memory that a process was seen to have resident.
#[derive(Debug)]
pub struct PeakMemory {
    process: Pid,
    seen: Arc<Mutex<Seen>>,
    first: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    mb: u64,
}

impl PeakMemory {
    pub(crate) fn new(process: Pid) -> Self {
        let seen = Arc::new(Mutex::new(Seen { at: Instant::now(), mb: 0 }));
        let first = look(process, Arc::clone(&seen));
        Self { process, seen, first: Mutex::new(first) }
    }

    /// The highest memory that was read, in MB. A read takes longer than a call may take, so it runs in a thread and counts for the next
    /// call.
    pub fn mb(&self) -> u64 {
        if let Some(first) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A thread that panicked has read nothing.
            let _ = first.join();
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.at.elapsed() >= Self::EVERY {
            seen.at = Instant::now();
            look(self.process, Arc::clone(&self.seen));
        }
        seen.mb
    }
}

/// Reads the memory of the process in a new thread; none if no thread can be started.
fn look(process: Pid, seen: Arc<Mutex<Seen>>) -> Option<JoinHandle<()>> {
    let look = move || {
        if let Some(usage) = usage(process.as_raw_nonzero().get().unsigned_abs()) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.mb = seen.mb.max(usage.rss_mb.ceil() as u64);
        }
    };
    std::thread::Builder::new().name("memory".to_owned()).spawn(look).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_linux_and_the_bsds_write_them() {
        let check = |text, expected: Option<f64>| {
            assert_eq!(duration(text), expected.map(Duration::from_secs_f64), "{text}");
        };
        check("00:00:01", Some(1.0));
        check("1-02:03:04", Some(93_784.0));
        check("3:04.50", Some(184.5));
        check("x:00", None);
    }

    #[test]
    fn load_averages_are_read_as_linux_and_the_bsds_write_them() {
        let linux = " 09:39:55 up 6 min,  0 user,  load average: 2.18, 1.50, 0.68";
        let macos = "10:14  up 4 days, 2 users, load averages: 1.83 2.02 2.11";
        assert_eq!((first_average(linux), first_average(macos)), (Some(2.18), Some(1.83)));
    }

    #[test]
    fn children_are_counted_without_the_programs_that_count_them() {
        let table = "  7 00:00:02  2048 /bin/f\n  7 00:00:00  10 ps\n  8 00:00:00 10 g\n";
        let children = children_in(table, 7);
        assert_eq!(children.len(), 1);
        assert_eq!((children[0].cpu, children[0].rss_mb), (Duration::from_secs(2), 2.0));
    }
}
