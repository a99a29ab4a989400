//! Starts the next build's cargo ahead of the save that it is for.
//!
//! Cargo spends its first 120 ms on reading manifests and resolving dependencies. An edit of a source file changes neither. Only
//! then does cargo take the build directory's lock and look at sources. While a session rests, devloop holds that lock and has a
//! cargo wait for it; a save releases the lock. When another process wants the lock, it gets it at once, and the waiting cargo is
//! ended.

mod lock;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use devloop_system::files::TELLS_WHO_WAITS;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::build::command;
use crate::build::process::Running;
use crate::build::run::Builder;
use crate::build::standby::lock::{Held, Lock};
use crate::cargo::{self, Toolchain};
use crate::engine::BuildOrder;

/// How long cargo may take until it waits for the lock.
const START: Duration = Duration::from_secs(30);

/// How long the lock is left alone after another process wanted it: the waiting process has to wake up first.
const COURTESY: Duration = Duration::from_secs(1);

/// How often the lock is taken again after that, until something has been built.
const TRIES: usize = 3;

/// The cargo that waits, if there is one.
#[derive(Debug)]
pub(crate) struct Standby {
    enabled: bool,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Ends the task that starts or guards the cargo.
    guard: CancellationToken,
    waiting: Option<Waiting>,
}

/// A cargo that has read everything but the sources.
#[derive(Debug)]
struct Waiting {
    /// Dropped before the lock: the waiting cargo must have been killed when the lock becomes free.
    running: Running,
    lock: Held,
    spelling: Arc<Spelling>,
    read: Surroundings,
}

/// A command's program, arguments and changes of the environment.
#[derive(Debug, PartialEq, Eq)]
struct Spelling {
    words: Vec<OsString>,
    variables: Vec<(OsString, Option<OsString>)>,
}

impl Spelling {
    fn of(command: &Command) -> Self {
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args()).map(ToOwned::to_owned);
        let variables = command.get_envs();
        let variables =
            variables.map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        Self { words: words.collect(), variables }
    }
}

/// Files that cargo has read and that nothing watches: the programs, and its configuration outside of the workspace.
#[derive(Debug, PartialEq, Eq)]
struct Surroundings(Vec<(PathBuf, Option<Identity>)>);

/// Shows whether a file has changed, without reading it: inode, size and time.
type Identity = (u64, u64, SystemTime);

impl Surroundings {
    fn of(toolchain: &Toolchain, root: &Path) -> Self {
        let programs = [&toolchain.cargo, &toolchain.rustc()].map(|program| cargo::find(program));
        let directories = root.ancestors().map(|directory| directory.join(".cargo")).chain(cargo::home());
        let configuration = directories.flat_map(|directory| cargo::files_in(&directory));
        let files = programs.into_iter().flatten().chain(configuration);
        Self(files.map(|file| (identity(&file), file)).map(|(identity, file)| (file, identity)).collect())
    }

    fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(file, before)| identity(file) == *before)
    }
}

fn identity(file: &Path) -> Option<Identity> {
    let file = fs::metadata(file).ok()?;
    Some((file.ino(), file.size(), file.modified().ok()?))
}

/// The session's standby, for [`before_a_stop`].
static SESSION: Mutex<Weak<Standby>> = Mutex::new(Weak::new());

/// Releases the build directory's lock before a job-control stop: a stopped process could not release it for another one.
pub(crate) fn before_a_stop() {
    let session = SESSION.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    if let Some(session) = session {
        session.dismiss();
    }
}

impl Standby {
    /// Nothing waits yet; nothing ever does unless that is enabled and the system tells who waits for a lock.
    pub(crate) fn new(enabled: bool) -> Arc<Self> {
        let enabled = enabled && TELLS_WHO_WAITS;
        Arc::new(Self { enabled, slot: Mutex::default() })
    }

    /// The standby of a session that the shell may stop, which [`before_a_stop`] then knows.
    pub(crate) fn of_session(enabled: bool) -> Arc<Self> {
        let standby = Self::new(enabled);
        *SESSION.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&standby);
        standby
    }

    /// Lets the waiting cargo go on and returns it, if it was started by the same command and what it has read has not changed.
    pub(super) fn take(&self, command: &Command) -> Option<Running> {
        let Waiting { mut running, lock, spelling, read } = self.empty()?;
        let same = *spelling == Spelling::of(command) && read.are_unchanged() && lock.is_in_place();
        let alive = matches!(running.child.try_wait(), Ok(None));
        (same && alive).then_some(running)
    }

    /// Ends the cargo that waits.
    pub(crate) fn dismiss(&self) {
        drop(self.empty());
    }

    /// Ends the guard and gives the waiting cargo to the caller.
    fn empty(&self) -> Option<Waiting> {
        let mut slot = self.slot();
        slot.guard.cancel();
        slot.waiting.take()
    }

    /// The process id of the waiting cargo.
    #[cfg(test)]
    pub(crate) fn process(&self) -> Option<u32> {
        self.slot().waiting.as_ref().and_then(|waiting| waiting.running.child.id())
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a cargo for the order waiting until it is taken or dismissed, or `stop` is cancelled. An error is not reported here:
    /// it comes again, and is reported, when something is built.
    pub(crate) async fn keep(&self, builder: &Builder, order: &BuildOrder, stop: &CancellationToken) {
        if !self.enabled {
            return;
        }
        let guard = stop.child_token();
        {
            let mut slot = self.slot();
            slot.guard.cancel();
            *slot = Slot { guard: guard.clone(), waiting: None };
        }
        guard.run_until_cancelled(self.keep_one(builder, order, &guard)).await;
        if stop.is_cancelled() {
            self.dismiss();
        }
    }

    async fn keep_one(&self, builder: &Builder, order: &BuildOrder, guard: &CancellationToken) -> Option<()> {
        let toolchain = builder.toolchain().await;
        let mut command = command::of_everything(builder, &toolchain, order).await?;
        let spelling = Arc::new(Spelling::of(&command));
        // Only a build that somebody asked for may change the lock file.
        command.arg("--locked");
        let mut lock = Lock::of(&builder.target_directory, &builder.profile)?;
        for _ in 0..TRIES {
            let held = lock.take().await?;
            let read = Surroundings::of(&toolchain, &builder.root);
            let mut running = Running::start(&mut command).ok()?;
            let (inode, child) = (held.inode(), running.child.id());
            let waits = tokio::select! {
                waits = tokio::time::timeout(START, comes_to_wait(&mut running)) => Some(waits),
                () = lock.is_wanted_by_others(inode, child) => None,
            };
            match waits {
                Some(Ok(true)) => {
                    let waiting = Waiting { running, lock: held, spelling: Arc::clone(&spelling), read };
                    if self.put(Some(waiting), guard) {
                        lock.is_wanted_by_others(inode, child).await;
                        self.put(None, guard);
                    }
                }
                Some(_) => return None,
                None => drop((running, held)),
            }
            tokio::time::sleep(COURTESY).await;
        }
        None
    }

    /// Fills the slot. Returns whether the guard was still in charge of it.
    fn put(&self, waiting: Option<Waiting>, guard: &CancellationToken) -> bool {
        let mut slot = self.slot();
        let in_charge = !guard.is_cancelled();
        if in_charge {
            slot.waiting = waiting;
        }
        in_charge
    }
}

/// Whether cargo now waits for the lock. With nothing to build, it takes another lock, does not wait, and ends.
async fn comes_to_wait(running: &mut Running) -> bool {
    while let Ok(Some(line)) = running.words.next_line().await {
        let lock = line.trim_start().strip_prefix("Blocking waiting for file lock on ");
        if lock.is_some_and(|lock| lock.ends_with(" directory")) {
            return true;
        }
        running.said.push(line);
    }
    false
}
