//! One request on a connection of its own, and as much of a Runtime API as a starting function needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Posts and returns the whole answer as it came, head and body.
pub(crate) fn post(url: &str, body: &str, patience: Duration) -> Result<String> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no http URL"))?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    let length = body.len();
    stream.write_all(
        format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Waits until a function asks for its first event.
pub(crate) fn await_next(listener: &TcpListener) -> Result<()> {
    let (stream, _) = listener.accept()?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    ensure!(
        line.starts_with("GET /2018-06-01/runtime/invocation/next"),
        "the function asked {line:?} instead of for its first event"
    );
    Ok(())
}
