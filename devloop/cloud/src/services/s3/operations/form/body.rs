//! Reads the body of a form: its fields, and its file as a stream [RFC 7578].

use std::{io, sync::Arc};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::{
    error::ApiError,
    http::{Arriving, Pieces},
    services::s3::error::{refused, stalled},
};

/// The most bytes of all fields before the file [POST Object: the limit of fields before the file].
const FIELDS: usize = 20 << 10;

/// The most bytes that are read after the file before the connection is closed.
const REST: usize = 1 << 20;

/// The error for a malformed form.
pub(super) fn malformed() -> ApiError {
    let message = "The body of your POST request is not well-formed multipart/form-data.";
    refused(400, "MalformedPOSTRequest", message)
}

/// The error for a form whose rest cannot be read.
fn broken(error: &io::Error) -> ApiError {
    if error.kind() == io::ErrorKind::TimedOut { stalled() } else { malformed() }
}

/// The fields of a form before its file, and the file's name. Fields after the file are ignored, as on AWS.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) fields: Vec<(String, String)>,
    /// `None` when the form has no file.
    pub(super) filename: Option<String>,
}

impl Form {
    /// The value of a field; the name may have any case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a form while it arrives.
pub(super) struct Reader {
    body: Pieces,
    /// The bytes that have arrived and were not consumed yet.
    buffer: BytesMut,
    /// The separator between two parts: a line break and the boundary.
    mark: Vec<u8>,
    is_done: bool,
}

impl Reader {
    /// A reader for a form; `None` if the content type has no boundary.
    pub(super) fn new(content_type: &str, body: Arriving) -> Option<Self> {
        let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
        let mark = format!("\r\n--{boundary}").into_bytes();
        // The first boundary has no line break before it, so one is added.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        Some(Self { body: body.into_pieces(), buffer, mark, is_done: false })
    }

    /// Waits for more of the body; false at its end.
    async fn more(&mut self) -> io::Result<bool> {
        let piece = self.body.next().await?;
        Ok(piece.inspect(|data| self.buffer.extend_from_slice(data)).is_some())
    }

    /// The position of `wanted` at or after `from`; waits until it has arrived.
    async fn place(&mut self, wanted: &[u8], from: usize) -> Result<usize, ApiError> {
        loop {
            let found = find(&self.buffer, wanted, from);
            if found.unwrap_or(self.buffer.len()) > FIELDS {
                return Err(refused(
                    400,
                    "MaxPostPreDataLengthExceededError",
                    "Your POST request fields preceding the upload file were too large.",
                ));
            }
            if let Some(found) = found {
                return Ok(found);
            }
            if !self.more().await.map_err(|error| broken(&error))? {
                return Err(malformed());
            }
        }
    }

    /// Reads the fields up to the file.
    pub(super) async fn fields(&mut self) -> Result<Form, ApiError> {
        let mut form = Form::default();
        let mut length = 0;
        let mark = self.mark.clone();
        loop {
            let begin = self.place(&mark, 0).await? + mark.len();
            self.buffer.advance(begin);
            while self.buffer.len() < 2 {
                if !self.more().await.map_err(|error| broken(&error))? {
                    return Err(malformed());
                }
            }
            if self.buffer.starts_with(b"--") {
                return Ok(form);
            }
            let end = self.place(b"\r\n\r\n", 0).await?;
            let headers = self.buffer.split_to(end);
            let headers = std::str::from_utf8(&headers).map_err(|_| malformed())?;
            let (name, filename) = named(headers).ok_or_else(malformed)?;
            self.buffer.advance(4);
            if name.eq_ignore_ascii_case("file") {
                form.filename = Some(filename);
                return Ok(form);
            }
            let end = self.place(&mark, 0).await?;
            let value = String::from_utf8_lossy(&self.buffer.split_to(end)).into_owned();
            length += name.len() + value.len();
            if length > FIELDS {
                let message = "Your POST request fields preceding the upload file were too large.";
                return Err(refused(400, "MaxPostPreDataLengthExceededError", message));
            }
            form.fields.push((name, value));
        }
    }

    /// The file as a stream; the fields must have been read before.
    pub(super) fn file(self) -> Arriving {
        let bodies = Arc::clone(self.body.bodies());
        let pieces = stream::try_unfold(self, |mut reader| async move {
            Ok::<_, io::Error>(reader.piece().await?.map(|bytes| (Frame::data(bytes), reader)))
        });
        Arriving::among(&bodies, StreamBody::new(pieces))
    }

    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        while !self.is_done {
            if let Some(end) = find(&self.buffer, &self.mark, 0) {
                self.is_done = true;
                let last = self.buffer.split_to(end).freeze();
                self.rest().await?;
                return Ok(Some(last));
            }
            // The end of the buffer may be the start of the separator.
            let sure = self.buffer.len().saturating_sub(self.mark.len() - 1);
            if sure > 0 {
                return Ok(Some(self.buffer.split_to(sure).freeze()));
            }
            if !self.more().await? {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the form ends inside its file"));
            }
        }
        Ok(None)
    }

    /// Reads what follows the file, so that the client can finish sending and then reads the answer.
    async fn rest(&mut self) -> io::Result<()> {
        let mut length = 0;
        while length < REST {
            length += self.buffer.len();
            self.buffer.clear();
            if !self.more().await? {
                break;
            }
        }
        Ok(())
    }
}

/// The names of a part and of its file, in its headers.
fn named(headers: &str) -> Option<(String, String)> {
    let mut lines = headers.lines();
    let disposition = lines.find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let parameter = |name: &str| {
        let start = disposition.find(&format!(" {name}=\""))? + name.len() + 3;
        disposition[start..].split('"').next().map(str::to_owned)
    };
    Some((parameter("name")?, parameter("filename").unwrap_or_default()))
}

fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = from;
    while at + wanted.len() <= text.len() {
        at += text[at..].iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n--b\r\n\
        Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"x.xml\"\r\nContent-Type: text/xml\r\n\r\n<a>\r\n--a\r\n</a>\r\n--b\r\n\
        Content-Disposition: form-data; name=\"late\"\r\n\r\nignored\r\n--b--\r\n";

    /// A form that arrives in pieces of `size` bytes.
    fn reader(form: &[u8], size: usize) -> Reader {
        let frames: Vec<_> = form
            .chunks(size)
            .map(|piece| Ok::<_, io::Error>(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let body = Arriving::new(StreamBody::new(stream::iter(frames)));
        Reader::new("multipart/form-data; boundary=b", body).unwrap()
    }

    #[tokio::test]
    async fn forms_are_read_however_they_are_cut() {
        for size in 1..=FORM.len() {
            let mut reader = reader(FORM, size);
            let form = reader.fields().await.unwrap();
            assert_eq!(form.field("KEY"), Some("a/${filename}"), "pieces of {size}");
            assert_eq!(form.field("empty"), Some(""));
            assert_eq!((form.fields.len(), form.filename.as_deref()), (2, Some("x.xml")));
            let file = reader.file().whole(&HeaderMap::new(), FORM.len()).await.unwrap();
            assert_eq!(file, "<a>\r\n--a\r\n</a>", "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn incomplete_and_malformed_forms_are_errors() {
        let nothing = Arriving::new(http_body_util::Empty::new());
        assert!(Reader::new("multipart/form-data", nothing).is_none());
        let code = async |form: &[u8]| reader(form, 7).fields().await.unwrap_err().code;
        assert_eq!(code(b"nothing").await, "MalformedPOSTRequest");
        let field = b"--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n";
        assert_eq!(code(field).await, "MalformedPOSTRequest");
        let long = [field.as_slice(), &vec![b'x'; FIELDS + 1]].concat();
        assert_eq!(code(&long).await, "MaxPostPreDataLengthExceededError");
        let end = FORM.iter().position(|byte| *byte == b'<').unwrap() + 2;
        let mut inside = reader(&FORM[..end], 7);
        inside.fields().await.unwrap();
        assert!(inside.file().whole(&HeaderMap::new(), FORM.len()).await.is_err());
    }
}
