//! Writes a row an hour. Small enough to speak DynamoDB's JSON itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

fn put(item: Value) -> Result<(), Error> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL")?;
    let host = endpoint.trim_start_matches("http://");
    let body = json!({ "TableName": std::env::var("TABLE_NAME")?, "Item": item }).to_string();
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.PutItem\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(answer.into()) }
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    println!("cron first: {}", event.payload["time"]);
    put(json!({ "id": { "S": event.payload["id"] }, "by": { "S": "cron first" } }))?;
    Ok(json!({ "says": "cron first" }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}
