//! Measures what a put costs once a stream or table holds much data, and how much memory each record and item takes.
//! Requests go over HTTP; the cost is the processor time of the whole program, given as a ratio to the cost on an empty
//! stream or table. Blocks of puts on the empty and on the full one alternate, and their medians are compared, because the
//! speed of a shared machine varies. `devloop/benches/README.md` says how to run this and holds results.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

use std::{error::Error, time::Duration};

use devloop_cloud::{Cloud, Context, Options};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many records or items the full stream or table holds.
const FULL: usize = 1_000_000;

/// Puts in a block, and how many blocks run on the empty and on the full stream or table.
const BLOCK: usize = 2_000;
const BLOCKS: usize = 15;

/// The highest allowed cost of a put on a full stream or table, as a multiple of the cost on an empty one.
const LIMIT: f64 = 1.2;

/// The most bytes that an item of about 110 bytes may take in a table without a stream.
const ITEM_LIMIT: usize = 400;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let cloud = Cloud::new(Options::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let serving = {
        let cloud = cloud.clone();
        tokio::spawn(async move { cloud.serve(listener, std::future::pending()).await })
    };
    let bench = Bench { cx: cloud.context("us-east-1"), cloud };
    let mut connection = Connection { stream: TcpStream::connect(address).await?, buffer: Vec::new() };
    println!("{:<28}{:>10}{:>12}{:>12}{:>9}{:>12}", "", "kept", "empty", "full", "ratio", "bytes each");
    let mut worst: f64 = 0.0;
    let mut plain = 0;
    for put in [Put::PlainItem, Put::Record, Put::NewItem, Put::SameItem] {
        let (ratio, bytes) = bench.compare(put, &mut connection).await?;
        worst = worst.max(ratio);
        if matches!(put, Put::PlainItem) {
            plain = bytes;
            bench.read(&mut connection).await?;
        }
    }
    let retained = &bench.cloud.status().await["retained"];
    println!("retained: {retained}");
    serving.abort();
    if worst > LIMIT {
        return Err(format!(
            "a put costs {worst:.2} times what it costs on an empty stream or table, more than {LIMIT}"
        )
        .into());
    }
    if plain > ITEM_LIMIT {
        return Err(format!("an item takes {plain} bytes, more than {ITEM_LIMIT}").into());
    }
    Ok(())
}

/// The puts that are measured.
#[derive(Debug, Clone, Copy)]
enum Put {
    /// An item of about 110 bytes into a table without a stream.
    PlainItem,
    /// A record into a stream.
    Record,
    /// An item with a new key into a table with a stream.
    NewItem,
    /// An item that replaces an existing one in a table with a stream.
    SameItem,
}

struct Bench {
    cloud: Cloud,
    cx: Context,
}

impl Put {
    fn title(self) -> &'static str {
        match self {
            Self::PlainItem => "PutItem, no stream",
            Self::Record => "PutRecord",
            Self::NewItem => "PutItem, new",
            Self::SameItem => "PutItem, replaced",
        }
    }

    fn call(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Record => ("kinesis", "PutRecord", "Kinesis_20131202"),
            Self::PlainItem | Self::NewItem | Self::SameItem => ("dynamodb", "PutItem", "DynamoDB_20120810"),
        }
    }

    /// The input of put number `number`, into the stream or table called `name` that already holds `kept` records or items.
    fn input(self, name: &str, number: usize, kept: usize) -> Value {
        // Spread the keys, so that successive puts are not neighbours in the order of the keys.
        let spread = |number: usize| (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match self {
            Self::Record => json!({
                "StreamName": name, "PartitionKey": format!("key-{number}"), "Data": "eyJtZXNzYWdlIjoiSGVsbG8gV29ybGQifQ==",
            }),
            Self::PlainItem => {
                let mut item = item(name, spread(number), number);
                item["Item"]["detail"] =
                    json!({ "S": "what else an event of some pipeline has to say, briefly" });
                item
            }
            Self::NewItem => item(name, spread(number), number),
            Self::SameItem => item(name, spread(number % kept.max(1)), number),
        }
    }
}

fn item(table: &str, id: u64, number: usize) -> Value {
    json!({ "TableName": table, "Item": {
        "id": { "S": format!("{id:016x}") }, "message": { "S": "Hello World" }, "number": { "N": number.to_string() },
    }})
}

impl Bench {
    /// Measures what a read of one item costs in the table without a stream.
    async fn read(&self, connection: &mut Connection) -> Outcome<()> {
        let name = format!("full-{:?}", Put::PlainItem);
        let mut times = Vec::new();
        for round in 0..=BLOCKS {
            let requests: Vec<_> = (0..BLOCK)
                .map(|number| {
                    let put = Put::PlainItem.input(&name, (round * BLOCK + number) % FULL, 0);
                    request(
                        "DynamoDB_20120810",
                        "GetItem",
                        &json!({ "TableName": name, "Key": { "id": put["Item"]["id"] } }),
                    )
                })
                .collect();
            let before = processor_time();
            for request in &requests {
                connection.send(request).await?;
            }
            times.push(processor_time().saturating_sub(before) / BLOCK as u32);
        }
        println!("{:<28}{FULL:>10}{:>12}{:>12.1?}", "GetItem, no stream", "", median(times));
        Ok(())
    }

    /// Fills one stream or table, then puts into it and into empty ones by turns. Returns the ratio of the costs, and how
    /// many bytes each kept record or item takes.
    async fn compare(&self, put: Put, connection: &mut Connection) -> Outcome<(f64, usize)> {
        let (service, operation, prefix) = put.call();
        let (full, fresh) = (format!("full-{put:?}"), format!("empty-{put:?}"));
        self.create(put, &full).await?;
        let filling = if matches!(put, Put::SameItem) { Put::NewItem } else { put };
        let before = resident_bytes()?;
        for number in 0..FULL {
            self.call(service, operation, filling.input(&full, number, 0)).await?;
        }
        let bytes = resident_bytes()?.saturating_sub(before) / FULL;
        let mut times = (Vec::new(), Vec::new());
        let mut number = FULL;
        // The first round warms up.
        for round in 0..=BLOCKS {
            let empty = format!("{fresh}-{round}");
            self.create(put, &empty).await?;
            let mut block = async |name: &str, first: usize, kept: usize| {
                let requests: Vec<_> = (first..first + BLOCK)
                    .map(|number| request(prefix, operation, &put.input(name, number, kept)))
                    .collect();
                let before = processor_time();
                for request in &requests {
                    connection.send(request).await?;
                }
                Ok::<_, Box<dyn Error>>(processor_time().saturating_sub(before) / BLOCK as u32)
            };
            let on_empty = block(&empty, 0, 1).await?;
            let on_full = block(&full, number, FULL).await?;
            number += BLOCK;
            if round > 0 {
                times.0.push(on_empty);
                times.1.push(on_full);
            }
        }
        let (empty, full) = (median(times.0), median(times.1));
        let ratio = full.as_secs_f64() / empty.as_secs_f64();
        println!("{:<28}{FULL:>10}{empty:>12.1?}{full:>12.1?}{ratio:>9.2}{bytes:>12}", put.title());
        Ok((ratio, bytes))
    }

    async fn create(&self, put: Put, name: &str) -> Outcome<()> {
        let (service, operation, input) = match put {
            Put::Record => ("kinesis", "CreateStream", json!({ "StreamName": name, "ShardCount": 1 })),
            Put::PlainItem | Put::NewItem | Put::SameItem => (
                "dynamodb",
                "CreateTable",
                json!({
                    "TableName": name, "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
                    "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
                    "StreamSpecification": match put {
                        Put::PlainItem => json!({ "StreamEnabled": false }),
                        _ => json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" }),
                    },
                }),
            ),
        };
        self.call(service, operation, input).await.map(drop)
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Outcome<Value> {
        Ok(self.cloud.call(&self.cx, service, operation, input).await?)
    }
}

/// A connection that stays open and sends one request after the other.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn send(&mut self, request: &[u8]) -> Outcome<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the cloud closed the connection".into());
            }
            let Some(head) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.buffer[..head])?;
            if !text.starts_with("HTTP/1.1 200") {
                return Err(String::from_utf8_lossy(&self.buffer).into_owned().into());
            }
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            if self.buffer.len() >= head + 4 + length.ok_or("an answer without a length")?.parse::<usize>()? {
                return Ok(());
            }
        }
    }
}

fn request(prefix: &str, operation: &str, input: &Value) -> Vec<u8> {
    let body = input.to_string();
    format!(
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: {prefix}.{operation}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The processor time that all threads of this program have used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// How much memory this program holds, in bytes.
fn resident_bytes() -> Outcome<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).ok_or("no resident pages in /proc/self/statm")?.parse()?;
    Ok(pages * rustix::param::page_size())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
