//! Bodies with the encoding `aws-chunked`: each chunk has a line with its size, and trailers may follow the last chunk
//! [Signature calculations for the authorization header: transferring payload in multiple chunks]. Signatures of chunks are
//! not verified.

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::HeaderMap;

/// The longest size line or trailer line, in bytes.
const LINE: usize = 4096;

/// The most trailers of a body.
const TRAILERS: usize = 16;

/// Reads the chunks of a body that arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    buffer: BytesMut,
    state: State,
    /// Trailers, with names in lower case.
    pub(super) trailers: Vec<(String, String)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    EndOfData,
    Trailers,
    Done,
}

/// Whether the headers say that the body is chunked.
pub(super) fn is_chunked(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    text("x-amz-content-sha256").starts_with("STREAMING-")
        || text("content-encoding").split(',').any(|encoding| encoding.trim() == "aws-chunked")
}

impl Chunks {
    /// Adds a piece of the body and returns the data in it; fails if the encoding is broken.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Bytes>, &'static str> {
        self.buffer.extend_from_slice(piece);
        let mut out = Vec::new();
        loop {
            match self.state {
                State::Done => return Ok(out),
                State::Data(left) => {
                    if self.buffer.is_empty() {
                        return Ok(out);
                    }
                    let most = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
                    out.push(self.buffer.split_to(most).freeze());
                    let left = left - most as u64;
                    self.state = if left == 0 { State::EndOfData } else { State::Data(left) };
                }
                State::Size | State::EndOfData | State::Trailers => {
                    let Some(line) = self.line()? else { return Ok(out) };
                    self.state = self.next(&line)?;
                }
            }
        }
    }

    /// Whether the last chunk has arrived.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done | State::Trailers)
    }

    fn next(&mut self, line: &str) -> Result<State, &'static str> {
        match self.state {
            State::EndOfData if line.is_empty() => Ok(State::Size),
            State::EndOfData => Err("a chunk is longer than its size says"),
            State::Size => {
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(size, 16).map_err(|_| "a chunk's size is no number")?;
                Ok(if size == 0 { State::Trailers } else { State::Data(size) })
            }
            _ if line.is_empty() => Ok(State::Done),
            _ if self.trailers.len() == TRAILERS => Err("the body has too many trailers"),
            _ => {
                let (name, value) = line.split_once(':').ok_or("a trailer has no value")?;
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                Ok(State::Trailers)
            }
        }
    }

    /// The next line without its line break; `None` if it has not arrived yet.
    fn line(&mut self) -> Result<Option<String>, &'static str> {
        let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
            return if self.buffer.len() > LINE { Err("a line of the body is too long") } else { Ok(None) };
        };
        let line = self.buffer.split_to(end);
        self.buffer.advance(1);
        let line = std::str::from_utf8(&line).map_err(|_| "a line of the body is no text")?;
        Ok(Some(line.trim_end_matches('\r').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_however_they_are_cut() {
        let body = b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        for size in 1..body.len() {
            let mut chunks = Chunks::default();
            let mut data = Vec::new();
            for piece in body.chunks(size) {
                data.extend(chunks.feed(piece).unwrap().concat());
            }
            assert_eq!(data, b"hello world", "pieces of {size}");
            assert!(chunks.is_done());
            assert_eq!(chunks.trailers, [("x-amz-checksum-crc32".to_owned(), "AAAA".to_owned())]);
        }
    }

    #[test]
    fn broken_chunks_are_errors() {
        let check = |body: &[u8]| assert!(Chunks::default().feed(body).is_err(), "{body:?}");
        check(b"zz\r\n");
        check(b"2\r\nabc\r\n");
        check(&[b'1'; 5000]);
        check(b"0\r\nnothing\r\n");
    }
}
