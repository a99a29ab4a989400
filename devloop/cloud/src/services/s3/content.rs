//! The bytes of objects: those of small objects in memory up to a limit, all others in files of a private folder.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{
    http::Streamed,
    kept::{Budget, Kept},
    scratch,
};

/// The most bytes of an object that is kept in memory.
pub(super) const SMALL: usize = 64 << 10;

/// The most bytes of all objects in memory together.
pub(super) const MEMORY: usize = 128 << 20;

/// The most bytes of all objects and parts in files. S3 has no such limit, and disks have one.
pub(super) const DISK: usize = 64 << 30;

/// How many bytes are read from or written to a file at once.
pub(super) const PIECE: usize = 1 << 20;

/// The largest object in one request [Amazon S3 quotas].
pub(super) const LARGEST: u64 = 5 << 30;

/// The folder for large objects. It is created for the first large object, and deleted with the service.
#[derive(Debug)]
pub(super) struct Folder {
    directory: Mutex<Option<TempDir>>,
    next: AtomicU64,
    in_memory: AtomicUsize,
    /// How many bytes of bodies that are arriving wait until they are written.
    pub(super) pending: AtomicUsize,
    /// The bytes of all files.
    on_disk: Arc<Budget>,
}

impl Default for Folder {
    fn default() -> Self {
        Self::within(DISK)
    }
}

impl Folder {
    /// A folder whose files have at most so many bytes together.
    pub(super) fn within(disk: usize) -> Self {
        Self {
            directory: Mutex::default(),
            next: AtomicU64::new(0),
            in_memory: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
            on_disk: Arc::new(Budget::new(disk)),
        }
    }

    /// The bytes of all files.
    pub(super) fn on_disk(&self) -> &Budget {
        &self.on_disk
    }

    /// How many bytes of objects are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.in_memory.load(Ordering::Relaxed)
    }

    /// Whether `length` more bytes may be kept in memory.
    pub(super) fn has_room(&self, length: usize) -> bool {
        length <= SMALL && self.in_memory() + length <= MEMORY
    }

    /// Creates a file. Its name does not depend on the object, so that no key can lead out of the folder.
    pub(super) fn create(&self) -> io::Result<(File, StoredFile)> {
        let mut directory = self.directory.lock();
        let directory = match &mut *directory {
            Some(directory) => directory,
            none => none.insert(scratch::create(scratch::Purpose::Objects)?),
        };
        let path = directory.path().join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        Ok((File::create_new(&path)?, StoredFile { path, kept: Kept::within(&self.on_disk) }))
    }
}

/// A file that is deleted when this is dropped.
#[derive(Debug)]
pub(super) struct StoredFile {
    path: PathBuf,
    /// Its bytes, among those of all files.
    kept: Kept,
}

impl StoredFile {
    fn path(&self) -> &Path {
        &self.path
    }

    /// Counts bytes that are about to be written; false when they do not fit.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        self.kept.try_add(bytes)
    }
}

impl Drop for StoredFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Bytes in memory, which are counted until this is dropped.
#[derive(Debug)]
struct InMemory {
    bytes: Bytes,
    folder: Arc<Folder>,
}

impl Drop for InMemory {
    fn drop(&mut self) {
        self.folder.in_memory.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// A range of bytes in memory or in a file.
#[derive(Debug, Clone)]
struct Segment {
    storage: Storage,
    from: u64,
    to: u64,
}

#[derive(Debug, Clone)]
enum Storage {
    Memory(Arc<InMemory>),
    File(Arc<StoredFile>),
}

impl Segment {
    fn length(&self) -> u64 {
        self.to - self.from
    }

    /// A part of the segment; `from` and `to` count from its start.
    fn sliced(&self, from: u64, to: u64) -> Self {
        Self { storage: self.storage.clone(), from: self.from + from, to: self.from + to }
    }
}

/// The bytes of an object or of a part. Cheap to clone; the object of a multipart upload shares the bytes of its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    segments: Vec<Segment>,
    /// The length in bytes.
    pub(super) length: u64,
}

impl Content {
    /// Keeps `bytes` in memory; the caller has asked [`Folder::has_room`].
    pub(super) fn of_memory(folder: &Arc<Folder>, bytes: Bytes) -> Self {
        folder.in_memory.fetch_add(bytes.len(), Ordering::Relaxed);
        let length = bytes.len() as u64;
        let memory = InMemory { bytes, folder: Arc::clone(folder) };
        Self::of(Storage::Memory(Arc::new(memory)), length)
    }

    /// The first `length` bytes of a file.
    pub(super) fn of_file(stored: StoredFile, length: u64) -> Self {
        Self::of(Storage::File(Arc::new(stored)), length)
    }

    fn of(storage: Storage, length: u64) -> Self {
        Self { segments: vec![Segment { storage, from: 0, to: length }], length }
    }

    /// All parts, one after the other.
    pub(super) fn joined<'c>(parts: impl Iterator<Item = &'c Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.length += part.length;
            whole.segments.extend(part.segments.iter().cloned());
        }
        whole
    }

    /// The bytes from `from` up to but not including `to`, as a stream that reads one piece at a time.
    pub(super) fn stream(&self, from: u64, to: u64) -> Streamed {
        let state = Reading { pieces: self.sliced(from, to).segments.into(), open: None };
        StreamBody::new(stream::try_unfold(state, |mut state| async move {
            Ok(state.next().await?.map(|bytes| (Frame::data(bytes), state)))
        }))
        .boxed_unsync()
    }

    /// The bytes from `from` up to but not including `to`, shared with this content.
    pub(super) fn sliced(&self, from: u64, to: u64) -> Self {
        let mut part = Self { segments: Vec::new(), length: to - from };
        let mut begin = 0;
        for segment in &self.segments {
            let end = begin + segment.length();
            let (first, last) = (from.max(begin), to.min(end));
            if first < last {
                part.segments.push(segment.sliced(first - begin, last - begin));
            }
            begin = end;
        }
        part
    }

    /// The bytes, if all of them are in memory in one piece; then no stream is needed.
    pub(super) fn in_memory(&self) -> Option<Bytes> {
        match self.segments.as_slice() {
            [] => Some(Bytes::new()),
            [Segment { storage: Storage::Memory(memory), from, to }] => {
                Some(memory.bytes.slice(*from as usize..*to as usize))
            }
            _ => None,
        }
    }
}

/// The progress of a stream.
struct Reading {
    /// The segments that are still to be read.
    pieces: VecDeque<Segment>,
    /// The file of the first segment, once it is open.
    open: Option<Arc<File>>,
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(segment) = self.pieces.front_mut() else { return Ok(None) };
        let stored = match &segment.storage {
            Storage::Memory(memory) => {
                let bytes = memory.bytes.slice(segment.from as usize..segment.to as usize);
                self.pieces.pop_front();
                return Ok(Some(bytes));
            }
            Storage::File(stored) => Arc::clone(stored),
        };
        let count = segment.length().min(PIECE as u64) as usize;
        let (at, open) = (segment.from, self.open.take());
        let read = tokio::task::spawn_blocking(move || {
            use std::os::unix::fs::FileExt as _;
            let open = match open {
                Some(open) => open,
                None => Arc::new(File::open(stored.path())?),
            };
            let mut bytes = vec![0; count];
            open.read_exact_at(&mut bytes, at)?;
            io::Result::Ok((open, bytes))
        });
        let (open, bytes) = read.await.map_err(io::Error::other)??;
        segment.from += count as u64;
        if segment.length() == 0 {
            self.pieces.pop_front();
        } else {
            self.open = Some(open);
        }
        Ok(Some(bytes.into()))
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
