//! A small HTTP client that sends one request over each connection and leaves every byte to the test.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long to wait for an answer: longer than any limit of the cloud.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's value; names are lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Host and port, and the path, of a URL.
pub fn address_of(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} is no http URL"));
    rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
}

/// Sends a request; a `Host` among the headers replaces the one from the address.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> io::Result<Answer> {
    let (address, path) = address_of(url);
    let body = body.as_ref();
    let own_host = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = if own_host { None } else { Some(&("Host", address)) };
    let lines: String =
        headers.iter().chain(host).flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    // A server that refuses a large body answers before it has read it all, and reads no further.
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(error),
        _ if answer.is_empty() => {
            sent?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        _ => {}
    }
    parse(&answer).ok_or_else(|| io::Error::other(format!("no HTTP: {}", String::from_utf8_lossy(&answer))))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer { status, headers, body: String::from_utf8_lossy(&answer[end + 4..]).into_owned() })
}
