//! A running dynoxide, and requests to it over one connection.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::answers::Answer;

/// The server; it is killed when this is dropped.
pub(super) struct Server {
    child: Child,
    connection: TcpStream,
    buffer: Vec<u8>,
}

impl Server {
    /// An empty server on a free port.
    pub(super) async fn start(program: &Path) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args(["--log", "quiet", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let mut server = Self { child, connection: connect(port).await, buffer: Vec::new() };
        server.call("ListTables", &serde_json::json!({})).await;
        server
    }

    /// Sends one request and reads its answer.
    pub(super) async fn call(&mut self, operation: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let is_of_streams = ["DescribeStream", "GetShardIterator", "GetRecords"].contains(&operation);
        let service = if is_of_streams { "DynamoDBStreams" } else { "DynamoDB" };
        let request = format!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: {service}_20120810.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n\
             x-amz-date: 20261128T000000Z\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.connection.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            assert!(
                self.connection.read_buf(&mut self.buffer).await.unwrap() > 0,
                "dynoxide closed the connection"
            );
            let Some(head) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
            let length: usize = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
                .expect("an answer with a length");
            if self.buffer.len() >= head + 4 + length {
                let status = text.split(' ').nth(1).unwrap().parse().unwrap();
                let body = serde_json::from_slice(&self.buffer[head + 4..]).unwrap();
                return Answer::of_wire(status, body);
            }
        }
    }
}

/// Connects as soon as the server listens.
async fn connect(port: u16) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(connection) => return connection,
            Err(error) => {
                assert!(begun.elapsed() < Duration::from_secs(20), "dynoxide does not listen: {error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
