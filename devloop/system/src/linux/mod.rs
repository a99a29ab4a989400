//! Linux's way: descriptors of programs, the death signal, and `/proc`.

mod children;
mod debugger;
mod files;
mod sockets;
mod strays;
mod usage;

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use tempfile::TempDir;

pub(crate) use children::{adopt, die_with_this_process, wait_for_end_of_group};
pub(crate) use debugger::{allow_debugger, is_held};
pub(crate) use files::{TELLS_WHO_WAITS, waiting_for_lock, watchers, widen};
pub(crate) use sockets::{is_behind, listener, name_of, user_behind};
pub(crate) use strays::{Tag, collect_orphans, end_leftovers, end_strays};
pub use usage::PeakMemory;
pub(crate) use usage::{load_average, usage, usage_of_children};

pub(crate) fn missing() -> Vec<&'static str> {
    Vec::new()
}

/// Nothing: the open descriptor is executed, which no rename or deletion can pull away.
#[derive(Debug)]
pub(crate) struct Held;

impl Held {
    #[allow(clippy::unnecessary_wraps, reason = "the portable way can fail")]
    pub(crate) fn new(
        _file: &File,
        _path: &Path,
        _folder: impl FnOnce() -> io::Result<TempDir>,
    ) -> io::Result<Self> {
        Ok(Self)
    }

    #[allow(clippy::unused_self, reason = "the portable way has a path of its own")]
    pub(crate) fn path(&self, file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

/// All processes of this machine.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}
