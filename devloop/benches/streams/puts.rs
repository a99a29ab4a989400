//! `PutRecord` in a closed loop on a few connections. The requests' bytes are made beforehand and the answers are hardly parsed, so
//! that the server gets the cores.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::aws::{Aws, REGION};

/// The stream of one shard that is put into.
pub(crate) const STREAM: &str = "puts";

/// How many puts a second the server answers, after a second of warming up.
pub(crate) async fn rate(endpoint: &str, connections: usize, seconds: u64) -> Result<f64> {
    let aws = Aws::new(endpoint)?;
    let make = json!({ "StreamName": STREAM, "ShardCount": 1 });
    // The stream may exist already, with mappings.
    let _ = aws.json("kinesis", "Kinesis_20131202.CreateStream", make).await;
    wait_until_active(&aws).await?;
    let address = endpoint.strip_prefix("http://").context("not a plain address")?;
    let from = Instant::now() + Duration::from_secs(1);
    let until = from + Duration::from_secs(seconds);
    let mut writers = JoinSet::new();
    for number in 0..connections {
        let request = request(address, number);
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        writers.spawn(write(stream, request, from, until));
    }
    let mut count = 0;
    while let Some(written) = writers.join_next().await {
        count += written??;
    }
    Ok(count as f64 / seconds as f64)
}

async fn wait_until_active(aws: &Aws) -> Result<()> {
    for _ in 0..200 {
        let asked = json!({ "StreamName": STREAM });
        let found = aws.json("kinesis", "Kinesis_20131202.DescribeStream", asked).await?;
        if found["StreamDescription"]["StreamStatus"] == "ACTIVE" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the stream did not become active")
}

fn request(address: &str, number: usize) -> Vec<u8> {
    let body = json!({ "StreamName": STREAM, "PartitionKey": format!("key-{number}"), "Data": "eyJhIjoxLCJiIjoidHdvIn0=" });
    let body = body.to_string();
    format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: Kinesis_20131202.PutRecord\r\n\
         x-amz-date: 20261120T000000Z\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/20261120/{REGION}/kinesis/aws4_request, \
         SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Puts until the time is over; returns how many answers came from `from` on.
async fn write(mut stream: TcpStream, request: Vec<u8>, from: Instant, until: Instant) -> Result<u64> {
    let (mut count, mut answer) = (0, Vec::with_capacity(4096));
    loop {
        stream.write_all(&request).await?;
        answer.clear();
        while !is_whole(&answer)? {
            ensure!(stream.read_buf(&mut answer).await? > 0, "the connection was closed");
        }
        ensure!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        let now = Instant::now();
        if now >= until {
            return Ok(count);
        }
        count += u64::from(now >= from);
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
