//! The thread that turns the operating system's file events into bursts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use notify::{EventKind, RecursiveMode};

use crate::bus::now;
use crate::engine::{Millis, WatchList};
use crate::watch::WatchError;
use crate::watch::debounce::Debounce;
use crate::watch::links::Links;
use crate::watch::noise::{Noise, is_change};
use crate::watch::system::{Handler, Kind, Make, make};
use crate::watch::tree::walk;

/// How many file events may wait; more are dropped, and the burst says so.
const CAPACITY: usize = 4096;

/// How often a new directory is walked at most, if more directories keep appearing in it.
const DISCOVERIES: usize = 8;

/// Saves that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Burst {
    /// When its first event arrived.
    pub(crate) seen_at: Millis,
    /// The changed paths, in order, without noise.
    pub(crate) paths: Vec<PathBuf>,
    /// Whether events were dropped, so that anything may have changed.
    pub(crate) lost: bool,
}

/// What the watcher reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Something changed; its burst follows.
    Begun,
    /// The burst is over.
    Burst(Burst),
    /// The paths of the first list are watched from now on. A file that was read before must now be compared with what was read.
    Watching,
}

enum Message {
    Raw(notify::Result<notify::Event>),
    List(WatchList),
    Stop,
}

/// A running watcher; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    messages: SyncSender<Message>,
}

impl Watcher {
    /// Starts a watcher that watches nothing yet; [`Watcher::watch`] adds paths. `outputs` are directories that builds write to.
    ///
    /// Bursts and later failures go to `report`, which may block.
    pub(crate) fn start(
        outputs: Vec<PathBuf>,
        report: impl Fn(Result<Seen, WatchError>) + Send + 'static,
    ) -> Result<Self, WatchError> {
        Self::start_with(outputs, Box::new(make), report)
    }

    /// Starts with other watchers than the operating system's, for tests.
    pub(super) fn start_with(
        outputs: Vec<PathBuf>,
        make: Make,
        report: impl Fn(Result<Seen, WatchError>) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (messages, inbox) = sync_channel(CAPACITY);
        let overflowed = Arc::new(AtomicBool::new(false));
        let raw = messages.clone();
        let full = Arc::clone(&overflowed);
        let handler: Handler = Arc::new(move |event| {
            if raw.try_send(Message::Raw(event)).is_err() {
                full.store(true, Ordering::Release);
            }
        });
        let (system, kind) = match make(Kind::Events, Arc::clone(&handler)).map_err(WatchError::from) {
            Ok(system) => (system, Kind::Events),
            Err(limit) if limit.is_limit() => {
                report(Err(limit.polled()));
                (make(Kind::Polling, Arc::clone(&handler))?, Kind::Polling)
            }
            Err(error) => return Err(error),
        };
        let eye = Eye {
            system,
            kind,
            make,
            handler,
            links: Links::default(),
            noise: Noise::new(outputs),
            watched: BTreeSet::new(),
            list: WatchList::default(),
            debounce: Debounce::default(),
            overflowed,
        };
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || eye.run(&inbox, report))
            .map_err(|error| WatchError::from(notify::Error::io(error)))?;
        Ok(Self { messages })
    }

    /// Watches these from now on, and nothing else.
    pub(crate) fn watch(&self, list: WatchList) {
        let _ = self.messages.send(Message::List(list));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
    }
}

/// The state of the watcher's thread.
struct Eye {
    system: Box<dyn notify::Watcher + Send>,
    /// The kind of watcher in use.
    kind: Kind,
    make: Make,
    /// Takes the system's events.
    handler: Handler,
    /// Sources that lie elsewhere, behind links.
    links: Links,
    noise: Noise,
    /// Every watched directory; each has a watch of its own, so that output directories need none.
    watched: BTreeSet<PathBuf>,
    list: WatchList,
    debounce: Debounce,
    overflowed: Arc<AtomicBool>,
}

impl Eye {
    fn run(mut self, inbox: &Receiver<Message>, report: impl Fn(Result<Seen, WatchError>)) {
        let mut begun = false;
        let mut watches = false;
        loop {
            let message = match self.debounce.due() {
                Some(due) => inbox.recv_timeout(due.saturating_duration_since(Instant::now())),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Raw(Ok(event))) => {
                    if let Err(error) = self.see(event) {
                        report(Err(self.help_itself(error)));
                    }
                }
                Ok(Message::Raw(Err(error))) => report(Err(error.into())),
                Ok(Message::List(list)) => {
                    if let Err(error) = self.look_at(list) {
                        report(Err(self.help_itself(error)));
                    }
                    if !std::mem::replace(&mut watches, true) {
                        report(Ok(Seen::Watching));
                    }
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.overflowed.swap(false, Ordering::AcqRel) {
                self.debounce.lose(Instant::now(), now());
            }
            if !begun && self.debounce.due().is_some() {
                begun = true;
                report(Ok(Seen::Begun));
            }
            if let Some(burst) = self.debounce.take(Instant::now()) {
                begun = false;
                report(Ok(Seen::Burst(burst)));
            }
        }
    }

    /// If the system's limit is reached, everything is polled from now on, and the error says so.
    fn help_itself(&mut self, error: WatchError) -> WatchError {
        if !error.is_limit() || self.kind == Kind::Polling {
            return error;
        }
        match (self.make)(Kind::Polling, Arc::clone(&self.handler)) {
            Ok(system) => (self.system, self.kind) = (system, Kind::Polling),
            Err(_) => return error,
        }
        self.watched.clear();
        match self.look_at(self.list.clone()) {
            // Changes before the new watcher's first look were not seen.
            Ok(()) => {
                self.debounce.lose(Instant::now(), now());
                error.polled()
            }
            Err(error) => error,
        }
    }

    fn look_at(&mut self, list: WatchList) -> Result<(), WatchError> {
        let mut wanted = BTreeSet::new();
        self.links = Links::default();
        let homes: Vec<&Path> = list.files.iter().filter_map(|file| file.parent()).collect();
        for directory in &list.directories {
            self.noise.learn_above(directory, &homes);
            let tree = walk(directory, &mut self.noise);
            wanted.extend(tree.directories);
            wanted.extend(self.links.learn(&tree.links, &mut self.noise));
        }
        wanted.extend(self.noise.places_above());
        for beside in list.files.iter().chain(&list.inputs).filter_map(|file| file.parent()) {
            // A directory that is not there yet, such as `.cargo`, appears in the one above it.
            let nearest = [Some(beside), beside.parent()].into_iter().flatten().find(|path| path.is_dir());
            wanted.extend(nearest.map(Path::to_owned));
        }
        self.list = list;
        for gone in self.watched.difference(&wanted) {
            // An error may mean that the directory is gone, so that there is nothing to unwatch.
            let _ = self.system.unwatch(gone);
        }
        self.watched.retain(|directory| wanted.contains(directory));
        wanted.into_iter().try_for_each(|directory| self.add(directory))
    }

    fn add(&mut self, directory: PathBuf) -> Result<(), WatchError> {
        if self.watched.contains(&directory) {
            return Ok(());
        }
        match self.system.watch(&directory, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(directory);
                Ok(())
            }
            // A directory may vanish between being found and being watched.
            Err(_) if !directory.exists() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn see(&mut self, event: notify::Event) -> Result<(), WatchError> {
        if event.need_rescan() {
            self.debounce.lose(Instant::now(), now());
        }
        if !is_change(&event) {
            return Ok(());
        }
        let removed = matches!(event.kind, EventKind::Remove(_));
        let mut changed = Vec::new();
        if event.paths.iter().any(|path| self.noise.is_rules(path)) {
            // Files that were ignored may be sources now, also in directories that are not watched yet.
            self.look_at(self.list.clone())?;
        }
        for path in event.paths {
            // A source behind a link is known to cargo by the link's name.
            changed.extend(self.links.names(&path).into_iter().filter(|name| {
                let root = self.root_of(name).map(Path::to_owned);
                !path.is_dir() && root.is_some_and(|root| !self.noise.is_noise(name, &root))
            }));
            if removed {
                self.watched.retain(|directory| !directory.starts_with(&path));
            }
            changed.extend(self.expect(&path)?);
            let Some(root) = self.root_of(&path).map(Path::to_owned) else {
                if self.is_named(&path) {
                    changed.push(path);
                }
                continue;
            };
            if path.is_symlink() {
                for directory in self.links.learn(std::slice::from_ref(&path), &mut self.noise) {
                    self.add(directory)?;
                }
            }
            if path.is_dir() {
                changed.extend(self.discover(&path, &root)?);
            } else if self.is_named(&path) || !self.noise.is_noise(&path, &root) {
                changed.push(path);
            }
        }
        self.debounce.add(Instant::now(), now(), changed);
        Ok(())
    }

    /// The directory of files that are to be watched has just appeared, perhaps with some of those files.
    fn expect(&mut self, directory: &Path) -> Result<Vec<PathBuf>, WatchError> {
        let files = self.list.files.iter().filter(|file| file.parent() == Some(directory));
        let expected: Vec<PathBuf> = files.cloned().collect();
        if expected.is_empty() || self.watched.contains(directory) || !directory.is_dir() {
            return Ok(Vec::new());
        }
        self.add(directory.to_owned())?;
        Ok(expected.into_iter().filter(|file| file.is_file()).collect())
    }

    /// A directory that is not watched yet has just appeared, perhaps with files whose events were missed.
    fn discover(&mut self, directory: &Path, root: &Path) -> Result<Vec<PathBuf>, WatchError> {
        if self.watched.contains(directory)
            || self.noise.is_noisy_directory(directory)
            || self.noise.is_noise(directory, root)
        {
            return Ok(Vec::new());
        }
        let mut tree = walk(directory, &mut self.noise);
        for _ in 0..DISCOVERIES {
            let fresh: Vec<_> =
                tree.directories.drain(..).filter(|found| !self.watched.contains(found)).collect();
            if fresh.is_empty() {
                break;
            }
            fresh.into_iter().try_for_each(|directory| self.add(directory))?;
            // Files that were written between the walk and the watch were missed by both, so the directory is walked once more.
            tree = walk(directory, &mut self.noise);
        }
        let noise = &self.noise;
        Ok(tree.files.into_iter().filter(|file| !noise.is_noise(file, root)).collect())
    }

    /// Whether the file is watched whatever ignore files say, because cargo has read it, or reads it at every build.
    fn is_named(&self, path: &Path) -> bool {
        self.list.files.iter().any(|file| file == path) || self.list.inputs.contains(path)
    }

    fn root_of(&self, path: &Path) -> Option<&Path> {
        self.list.directories.iter().map(PathBuf::as_path).find(|directory| path.starts_with(directory))
    }
}
