//! Pipes in the place of files, as shells make them for `<(...)`: what another program writes is read once.

use std::io::{self, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

use crate::output;

/// How long a session waits until somebody has the pipe open for writing.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Whether this is the name of a pipe.
pub(super) fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Reads until its last writer has closed it. A pipe that nobody writes to is an error; a writer may take its time, and then a line on
/// the standard error says so once `patience` is over. Whoever stops waiting for this stops the reading.
pub(super) async fn read(path: &Path, patience: Duration) -> io::Result<String> {
    let mut pipe = pipe::OpenOptions::new().open_receiver(path)?;
    let mut text = Vec::new();
    if tokio::time::timeout(patience, pipe.readable()).await.is_err() {
        let mut first = [0; 512];
        match rustix::io::read(&pipe, &mut first) {
            Ok(0) => {
                return Err(io::Error::other(
                    "it is a pipe that no program writes to; start that program first, or name a file",
                ));
            }
            Ok(count) => text.extend(&first[..count]),
            Err(Errno::AGAIN) => {
                let line = format!("waiting for what another program writes into {}", path.display());
                let _ = writeln!(output::stderr(), "{line}");
            }
            Err(error) => return Err(error.into()),
        }
    }
    pipe.read_to_end(&mut text).await?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_pipe_is_read_to_its_end_and_one_without_a_writer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(!is_pipe(&path));
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success() && is_pipe(&path));
        let error = read(&path, Duration::ZERO).await.unwrap_err().to_string();
        assert!(error.starts_with("it is a pipe that no program writes to; "), "{error}");
        // Opening for both does not wait for a reader.
        let mut writer = File::options().read(true).write(true).open(&path).unwrap();
        let mut reading = std::pin::pin!(read(&path, Duration::ZERO));
        let waits = tokio::time::timeout(Duration::from_millis(10), &mut reading).await;
        assert!(waits.is_err(), "it waits for the writer: {waits:?}");
        writer.write_all(b"A=1\n").unwrap();
        drop(writer);
        assert_eq!(reading.await.unwrap(), "A=1\n");
    }
}
