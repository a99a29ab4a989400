//! What a function prints. Both streams go into one pipe, which is drained before an invocation ends, so that no line lands
//! in the next invocation's log. The pipe is read during an invocation only when that takes long: most invocations end
//! before their output would fill the pipe, and wake-ups would cost more than one read at the end.

use std::{io, os::fd::OwnedFd, sync::Arc};

use devloop_system::files;
use parking_lot::Mutex;
use tokio::net::unix::pipe::Receiver;

use crate::clock::Clock;

/// The longest line that is kept whole, in bytes [CloudWatch Logs quotas: 256 KB an event]; longer lines are split.
const LINE_LIMIT: usize = 256 << 10;

/// How many bytes an invocation may print; the bytes beyond are counted and dropped, so that memory stays bounded.
const KEPT: usize = 6 << 20;

/// The wanted capacity of the pipe in bytes, enough for the lines of a batch.
const PIPE: usize = 1 << 20;

/// How many bytes are read at once.
const BUFFER: usize = 16 << 10;

/// The reading end of a process's output.
#[derive(Debug, Clone)]
pub(super) struct Output(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pipe: OwnedFd,
    clock: Clock,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    /// Whether a carriage return within a line is the end of a line of one event, as the clients of other languages write it.
    joined: bool,
    complete: Vec<(i64, String)>,
    partial: Vec<u8>,
    kept: usize,
    dropped: usize,
}

impl Output {
    /// Reads from the pipe's end `reader`. `joined` says that events of several lines come with carriage returns between them.
    pub(super) fn new(reader: OwnedFd, clock: Clock, joined: bool) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&reader, true)?;
        files::widen(&reader, PIPE);
        Ok(Self(Arc::new(Shared {
            pipe: reader,
            clock,
            lines: Mutex::new(Lines { joined, ..Lines::default() }),
        })))
    }

    /// Reads output until the process and its children have closed the pipe. Dropping this future loses no output.
    pub(super) async fn follow(&self) {
        let Ok(pipe) = self.0.pipe.try_clone().and_then(Receiver::from_owned_fd) else { return };
        let mut buffer = [0; BUFFER];
        while pipe.readable().await.is_ok() {
            let mut lines = self.0.lines.lock();
            loop {
                match pipe.try_read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => lines.feed(self.0.clock.now_ms(), &buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        }
    }

    /// Takes every line printed so far, with the time of reading in ms since the epoch. An unfinished line counts as a
    /// line.
    pub(super) fn take(&self) -> Vec<(i64, String)> {
        self.read_available();
        let mut lines = self.0.lines.lock();
        let rest = std::mem::take(&mut lines.partial);
        if !rest.is_empty() {
            lines.push(self.0.clock.now_ms(), &rest);
        }
        if lines.dropped > 0 {
            let note = format!("[{} bytes of output beyond {KEPT} were dropped]", lines.dropped);
            lines.complete.push((self.0.clock.now_ms(), note));
        }
        lines.kept = 0;
        lines.dropped = 0;
        std::mem::take(&mut lines.complete)
    }

    /// Reads what is in the pipe. Everything that the function printed before its answer is there by the time the answer
    /// arrives.
    fn read_available(&self) {
        let mut buffer = [0; BUFFER];
        let mut lines = self.0.lines.lock();
        loop {
            match rustix::io::read(&self.0.pipe, &mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    lines.feed(self.0.clock.now_ms(), &buffer[..length]);
                    // A short read means that the pipe is empty.
                    if length < buffer.len() {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

impl Lines {
    fn feed(&mut self, now: i64, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let mut line = std::mem::take(&mut self.partial);
            line.extend_from_slice(&bytes[..end]);
            self.push(now, &line);
            bytes = &bytes[end + 1..];
        }
        self.partial.extend_from_slice(bytes);
        if self.partial.len() >= LINE_LIMIT {
            let line = std::mem::take(&mut self.partial);
            self.push(now, &line);
        }
    }

    fn push(&mut self, now: i64, line: &[u8]) {
        if self.kept + line.len() > KEPT {
            self.dropped += line.len();
            return;
        }
        self.kept += line.len();
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\r');
        self.complete.push((now, if self.joined { text.replace('\r', "\n") } else { text.to_owned() }));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[tokio::test]
    async fn lines_are_whole_and_the_last_one_needs_no_newline() {
        let (reader, mut writer) = io::pipe().unwrap();
        let output = Output::new(reader.into(), Clock::manual(5), false).unwrap();
        writer.write_all(b"one\r\ntw").unwrap();
        writer.write_all(b"o\nthree").unwrap();
        let lines: Vec<_> = output.take().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["one", "two", "three"]);
        assert!(output.take().is_empty());
        writer.write_all(&[b'x'; 100]).unwrap();
        drop(writer);
        Box::pin(output.follow()).await;
        assert_eq!(output.take().len(), 1);
    }

    #[tokio::test]
    async fn an_event_of_several_lines_stays_one() {
        let (reader, mut writer) = io::pipe().unwrap();
        let output = Output::new(reader.into(), Clock::manual(5), true).unwrap();
        writer.write_all(b"Error: x\r    at y\r\nnext\n").unwrap();
        let lines: Vec<_> = output.take().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["Error: x\n    at y", "next"]);
    }

    #[test]
    fn output_beyond_the_limit_is_counted() {
        let mut lines = Lines::default();
        for _ in 0..=KEPT / 1000 {
            lines.feed(0, &[&[b'x'; 999][..], b"\n"].concat());
            lines.feed(0, b"y\n");
        }
        assert!(lines.dropped > 0 && lines.kept <= KEPT);
    }
}
