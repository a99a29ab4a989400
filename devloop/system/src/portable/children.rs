use std::io::{self, PipeWriter, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::children::Mark;
use crate::way::tables::{carriers_of, ps};

/// The watchdog, a shell script. It reads a line `PID SIGNAL` for each process that it has to end. When the last writer of its pipe is
/// gone, it sends the signals to the process groups of these processes. A process id may have been reused by then, so the script also
/// compares the start time of each process. It is not a child of the process that it watches, and ignores the signals of a terminal.
const WATCHDOG: &str = r#"
running() {
    children=$({ ps -A -o pid= -o lstart=; printf '%s\n' "$children"; } | awk '
        NF == 6 { started[$1] = $2 $3 $4 $5 $6 }
        NF == 7 && started[$1] == $3 $4 $5 $6 $7')
    count=0
}
watch() {
    trap '' HUP INT TERM
    children= count=0
    while read -r pid signal; do
        children="$children
$pid $signal $(ps -o lstart= -p "$pid")"
        count=$((count + 1))
        [ $count -lt 64 ] || running
    done
    running
    printf '%s\n' "$children" | while read -r pid signal started; do
        [ -z "$pid" ] || kill "-$signal" "-$pid"
    done
}
exec 3<&0
watch <&3 3<&- &
"#;

#[expect(unsafe_code, reason = "the child tells the watchdog of itself between fork and exec")]
pub(crate) fn die_with_this_process(command: &mut Command, signal: Signal) {
    let watchdog = watchdog();
    let tell = move || -> io::Result<()> {
        let Ok(watchdog) = &watchdog else { return Err(rustix::io::Errno::CHILD.into()) };
        let mut line = [0; 32];
        let mut rest = line.as_mut_slice();
        writeln!(rest, "{} {}", rustix::process::getpid().as_raw_nonzero(), signal.as_raw())?;
        let unused = rest.len();
        rustix::io::write(&**watchdog, &line[..line.len() - unused])?;
        Ok(())
    };
    // SAFETY: the system calls are async-signal-safe, numbers are written into an array on the stack, and nothing is allocated or
    // locked between fork and exec.
    unsafe {
        command.pre_exec(tell);
    }
}

/// The writing end of a running watchdog's pipe. Only this process has it open: its children close it when they execute their program.
fn watchdog() -> io::Result<Arc<PipeWriter>> {
    static RUNNING: Mutex<Option<Arc<PipeWriter>>> = Mutex::new(None);
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(watchdog) = running.as_ref().filter(|watchdog| is_read(watchdog)) {
        return Ok(Arc::clone(watchdog));
    }
    let (reader, writer) = io::pipe()?;
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", WATCHDOG]).current_dir("/").env_clear();
    shell.envs([("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), ("LC_ALL", "C")]);
    shell.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    // The shell ends at once and leaves the watchdog in the background.
    shell.spawn()?.wait()?;
    let watchdog = Arc::new(writer);
    *running = Some(Arc::clone(&watchdog));
    Ok(watchdog)
}

/// Whether a process still has the pipe's reading end.
fn is_read(pipe: &PipeWriter) -> bool {
    let end = &mut [PollFd::new(pipe, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    !poll(end, Some(&now)).is_ok_and(|_| end[0].revents().contains(PollFlags::ERR))
}

/// Other systems have no such thing; orphans become children of the system's first process.
pub(crate) fn adopt() {}

/// Nothing: these systems have nothing that a process inherits, that `ps` shows, and that it cannot lose with its variables.
#[derive(Debug, Clone)]
pub(crate) struct Tag;

impl Tag {
    pub(crate) fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "Linux's way has a number")]
    pub(crate) fn put_on(&self, _command: &mut Command) {}
}

pub(crate) fn end_strays(mark: &Mark) {
    for stray in carriers_of(&mark.variable).into_iter().filter(|stray| *stray != std::process::id()) {
        if let Some(stray) = Pid::from_raw(stray.cast_signed()) {
            // It may have ended by itself.
            let _ = kill_process(stray, Signal::KILL);
        }
    }
}

/// There are none, because orphans are not adopted.
pub(crate) fn collect_orphans() {}

/// None: the watchdog has ended them, except those that have left their group.
pub(crate) fn end_leftovers() -> usize {
    0
}

pub(crate) fn wait_for_end_of_group(leader: Pid) {
    while ps(&["-A", "-o", "pgid=", "-o", "stat="]).is_some_and(|table| is_running(&table, leader)) {}
}

/// Whether a process of the group is running; a zombie is not.
fn is_running(table: &str, group: Pid) -> bool {
    table.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let is_member = fields.next().and_then(|id| id.parse().ok()) == Some(group.as_raw_nonzero().get());
        is_member && fields.next().is_some_and(|state| !state.starts_with('Z'))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_group_s_running_processes_are_told_from_those_that_ended() {
        let table = "  7 S\n  8 Z+\n  9 Zs\n  9 Ss\n";
        for (group, expected) in [(7, true), (8, false), (9, true), (10, false)] {
            assert_eq!(is_running(table, Pid::from_raw(group).unwrap()), expected, "{group}");
        }
    }

    #[test]
    fn the_watchdog_ends_groups_when_its_pipe_is_closed() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", WATCHDOG]).stdin(reader).process_group(0);
        assert!(shell.spawn().unwrap().wait().unwrap().success());
        drop(shell);
        let (mut output, input) = io::pipe().unwrap();
        let group = || {
            let mut command = Command::new("/bin/sh");
            // Both processes of the group hold the pipe; it ends when both are gone.
            command.args(["-c", "sleep 600 & wait"]).process_group(0);
            command
        };
        let mut ended = group().stdout(input).spawn().unwrap();
        let mut spared = group().stdout(Stdio::null()).spawn().unwrap();
        writeln!(writer, "{} 9", ended.id()).unwrap();
        drop(writer);
        assert_eq!(output.read(&mut [0]).unwrap(), 0);
        assert!(!ended.wait().unwrap().success());
        assert_eq!(spared.try_wait().unwrap(), None);
        rustix::process::kill_process_group(Pid::from_child(&spared), Signal::KILL).unwrap();
        spared.wait().unwrap();
    }
}
