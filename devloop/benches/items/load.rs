//! `PutItem` and `GetItem` in a closed loop on a few connections. The requests' bytes are made beforehand, only the digits of the key
//! change, and the answers are hardly looked at, so that the cores belong to the server.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const TABLE: &str = "items";

/// Stands where the key's digits go.
const PLACE: &str = "0123456789abcdef";

/// The load on one server.
pub(crate) struct Load {
    address: String,
    connections: u64,
    seconds: u64,
}

/// What a load came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Answers, those of the first second included.
    pub(crate) count: u64,
    /// Answers a second, after a second of warming up.
    pub(crate) rate: f64,
}

fn item(key: &str) -> Value {
    json!({
        "id": { "S": key }, "message": { "S": "Hello World" }, "number": { "N": "4711" },
        "detail": { "S": "what else an event of some pipeline has to say, briefly" },
    })
}

/// The size of an item as DynamoDB counts it: names and values.
pub(crate) fn item_bytes() -> usize {
    let item = item(PLACE);
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| {
            let text = value["S"].as_str().map_or(0, str::len);
            let digits = value["N"].as_str().map_or(0, |digits| digits.len().div_ceil(2) + 1);
            name.len() + text + digits
        })
        .sum()
}

/// The key of a number, spread so that neighbours in time are none in the order of the keys.
fn key(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Load {
    pub(crate) fn new(endpoint: &str, connections: usize, seconds: u64) -> Result<Self> {
        let address = endpoint.strip_prefix("http://").context("not a plain address")?.to_owned();
        Ok(Self { address, connections: connections as u64, seconds })
    }

    /// A table without a stream.
    pub(crate) async fn create_table(&self) -> Result<()> {
        let input = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        });
        let mut connection = Connection::open(&self.address, "CreateTable", &input).await?;
        connection.ask().await
    }

    /// Puts items whose keys are those of the numbers from 0 on, each a new one.
    pub(crate) async fn put(&self) -> Result<Counted> {
        self.run("PutItem", &json!({ "TableName": TABLE, "Item": item(PLACE) }), None).await
    }

    /// Reads items whose numbers are below `known`, over and over.
    pub(crate) async fn get(&self, known: u64) -> Result<Counted> {
        let input = json!({ "TableName": TABLE, "Key": { "id": { "S": PLACE } } });
        // Each connection has put the numbers of its own residue; the slowest has put fewest.
        self.run("GetItem", &input, Some(known / 2)).await
    }

    async fn run(&self, operation: &str, input: &Value, wrap: Option<u64>) -> Result<Counted> {
        let from = Instant::now() + Duration::from_secs(1);
        let until = from + Duration::from_secs(self.seconds);
        let mut loops = JoinSet::new();
        for number in 0..self.connections {
            let connection = Connection::open(&self.address, operation, input).await?;
            let step = self.connections;
            loops.spawn(work(connection, number, step, wrap, from, until));
        }
        let (mut all, mut counted) = (0, 0);
        while let Some(done) = loops.join_next().await {
            let (its, in_time) = done??;
            all += its;
            counted += in_time;
        }
        Ok(Counted { count: all, rate: counted as f64 / self.seconds as f64 })
    }
}

/// Asks until the time is over; how many answers came, and how many of them from `from` on.
async fn work(
    mut connection: Connection,
    first: u64,
    step: u64,
    wrap: Option<u64>,
    from: Instant,
    until: Instant,
) -> Result<(u64, u64)> {
    let (mut all, mut in_time, mut number) = (0, 0, first);
    loop {
        connection.set_key(&key(number));
        connection.ask().await?;
        number += step;
        if wrap.is_some_and(|wrap| number >= wrap) {
            number = first;
        }
        all += 1;
        let now = Instant::now();
        if now >= until {
            return Ok((all, in_time));
        }
        in_time += u64::from(now >= from);
    }
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    /// Where in the request the key's digits are.
    place: Option<usize>,
    answer: Vec<u8>,
    /// Whether an answer without an item is wrong.
    reads: bool,
}

impl Connection {
    async fn open(address: &str, operation: &str, input: &Value) -> Result<Self> {
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20261120T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
             Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let place = request.find(PLACE);
        Ok(Self {
            stream,
            request: request.into_bytes(),
            place,
            answer: Vec::with_capacity(4096),
            reads: operation == "GetItem",
        })
    }

    fn set_key(&mut self, key: &str) {
        if let Some(place) = self.place {
            self.request[place..place + PLACE.len()].copy_from_slice(key.as_bytes());
        }
    }

    async fn ask(&mut self) -> Result<()> {
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        while !is_whole(&self.answer)? {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the connection was closed");
        }
        ensure!(self.answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.answer));
        ensure!(!self.reads || !self.answer.ends_with(b"\n{}"), "an item that was put is not there");
        Ok(())
    }
}

/// Whether an answer has come with its whole body.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(false) };
    let head = std::str::from_utf8(&answer[..end])?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(answer.len() >= end + 4 + length.context("an answer without a content-length")?)
}
