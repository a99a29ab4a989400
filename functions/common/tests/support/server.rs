//! As much of an HTTP/1.1 server as the two fakes need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request as it came in. Header names are lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Status, headers and body to send back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An answer without headers of its own.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A server on a free port, with a thread per connection. Its threads end with the test's process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Answers every request with this function.
    pub(crate) fn start(answer: impl Fn(Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || while exchange(&connection, &*answer).is_some() {});
            }
        });
        Self { address }
    }
}

/// One request and its answer; `None` at the end of the connection.
fn exchange(mut connection: &TcpStream, answer: &dyn Fn(Request) -> Answer) -> Option<()> {
    // Each request has a reader of its own, because no client here sends the next request before it has the answer.
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let (method, path) = line.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let mut request =
        Request { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    let last = request.header("connection") == "close";
    let answer = answer(request);
    let mut head = format!("HTTP/1.1 {} Played\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    connection.write_all(&[head.as_bytes(), b"\r\n", &answer.body].concat()).ok()?;
    (!last).then_some(())
}
