//! A connection of one client. Its requests are written by hand, and its answers are hardly parsed, so that the cores belong to the
//! server: a client that builds and reads JSON documents costs as much as the server does.

use std::io::Write as _;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::aws::{Aws, REGION};

/// What ends a request's or an answer's head.
const END: &[u8] = b"\r\n\r\n";

/// A connection to one of the programs.
pub(crate) struct Connection {
    stream: TcpStream,
    address: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects to the endpoint.
    pub(crate) async fn open(aws: &Aws) -> Result<Self> {
        let address = aws.endpoint.strip_prefix("http://").context("not a plain address")?;
        let address = address.trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, request: Vec::with_capacity(4096), answer: Vec::with_capacity(8192) })
    }

    /// The JSON that an operation of SQS answers to the input. The connection must not be used again after an error.
    pub(crate) async fn sqs(&mut self, operation: &str, input: &str) -> Result<&str> {
        self.request.clear();
        write!(
            self.request,
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.{operation}\r\n\
             x-amz-date: 20261120T000000Z\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/20261120/{REGION}/sqs/aws4_request, \
             SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{input}",
            self.address,
            input.len()
        )?;
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let body = loop {
            if let Some(body) = body(&self.answer)? {
                break body;
            }
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the connection was closed");
        };
        let text = std::str::from_utf8(&self.answer[body..])?;
        if !self.answer.starts_with(b"HTTP/1.1 200") {
            bail!("{operation}: {}", String::from_utf8_lossy(&self.answer));
        }
        Ok(text)
    }
}

/// Where the body of a whole answer begins; `None` if more of it is still to come.
fn body(answer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = answer.windows(END.len()).position(|bytes| bytes == END) else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let start = end + END.len();
    Ok((answer.len() >= start + length.context("an answer without a content-length")?).then_some(start))
}
