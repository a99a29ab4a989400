//! Standard output that does not block the end of a session, even when its reader stops reading.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio_util::sync::CancellationToken;

/// How much is written at once, in bytes: a pipe that is ready takes this much without blocking [pipe(7), `PIPE_BUF`].
const AT_ONCE: usize = 4096;

/// How often to check for the end of the session while nobody reads.
const STEP: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// An output whose waits end with the session. What nobody has read by then is dropped.
#[derive(Debug)]
pub(crate) struct Unblocked {
    output: File,
    stop: CancellationToken,
}

impl Unblocked {
    /// Standard output, until `stop` is cancelled.
    pub(crate) fn stdout(stop: CancellationToken) -> io::Result<Self> {
        Ok(Self::new(io::stdout().as_fd().try_clone_to_owned()?, stop))
    }

    fn new(output: OwnedFd, stop: CancellationToken) -> Self {
        Self { output: output.into(), stop }
    }

    /// Waits until the output is ready; false when the session ends first.
    fn wait(&self) -> io::Result<bool> {
        loop {
            let mut asked = [PollFd::new(&self.output, PollFlags::OUT)];
            match poll(&mut asked, Some(&STEP)) {
                Ok(0) if self.stop.is_cancelled() => return Ok(false),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                // If the output is broken, the write reports it.
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Write for Unblocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.wait()? { self.output.write(&bytes[..bytes.len().min(AT_ONCE)]) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::thread;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::Unblocked;

    #[test]
    fn everything_is_written_while_somebody_reads() {
        let (mut reader, writer) = io::pipe().unwrap();
        let reading = thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        let mut output = Unblocked::new(writer.into(), CancellationToken::new());
        let text = "x".repeat(1 << 20);
        output.write_all(text.as_bytes()).unwrap();
        drop(output);
        assert_eq!(reading.join().unwrap().unwrap(), text);
    }

    #[test]
    fn a_full_pipe_is_given_up_when_the_session_ends() {
        let (reader, writer) = io::pipe().unwrap();
        let stop = CancellationToken::new();
        let mut output = Unblocked::new(writer.into(), stop.clone());
        let ending = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            stop.cancel();
        });
        output.write_all(&vec![b'x'; 1 << 20]).unwrap();
        ending.join().unwrap();
        drop(reader);
        let error = output.write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "an output without a reader is still told");
    }
}
