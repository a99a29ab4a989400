//! `devloop_cloud::testing` as the tests of others use it, beyond the examples on its page.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use devloop_cloud::testing::{TestCloud, TestError};
use serde_json::{Value, json};
use support::FunctionFolder;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const STREAM: &str = "
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 1}}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Reader: {Type: AWS::Lambda::Function, Properties: {Role: r, Code: {S3Bucket: b, S3Key: k}, Handler: bootstrap, Runtime: provided.al2023}}
  Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Orders.Arn, FunctionName: !Ref Reader, StartingPosition: TRIM_HORIZON}
Outputs:
  Reader: {Value: !Ref Reader}
";

#[tokio::test]
async fn a_template_runs_a_binary_and_what_it_causes_is_read() {
    let folder = FunctionFolder::new("one");
    let cloud = TestCloud::start().await.unwrap();
    let missing = cloud.apply(STREAM).await.unwrap_err();
    assert!(matches!(&missing, TestError::NoCode(name) if name == "Reader"), "{missing}");
    cloud.binary("Reader", folder.bootstrap());
    let outputs = cloud.apply(STREAM).await.unwrap();
    let answer = cloud.invoke("Reader", json!({ "n": 1 })).await.unwrap();
    assert_eq!((&answer["version"], &answer["event"]), (&json!("one"), &json!({ "n": 1 })));
    assert_eq!(
        cloud.invoke(&outputs["Reader"], json!({})).await.unwrap()["version"],
        "one",
        "by its name too"
    );
    let put = json!({ "StreamName": "orders", "Data": "eA==", "PartitionKey": "k" });
    cloud.call("kinesis", "PutRecord", put).await.unwrap();
    let events = cloud.invoked("Reader", 3).await.unwrap();
    assert_eq!(events[2].event["Records"][0]["kinesis"]["data"], "eA==");
    let item = json!({ "TableName": "rows", "Item": { "id": { "S": "a" } } });
    cloud.call("dynamodb", "PutItem", item).await.unwrap();
    assert_eq!(cloud.items("rows").await.unwrap(), [json!({ "id": { "S": "a" } })]);
    let error = cloud.invoke("Reader", json!({ "do": "error" })).await.unwrap_err();
    assert!(
        matches!(&error, TestError::Failed { document, .. } if document["errorType"] == "Oops"),
        "{error}"
    );
    assert_eq!(cloud.failures().len(), 1);
    assert!(cloud.log("Reader").await.unwrap().iter().any(|line| line == "working on error"));
    cloud.close().await.unwrap();
}

#[tokio::test]
async fn handlers_of_the_test_fail_as_functions_do() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.handler("f", |event: Value| async move {
        assert_ne!(event["do"], "panic", "as asked");
        if event["do"] == "fail" { Err("no") } else { Ok(event) }
    });
    assert_eq!(cloud.invoke("f", json!({ "a": 1 })).await.unwrap(), json!({ "a": 1 }));
    let failed = async |event: Value| match cloud.invoke("f", event).await.unwrap_err() {
        TestError::Failed { document, .. } => document,
        other => panic!("{other}"),
    };
    assert_eq!(
        failed(json!({ "do": "fail" })).await,
        json!({ "errorType": "HandlerError", "errorMessage": "no" })
    );
    let panicked = failed(json!({ "do": "panic" })).await;
    assert_eq!(panicked["errorType"], "Panic");
    assert!(panicked["errorMessage"].as_str().unwrap().contains("as asked"), "{panicked}");
    let unknown = cloud.invoke("g", json!({})).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no function g; there are: f");
    cloud.handler("typed", |numbers: Vec<u32>| async move { Ok::<_, String>(numbers.iter().sum::<u32>()) });
    assert_eq!(cloud.invoke("typed", [1, 2, 3]).await.unwrap(), 6);
}

#[tokio::test]
async fn messages_are_read_and_stay() {
    let cloud = TestCloud::start().await.unwrap();
    let queue = cloud.call("sqs", "CreateQueue", json!({ "QueueName": "q" })).await.unwrap();
    let url = queue["QueueUrl"].as_str().unwrap();
    for body in ["one", "two"] {
        cloud.call("sqs", "SendMessage", json!({ "QueueUrl": url, "MessageBody": body })).await.unwrap();
    }
    for _ in 0..2 {
        let mut messages = cloud.messages(url).await.unwrap();
        messages.sort();
        assert_eq!(messages, ["one", "two"]);
    }
}

#[tokio::test]
async fn what_an_event_comes_from_is_told_with_it() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.handler("Reader", |_: Value| async { Ok::<_, String>(()) });
    cloud.apply(STREAM).await.unwrap();
    let trace = "x-amz-target: Kinesis_20131202.PutRecord\r\nx-amzn-trace-id: Root=1-a-b;Parent=c;Sampled=0";
    let put = json!({ "StreamName": "orders", "Data": "eA==", "PartitionKey": "k" }).to_string();
    assert!(ask(&cloud, "POST /", trace, &put).await.starts_with("HTTP/1.1 200 "));
    cloud.invoked("Reader", 1).await.unwrap();
    let answer = ask(&cloud, "GET /_devloop/events", "accept: */*", "").await;
    let page: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(page["events"][0]["causes"], json!(["1-a-b"]), "{page}");
}

/// One request as it goes over the wire, and the whole answer.
async fn ask(cloud: &TestCloud, what: &str, header: &str, body: &str) -> String {
    let endpoint = cloud.endpoint();
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n{header}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
