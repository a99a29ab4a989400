//! The file for warnings of devloop and its cloud, beside the session's log. They are never written to the terminal.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::Level;

use crate::sink::private;

/// The file in the log directory.
const FILE: &str = "devloop.log";

/// Writes warnings of this process to the file from now on. A second session of the same process continues the first one's file,
/// because a process can have only one such writer.
pub(super) fn start(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let file = private(&directory.join(FILE))?;
    let writer =
        tracing_subscriber::fmt().with_ansi(false).with_max_level(Level::WARN).with_writer(Mutex::new(file));
    // An error means that a writer is there already.
    let _ = writer.try_init();
    Ok(())
}
