//! Stores a request's body while it arrives, and compares it with its headers.

use std::{
    fs::File,
    io,
    sync::{Arc, atomic::Ordering},
};

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use md5::{Digest as _, Md5};

use super::{
    checksum::{Algorithm, Checksum, Sum},
    chunked::{Chunks, is_chunked},
    content::{Content, Folder, LARGEST, PIECE, SMALL, StoredFile, hex},
    error::{disk, no_room, refused, stalled},
};
use crate::{error::ApiError, http::Arriving};

/// The most bytes of all bodies together that wait until a piece is complete. Above that, every body is written at once, except
/// its first bytes, as long as they may stay in memory.
const PENDING: usize = 32 << 20;

/// A stored body and its digests.
pub(super) struct Stored {
    pub(super) content: Content,
    /// The MD5 in hex, without quotes.
    pub(super) md5: String,
    pub(super) checksum: Option<Checksum>,
}

/// Stores a body while it arrives, and checks it against its headers: length, `Content-MD5`, SHA-256 and checksum.
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
    let mut body = body.into_pieces();
    loop {
        let piece = body.next().await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => stalled(),
            _ => refused(400, "IncompleteBody", format!("the body broke off: {error}")),
        })?;
        let Some(data) = piece else { break };
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

/// The pending bytes of one body, counted among those of all bodies until this is dropped.
struct Waiting {
    folder: Arc<Folder>,
    bytes: usize,
}

impl Waiting {
    fn none(folder: &Arc<Folder>) -> Self {
        Self { folder: Arc::clone(folder), bytes: 0 }
    }

    /// Counts `bytes` more; returns the count of all bodies.
    fn add(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        self.folder.pending.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.folder.pending.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Writes one body: into memory until it is too large, then into a file.
struct Writer {
    folder: Arc<Folder>,
    pending: BytesMut,
    waiting: Waiting,
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
            waiting: Waiting::none(folder),
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
        let all = self.waiting.add(data.len());
        let is_due = self.pending.len() >= PIECE || (self.pending.len() > SMALL && all > PENDING);
        if is_due { self.flush().await } else { Ok(()) }
    }

    /// The pending bytes, which count until the second value is dropped.
    fn take(&mut self) -> (Bytes, Waiting) {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::none(&self.folder));
        (std::mem::take(&mut self.pending).freeze(), waiting)
    }

    /// Writes the pending bytes into the file.
    async fn flush(&mut self) -> Result<(), ApiError> {
        let (bytes, waiting) = self.take();
        let (folder, at, open) = (Arc::clone(&self.folder), self.written, self.file.take());
        self.written += bytes.len() as u64;
        let written = tokio::task::spawn_blocking(move || {
            use std::os::unix::fs::FileExt as _;
            let (file, mut stored) = match open {
                Some(open) => open,
                None => folder.create().map(|(file, stored)| (Arc::new(file), stored))?,
            };
            if !stored.grow(bytes.len()) {
                return Ok(Err(no_room(folder.on_disk())));
            }
            file.write_all_at(&bytes, at)?;
            drop((bytes, waiting));
            io::Result::Ok(Ok((file, stored)))
        });
        let written = written.await.map_err(|error| disk(&io::Error::other(error)))?;
        self.file = Some(written.map_err(|error| disk(&error))??);
        Ok(())
    }

    /// The stored bytes, and their SHA-256 in hex if it was requested.
    async fn finish(mut self) -> Result<(Stored, Option<String>), ApiError> {
        let content = if self.file.is_none() && self.folder.has_room(self.pending.len()) {
            let (bytes, _waiting) = self.take();
            Content::of_memory(&self.folder, bytes)
        } else {
            if !self.pending.is_empty() {
                self.flush().await?;
            }
            self.file
                .take()
                .map_or_else(Content::default, |(_, stored)| Content::of_file(stored, self.length))
        };
        let sha256 = self.sha256.map(|sum| {
            use base64::{Engine as _, prelude::BASE64_STANDARD};
            hex(&BASE64_STANDARD.decode(sum.finish().value).unwrap_or_default())
        });
        let stored = Stored { content, md5: hex(&self.md5.finalize()), checksum: self.sum.map(Sum::finish) };
        Ok((stored, sha256))
    }
}

#[cfg(test)]
mod tests;
