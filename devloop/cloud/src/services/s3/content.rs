//! The bytes of objects: small ones in memory up to a bound, all others in files that nobody else names.

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

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{HeaderMap, body::Frame};
use md5::{Digest as _, Md5};
use parking_lot::Mutex;
use tempfile::TempDir;

use super::{
    checksum::{Algorithm, Checksum, Sum},
    chunked::{Chunks, is_chunked},
    error::{disk, refused},
};
use crate::{
    error::ApiError,
    http::{Arriving, Streamed},
};

/// Up to this many bytes an object may stay in memory.
const SMALL: usize = 64 << 10;

/// How many bytes of objects stay in memory altogether.
pub(super) const MEMORY: usize = 128 << 20;

/// How much is read from or written to a file at a time.
const PIECE: usize = 1 << 20;

/// The largest object that one request puts [Amazon S3 quotas].
pub(super) const LARGEST: u64 = 5 << 30;

/// Where objects lie. The folder is made when the first large object comes, and goes with the service.
#[derive(Debug, Default)]
pub(super) struct Folder {
    directory: Mutex<Option<TempDir>>,
    next: AtomicU64,
    in_memory: AtomicUsize,
}

impl Folder {
    /// How many bytes of objects are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.in_memory.load(Ordering::Relaxed)
    }

    /// A new file; its name says nothing of the object, so that no key can lead out of the folder.
    fn create(&self) -> io::Result<(File, StoredFile)> {
        let mut directory = self.directory.lock();
        let directory = match &mut *directory {
            Some(directory) => directory,
            none => none.insert(tempfile::Builder::new().prefix("devloop-objects-").tempdir()?),
        };
        let path = directory.path().join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        Ok((File::create_new(&path)?, StoredFile(path)))
    }
}

/// A file that goes when nobody needs it any more.
#[derive(Debug)]
struct StoredFile(PathBuf);

impl StoredFile {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StoredFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Bytes in memory, counted while they are there.
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

/// Where some bytes lie, and which of them are meant.
#[derive(Debug, Clone)]
struct Segment {
    place: Place,
    from: u64,
    to: u64,
}

#[derive(Debug, Clone)]
enum Place {
    Memory(Arc<InMemory>),
    File(Arc<StoredFile>),
}

impl Segment {
    fn length(&self) -> u64 {
        self.to - self.from
    }

    /// A part of it, counted from its begin.
    fn sliced(&self, from: u64, to: u64) -> Self {
        Self { place: self.place.clone(), from: self.from + from, to: self.from + to }
    }
}

/// The bytes of an object, or of a part. Cheap to clone; an object made of parts shares theirs.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    segments: Vec<Segment>,
    /// In bytes.
    pub(super) length: u64,
}

impl Content {
    /// The parts one after the other.
    pub(super) fn joined<'c>(parts: impl Iterator<Item = &'c Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.length += part.length;
            whole.segments.extend(part.segments.iter().cloned());
        }
        whole
    }

    /// The bytes from `from` up to, not including, `to`, as a stream that reads a piece when it is asked for one.
    pub(super) fn stream(&self, from: u64, to: u64) -> Streamed {
        let state = Reading { pieces: self.sliced(from, to).segments.into(), open: None };
        StreamBody::new(stream::try_unfold(state, |mut state| async move {
            Ok(state.next().await?.map(|bytes| (Frame::data(bytes), state)))
        }))
        .boxed_unsync()
    }

    /// The bytes from `from` up to, not including, `to`, shared with this content.
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

    /// The bytes, when all of them are in memory: small objects need no stream.
    pub(super) fn in_memory(&self) -> Option<Bytes> {
        match self.segments.as_slice() {
            [] => Some(Bytes::new()),
            [Segment { place: Place::Memory(memory), from, to }] => {
                Some(memory.bytes.slice(*from as usize..*to as usize))
            }
            _ => None,
        }
    }
}

/// How far a stream has come.
struct Reading {
    /// What is still to be read.
    pieces: VecDeque<Segment>,
    /// The file that the first piece is in, once it was opened.
    open: Option<Arc<File>>,
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(segment) = self.pieces.front_mut() else { return Ok(None) };
        let stored = match &segment.place {
            Place::Memory(memory) => {
                let bytes = memory.bytes.slice(segment.from as usize..segment.to as usize);
                self.pieces.pop_front();
                return Ok(Some(bytes));
            }
            Place::File(stored) => Arc::clone(stored),
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

/// What came of storing a body.
pub(super) struct Stored {
    pub(super) content: Content,
    /// MD5 in hex, without quotes.
    pub(super) md5: String,
    pub(super) checksum: Option<Checksum>,
}

/// Stores a body as it arrives, and verifies what its headers promise: length, `Content-MD5`, SHA-256 and checksum.
pub(super) async fn store(
    folder: &Arc<Folder>,
    headers: &HeaderMap,
    body: Arriving,
    algorithm: Option<Algorithm>,
) -> Result<Stored, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut chunks = is_chunked(headers).then(Chunks::default);
    let sha256 = text("x-amz-content-sha256").filter(|hash| hash.len() == 64).map(str::to_owned);
    let mut writer = Writer::new(folder, algorithm, sha256.is_some());
    let mut body = body.into_stream();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| refused(400, "IncompleteBody", format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        match &mut chunks {
            None => writer.write(data).await?,
            Some(chunks) => {
                for data in chunks.feed(&data).map_err(|why| refused(400, "InvalidRequest", why))? {
                    writer.write(data).await?;
                }
            }
        }
    }
    if chunks.as_ref().is_some_and(|chunks| !chunks.is_done()) {
        return Err(refused(400, "IncompleteBody", "The request body terminated unexpectedly"));
    }
    let promised = text("x-amz-decoded-content-length").and_then(|length| length.parse::<u64>().ok());
    if promised.is_some_and(|length| length != writer.length) {
        return Err(refused(
            400,
            "IncompleteBody",
            "the body is not as long as x-amz-decoded-content-length says",
        ));
    }
    let (stored, sha) = writer.finish().await?;
    if let (Some(promised), Some(found)) = (sha256, sha)
        && promised != found
    {
        return Err(refused(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ));
    }
    if let Some(promised) = text("content-md5") {
        check_md5(promised, &stored.md5)?;
    }
    let trailers = chunks.map(|chunks| chunks.trailers).unwrap_or_default();
    if let Some(checksum) = &stored.checksum {
        let name = checksum.algorithm.header();
        let trailer = trailers.iter().find(|(trailer, _)| trailer == name).map(|(_, value)| value.as_str());
        if let Some(promised) = text(name).or(trailer)
            && promised != checksum.value
        {
            let message = format!(
                "The {} you specified did not match the calculated checksum.",
                checksum.algorithm.name()
            );
            return Err(refused(400, "BadDigest", message));
        }
    }
    Ok(stored)
}

fn check_md5(promised: &str, found: &str) -> Result<(), ApiError> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let decoded = BASE64_STANDARD.decode(promised).ok().filter(|bytes| bytes.len() == 16);
    let decoded =
        decoded.ok_or_else(|| refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid."))?;
    if hex(&decoded) == found {
        return Ok(());
    }
    Err(refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received."))
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes one body: into memory until it is too large, then into a file.
struct Writer {
    folder: Arc<Folder>,
    pending: BytesMut,
    file: Option<(Arc<File>, StoredFile)>,
    length: u64,
    written: u64,
    md5: Md5,
    sum: Option<Sum>,
    sha256: Option<Sum>,
}

impl Writer {
    fn new(folder: &Arc<Folder>, algorithm: Option<Algorithm>, sha256: bool) -> Self {
        Self {
            folder: Arc::clone(folder),
            pending: BytesMut::new(),
            file: None,
            length: 0,
            written: 0,
            md5: Md5::new(),
            sum: algorithm.map(Sum::new),
            sha256: sha256.then(|| Sum::new(Algorithm::Sha256)),
        }
    }

    async fn write(&mut self, data: Bytes) -> Result<(), ApiError> {
        self.length += data.len() as u64;
        if self.length > LARGEST {
            return Err(refused(
                400,
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed object size.",
            )
            .detail("MaxSizeAllowed", LARGEST.to_string()));
        }
        self.md5.update(&data);
        for sum in self.sum.iter_mut().chain(&mut self.sha256) {
            sum.update(&data);
        }
        self.pending.extend_from_slice(&data);
        if self.pending.len() >= PIECE { self.flush().await } else { Ok(()) }
    }

    /// Writes what is pending into the file.
    async fn flush(&mut self) -> Result<(), ApiError> {
        let bytes = self.pending.split().freeze();
        let (folder, at, open) = (Arc::clone(&self.folder), self.written, self.file.take());
        self.written += bytes.len() as u64;
        let written = tokio::task::spawn_blocking(move || {
            use std::os::unix::fs::FileExt as _;
            let (file, stored) = match open {
                Some(open) => open,
                None => folder.create().map(|(file, stored)| (Arc::new(file), stored))?,
            };
            file.write_all_at(&bytes, at)?;
            io::Result::Ok((file, stored))
        });
        let written = written.await.map_err(|error| disk(&io::Error::other(error)))?;
        self.file = Some(written.map_err(|error| disk(&error))?);
        Ok(())
    }

    /// The stored bytes, and their SHA-256 in hex when it was wanted.
    async fn finish(mut self) -> Result<(Stored, Option<String>), ApiError> {
        let small = self.file.is_none()
            && self.pending.len() <= SMALL
            && self.folder.in_memory() + self.pending.len() <= MEMORY;
        let segments = if small {
            let bytes = self.pending.split().freeze();
            self.folder.in_memory.fetch_add(bytes.len(), Ordering::Relaxed);
            let memory = InMemory { bytes, folder: Arc::clone(&self.folder) };
            vec![Segment { place: Place::Memory(Arc::new(memory)), from: 0, to: self.length }]
        } else {
            if !self.pending.is_empty() {
                self.flush().await?;
            }
            match self.file.take() {
                Some((_, stored)) => {
                    vec![Segment { place: Place::File(Arc::new(stored)), from: 0, to: self.length }]
                }
                None => Vec::new(),
            }
        };
        let sha256 = self.sha256.map(|sum| {
            use base64::{Engine as _, prelude::BASE64_STANDARD};
            hex(&BASE64_STANDARD.decode(sum.finish().value).unwrap_or_default())
        });
        let stored = Stored {
            content: Content { segments, length: self.length },
            md5: hex(&self.md5.finalize()),
            checksum: self.sum.map(Sum::finish),
        };
        Ok((stored, sha256))
    }
}
