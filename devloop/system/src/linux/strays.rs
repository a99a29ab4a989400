//! Marks on processes, and the end of those that outlive their owner.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, getpid, getrlimit, pidfd_open, pidfd_send_signal,
    setrlimit, test_kill_process, waitpid,
};
use tokio::process::Command;

use crate::children::Mark;
use crate::way::processes;

/// A limit whose value marks a process: the number of its file locks, which no kernel since 2.4.25 counts `[getrlimit(2)]`. Children
/// inherit it; a new session, new variables and closed descriptors do not change it; and every user may read it `[proc_pid_limits(5)]`.
const LIMIT: Resource = Resource::Locks;

/// The beginning of that limit's line in `/proc/PID/limits`.
const LINE: &str = "Max file locks";

/// The upper bits of all marks, which tell them from limits that somebody else has set.
const SIGN: u64 = 0xDE;

/// Where the sign begins: above 22 bits of a process's id, which the kernel needs at most, and the 32 bits of a count.
const SIGN_AT: u32 = 54;
const PROCESS_AT: u32 = 32;

/// How long the end of killed processes is waited for. One that is in the middle of a write to a broken disk does not end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The value of the limit; none where this process has such a limit itself, which it could only lower: a devloop in a function of
/// another one, whose mark then stays.
#[derive(Debug, Clone)]
pub(crate) struct Tag(Option<u64>);

impl Tag {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let is_free = getrlimit(LIMIT).maximum.is_none();
        Self(is_free.then(|| number(getpid(), NEXT.fetch_add(1, Ordering::Relaxed))))
    }

    #[expect(unsafe_code, reason = "the limit must be set between fork and exec")]
    pub(crate) fn put_on(&self, command: &mut Command) {
        if self.0.is_none() {
            return;
        }
        let limit = Rlimit { current: self.0, maximum: self.0 };
        let set = move || {
            // Where a sandbox forbids it, the variable is the only mark.
            let _ = setrlimit(LIMIT, limit);
            Ok(())
        };
        // SAFETY: the system call is async-signal-safe, and nothing is allocated or locked between fork and exec.
        unsafe {
            command.pre_exec(set);
        }
    }
}

fn number(process: Pid, count: u32) -> u64 {
    let process = u64::from(process.as_raw_nonzero().get().unsigned_abs());
    SIGN << SIGN_AT | process << PROCESS_AT | u64::from(count)
}

/// The devloop that has made the mark.
fn maker(number: u64) -> Option<Pid> {
    let process =
        (number >> SIGN_AT == SIGN).then_some(number << (64 - SIGN_AT) >> (64 - SIGN_AT + PROCESS_AT))?;
    Pid::from_raw(i32::try_from(process).ok()?)
}

/// The number that marks the process. One that has ended keeps it until its parent has read its status.
fn number_of(process: Pid) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.as_raw_nonzero())).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(LINE))?;
    let number = line.split_whitespace().nth(1)?.parse().ok()?;
    // Processes of another container may have an id of this one's.
    (maker(number).is_some() && !is_elsewhere(process)).then_some(number)
}

/// Whether the process counts processes differently than this one does. One that has ended is nowhere.
fn is_elsewhere(process: Pid) -> bool {
    let space = |process: &str| fs::read_link(PathBuf::from("/proc").join(process).join("ns/pid"));
    match (space(&process.as_raw_nonzero().to_string()), space("self")) {
        (Ok(other), Ok(own)) => other != own,
        _ => false,
    }
}

pub(super) fn carries(process: Pid, mark: &Mark) -> bool {
    (mark.tag.0.is_some() && number_of(process) == mark.tag.0) || has_variable(process, &mark.variable)
}

/// Whether a process has the variable. One that has ended has none.
fn has_variable(process: Pid, variable: &str) -> bool {
    fs::read(format!("/proc/{}/environ", process.as_raw_nonzero()))
        .is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|one| one == variable.as_bytes()))
}

/// When many owners end at the same time, one look at the process table is for all of them.
pub(crate) fn end_strays(mark: &Mark) {
    static WAITING: Mutex<Vec<Mark>> = Mutex::new(Vec::new());
    static TURN: Mutex<()> = Mutex::new(());
    let waiting = || WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting().push(mark.clone());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let marks = std::mem::take(&mut *waiting());
    if marks.is_empty() {
        return;
    }
    let is_marked = |process: Pid| {
        number_of(process).is_some_and(|number| marks.iter().any(|mark| mark.tag.0 == Some(number)))
    };
    // The variable is for sandboxes that forbid the limit. Where it is kept, the process is a child of this one, which adopts orphans.
    let names_one = |process: Pid| marks.iter().any(|mark| has_variable(process, &mark.variable));
    end_all(|| {
        let strays = processes().filter_map(|process| Held::if_it(process, is_marked));
        strays.chain(children().into_iter().filter_map(|process| Held::if_it(process, names_one))).collect()
    });
}

pub(crate) fn end_leftovers() -> usize {
    let is_left = |process: Pid| {
        let maker = number_of(process).and_then(maker);
        maker.is_some_and(|maker| test_kill_process(maker) == Err(rustix::io::Errno::SRCH))
    };
    end_all(|| processes().filter_map(|process| Held::if_it(process, is_left)).collect())
}

pub(crate) fn collect_orphans() {
    let own = getpid();
    let Some(own_place) = Place::of(own) else { return };
    for child in children() {
        let is_marked = || number_of(child).and_then(maker) == Some(own);
        // An owner's first process leads a group of this process's session, and somebody waits for it.
        let first = Place { group: child.as_raw_nonzero().get(), session: own_place.session };
        if is_marked() && Place::of(child).is_some_and(|place| place != first) {
            let _ = waitpid(Some(child), WaitOptions::NOHANG);
        }
    }
}

/// The group and the session of a process. Each is 0 when its leader is outside of this container, as in one whose first process a
/// shell outside has started; `rustix` has no such answer and ends with a panic.
#[derive(Debug, PartialEq)]
struct Place {
    group: i32,
    session: i32,
}

impl Place {
    fn of(process: Pid) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?)
    }

    /// From the fields `pgrp` and `session`, which follow the program's name, the state and the parent `[proc_pid_stat(5)]`.
    fn read(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ids = fields.split_whitespace().skip(2).map(|id| id.parse().ok());
        Some(Self { group: ids.next()??, session: ids.next()?? })
    }
}

/// Kills the processes that `find` finds until it finds none, because they may have started others meanwhile; returns how many.
fn end_all(find: impl Fn() -> Vec<Held>) -> usize {
    let (give_up, mut killed) = (Instant::now() + PATIENCE, 0);
    loop {
        let found = find();
        let running: Vec<_> = found.iter().filter(|process| process.kill()).collect();
        for process in &running {
            process.wait(give_up);
        }
        let collected = found.iter().filter(|process| process.collect()).count();
        killed += running.len();
        // One that has ended and is not collected is the child of a process that ends now, or of a stranger.
        if (running.is_empty() && collected == 0) || Instant::now() >= give_up {
            return killed;
        }
    }
}

/// A process that cannot be taken for a later one with the same id.
struct Held {
    process: Pid,
    descriptor: OwnedFd,
}

impl Held {
    /// The process, if it is the kind of process that is asked for, also after it cannot change any more.
    fn if_it(process: Pid, is_sought: impl Fn(Pid) -> bool) -> Option<Self> {
        let look = || is_sought(process).then_some(());
        look()?;
        let descriptor = pidfd_open(process, PidfdFlags::empty()).ok()?;
        look().map(|()| Self { process, descriptor })
    }

    /// Whether it was running and gets the signal.
    fn kill(&self) -> bool {
        !self.has_ended(Duration::ZERO) && pidfd_send_signal(&self.descriptor, Signal::KILL).is_ok()
    }

    fn wait(&self, until: Instant) {
        while !self.has_ended(until.saturating_duration_since(Instant::now())) && Instant::now() < until {}
    }

    /// Whether it ends within this time, whether or not somebody has read its status `[pidfd_open(2)]`.
    fn has_ended(&self, within: Duration) -> bool {
        let ended = &mut [PollFd::new(&self.descriptor, PollFlags::IN)];
        let within = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: within.subsec_nanos().into() };
        matches!(poll(ended, Some(&within)), Ok(1..))
    }

    /// Reads the status of a child that has ended, which nobody else waits for. Returns whether it was one.
    fn collect(&self) -> bool {
        matches!(waitpid(Some(self.process), WaitOptions::NOHANG), Ok(Some(_)))
    }
}

/// The children of all threads of this process.
fn children() -> Vec<Pid> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let ids: Vec<i32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect();
    ids.into_iter().filter_map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_its_maker() {
        let largest = Pid::from_raw((1 << 22) - 1).unwrap();
        for process in [getpid(), largest] {
            assert_eq!(maker(number(process, 0)), Some(process));
            assert_eq!(maker(number(process, u32::MAX)), Some(process));
            assert!(number(process, u32::MAX) < i64::MAX.unsigned_abs());
        }
        assert_eq!(maker(1 << 32), None, "somebody else's limit");
    }

    #[test]
    fn leaders_outside_of_the_container_are_0() {
        for (stat, group, session) in [
            ("7 (sleep) S 1 7 5 0 -1", 7, 5),
            ("7 (a) b) S 1 7 0 0 -1", 7, 0),
            ("1 (sh (x)) S 0 0 0 0 -1", 0, 0),
        ] {
            assert_eq!(Place::read(stat), Some(Place { group, session }), "{stat}");
        }
        assert_eq!(Place::read("7 (sleep) S 1 7"), None);
        assert!(Place::of(getpid()).is_some());
    }

    #[tokio::test]
    async fn what_a_killed_devloop_leaves_is_ended() {
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        let gone = Pid::from_child(&ended);
        ended.wait().unwrap();
        let start = |maker| {
            let mut command = Command::new("sleep");
            command.arg("600").env_clear().kill_on_drop(true);
            Tag(Some(number(maker, 0))).put_on(&mut command);
            command.spawn().unwrap()
        };
        let (left, mut kept) = (start(gone), start(getpid()));
        let id = Pid::from_raw(left.id().unwrap().cast_signed()).unwrap();
        assert!(tokio::task::spawn_blocking(end_leftovers).await.unwrap() >= 1);
        assert_eq!(test_kill_process(id), Err(rustix::io::Errno::SRCH));
        assert!(kept.try_wait().unwrap().is_none(), "its devloop runs");
    }
}
