//! A process with all its descendants, from `/proc`.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;

/// The kernel's ticks of processor time a second, as programs see them.
const TICKS: u64 = 100;

/// A process of the family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) process: i32,
    parent: i32,
    /// The processor time of the process and of its ended children.
    ticks: u64,
}

/// The process and its descendants.
pub(crate) fn family(process: Pid) -> Vec<Member> {
    let all: Vec<Member> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| member(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    let first = process.as_raw_nonzero().get();
    let mut family: Vec<Member> = all.iter().filter(|member| member.process == first).copied().collect();
    let mut at = 0;
    while let Some(&Member { process, .. }) = family.get(at) {
        family.extend(all.iter().filter(|member| member.parent == process));
        at += 1;
    }
    family
}

/// The processor time of the process and all its descendants, including those that have ended.
pub(crate) fn cpu(process: Pid) -> Duration {
    let ticks = family(process).iter().map(|member| member.ticks).sum::<u64>();
    Duration::from_millis(ticks * 1000 / TICKS)
}

fn member(process: i32) -> Option<Member> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Member { process, parent: number(4)? as i32, ticks: (14..=17).filter_map(number).sum() })
}
