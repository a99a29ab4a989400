//! Asynchronous invocations: their queue is limited and counted, is deleted with its function, and recursive loops are
//! stopped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use devloop_cloud::{Clock, Options};
use serde_json::{Value, json};
use support::{Answer, FunctionFolder, TestCloud, eventually};

async fn send(cloud: &TestCloud, event: String) -> Answer {
    let kind = [("x-amz-invocation-type", "Event")];
    cloud.send("POST", "/2015-03-31/functions/f/invocations", &kind, event).await
}

#[tokio::test]
async fn queued_events_are_limited_counted_and_deleted_with_their_function() {
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    let folder = FunctionFolder::new("never-ready");
    cloud.create_hot("f", folder.path(), json!({})).await;
    let megabyte = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    for _ in 0..64 {
        assert_eq!(send(&cloud, megabyte.clone()).await.status, 202);
    }
    let refused = send(&cloud, megabyte).await;
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (429, Some("TooManyRequestsException")),
        "{:?}",
        refused.body
    );
    let status = cloud.cloud.status().await;
    let shown = &status["functions"][0]["asynchronous"];
    assert_eq!((&shown["waiting"], &shown["waiting_bytes"]), (&json!(64), &json!(64 << 20)));
    assert_eq!(cloud.cloud.waiting_events(), [("f".to_owned(), 64)]);
    cloud.lambda("DELETE", "/f", Value::Null).await;
    cloud.create_hot("f", folder.path(), json!({})).await;
    assert!(cloud.cloud.waiting_events().is_empty());
    eventually("the end of every wait", async || (clock.sleepers() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_function_that_invokes_itself_is_stopped_after_sixteen_times() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    assert_eq!(send(&cloud, json!({"do": "again"}).to_string()).await.status, 202);
    eventually("the end of the loop", async || {
        let status = cloud.cloud.status().await;
        let shown = &status["functions"][0];
        (shown["asynchronous"]["given_up"] == 1 && shown["asynchronous"]["waiting"] == 0)
            .then(|| assert_eq!(shown["invocations"], 16.0))
    })
    .await;
}

async fn queue(cloud: &TestCloud, name: &str) -> String {
    let cx = cloud.cloud.context("us-east-1");
    cloud.cloud.call(&cx, "sqs", "CreateQueue", json!({ "QueueName": name })).await.unwrap();
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

/// The only message of a queue, with all of its attributes.
async fn message(cloud: &TestCloud, name: &str) -> Value {
    let cx = cloud.cloud.context("us-east-1");
    let input = json!({
        "QueueUrl": format!("http://{}/000000000000/{name}", cloud.address), "MessageAttributeNames": ["All"],
    });
    eventually("the message", async || {
        let received = cloud.cloud.call(&cx, "sqs", "ReceiveMessage", input.clone()).await.unwrap();
        received["Messages"].get(0).cloned()
    })
    .await
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
}

const SETTINGS: &str = "/2019-09-25/functions/f/event-invoke-config";

#[tokio::test]
async fn a_failure_reaches_its_destination_and_the_dead_letter_queue() {
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    let folder = FunctionFolder::new("one");
    let (failed, dead) = (queue(&cloud, "failed").await, queue(&cloud, "dead").await);
    cloud.create_hot("f", folder.path(), json!({"DeadLetterConfig": {"TargetArn": dead}})).await;
    let settings =
        json!({"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": {"Destination": failed}}});
    let put = cloud.send("PUT", SETTINGS, &[], settings.to_string()).await;
    assert_eq!(put.status, 200, "{:?}", put.body);
    let accepted = send(&cloud, json!({"do": "error"}).to_string()).await;
    let request_id = accepted.header("x-amzn-requestid").unwrap().to_owned();
    eventually("the first try", async || {
        let status = cloud.cloud.status().await;
        let retained = &status["retained"]["asynchronous_events"];
        (status["functions"][0]["errors"] == 1.0 && clock.sleepers() > 0 && *retained == 1).then_some(())
    })
    .await;
    clock.advance(std::time::Duration::from_mins(1));
    let record = body(&message(&cloud, "failed").await);
    assert_eq!(
        record,
        json!({
            "version": "1.0", "timestamp": record["timestamp"],
            "requestContext": {
                "requestId": request_id, "condition": "RetriesExhausted", "approximateInvokeCount": 2,
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
            },
            "requestPayload": {"do": "error"},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "Oops", "errorMessage": "as asked"},
        })
    );
    let letter = message(&cloud, "dead").await;
    assert_eq!(body(&letter), json!({"do": "error"}));
    let attribute =
        |name: &str| letter["MessageAttributes"][name]["StringValue"].as_str().unwrap().to_owned();
    let attributes = ["RequestID", "ErrorCode", "ErrorMessage"].map(attribute);
    assert_eq!(attributes, [request_id.as_str(), "200", "as asked"]);
}

#[tokio::test]
async fn a_success_reaches_its_destination_be_it_a_function() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let done = queue(&cloud, "done").await;
    for name in ["f", "next"] {
        cloud.create_hot(name, folder.path(), json!({})).await;
    }
    let to = |arn: &str| json!({"DestinationConfig": {"OnSuccess": {"Destination": arn}}}).to_string();
    let next = "arn:aws:lambda:us-east-1:000000000000:function:next";
    assert_eq!(cloud.send("PUT", SETTINGS, &[], to(next)).await.status, 200);
    let of_next = SETTINGS.replace("/f/", "/next/");
    assert_eq!(cloud.send("PUT", &of_next, &[], to(&done)).await.status, 200);
    send(&cloud, json!({"n": 1}).to_string()).await;
    let record = body(&message(&cloud, "done").await);
    assert_eq!(record["requestContext"]["condition"], "Success");
    let first = &record["requestPayload"];
    assert_eq!(
        (&first["requestContext"]["condition"], &first["requestPayload"]),
        (&json!("Success"), &json!({"n": 1}))
    );
    assert_eq!(
        record["responsePayload"]["event"], *first,
        "the second function received the first one's record"
    );
}

#[tokio::test]
async fn a_success_reaches_a_topic() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let told = queue(&cloud, "told").await;
    let cx = cloud.cloud.context("us-east-1");
    let call =
        async |operation: &str, input: Value| cloud.cloud.call(&cx, "sns", operation, input).await.unwrap();
    let topic = call("CreateTopic", json!({ "Name": "done" })).await["TopicArn"].clone();
    call("Subscribe", json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": told })).await;
    cloud.create_hot("f", folder.path(), json!({})).await;
    let settings = json!({"DestinationConfig": {"OnSuccess": {"Destination": topic}}});
    assert_eq!(cloud.send("PUT", SETTINGS, &[], settings.to_string()).await.status, 200);
    send(&cloud, json!({"n": 1}).to_string()).await;
    let notification = body(&message(&cloud, "told").await);
    let record: Value = serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&record["requestContext"]["condition"], &record["requestPayload"]),
        (&json!("Success"), &json!({"n": 1}))
    );
}

#[tokio::test]
async fn a_failure_reaches_a_bucket_and_a_topic() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let told = queue(&cloud, "told").await;
    let cx = cloud.cloud.context("us-east-1");
    let call = async |service: &str, operation: &str, input: Value| {
        cloud.cloud.call(&cx, service, operation, input).await.unwrap()
    };
    call("s3", "CreateBucket", json!({ "Bucket": "records" })).await;
    let topic = call("sns", "CreateTopic", json!({ "Name": "dead" })).await["TopicArn"].clone();
    let subscription = json!({
        "TopicArn": topic, "Protocol": "sqs", "Endpoint": told, "Attributes": { "RawMessageDelivery": "true" },
    });
    call("sns", "Subscribe", subscription).await;
    cloud.create_hot("f", folder.path(), json!({"DeadLetterConfig": {"TargetArn": topic}})).await;
    let bucket = "arn:aws:s3:::records";
    let settings =
        json!({"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": bucket}}});
    let put = cloud.send("PUT", SETTINGS, &[], settings.to_string()).await;
    assert_eq!(put.status, 200, "{:?}", put.body);
    send(&cloud, json!({"do": "error"}).to_string()).await;

    let letter = message(&cloud, "told").await;
    assert_eq!(body(&letter), json!({"do": "error"}));
    assert_eq!(letter["MessageAttributes"]["ErrorMessage"]["StringValue"], "as asked");
    let signed = [("authorization", "AWS4-HMAC-SHA256 Credential=test/20231114/us-east-1/s3/aws4_request")];
    let list = cloud.send("GET", "/records?list-type=2", &signed, "").await;
    let list = String::from_utf8(list.body.to_vec()).unwrap();
    let key = list.split("<Key>").nth(1).and_then(|rest| rest.split("</Key>").next()).unwrap().to_owned();
    assert!(key.starts_with("aws/lambda/async/f/20"), "{key}");
    let record = cloud.send("GET", &format!("/records/{key}"), &signed, "").await;
    assert_eq!(record.header("content-type"), Some("application/json"));
    assert_eq!(record.json()["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record.json()["requestPayload"], json!({"do": "error"}));
}

#[tokio::test]
async fn settings_belong_to_a_qualifier_and_are_validated_as_by_lambda() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let check = async |method: &str, path: &str, body: Value, status: u16, part: &str| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = cloud.send(method, path, &[], body).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == status && text.contains(part), "{method} {path}: {} {text}", answer.status);
    };
    check("GET", SETTINGS, Value::Null, 404, "doesn't have an EventInvokeConfig").await;
    check("POST", SETTINGS, json!({"MaximumRetryAttempts": 1}), 404, "doesn't have").await;
    check("PUT", SETTINGS, json!({}), 400, "at least one").await;
    check("PUT", SETTINGS, json!({"MaximumRetryAttempts": 1}), 200, "\"MaximumRetryAttempts\":1").await;
    check("POST", SETTINGS, json!({"MaximumEventAgeInSeconds": 60}), 200, "\"MaximumRetryAttempts\":1").await;
    let of_alias = format!("{SETTINGS}?Qualifier=live");
    check("PUT", &of_alias, json!({"MaximumRetryAttempts": 0}), 404, "Function not found").await;
    cloud.lambda("POST", "/f/aliases", json!({"Name": "live", "FunctionVersion": "$LATEST"})).await;
    check("PUT", &of_alias, json!({"MaximumRetryAttempts": 0}), 200, "function:f:live").await;
    check("GET", &format!("{SETTINGS}/list"), Value::Null, 200, "function:f:live").await;
    check("DELETE", SETTINGS, Value::Null, 204, "").await;
    check("GET", SETTINGS, Value::Null, 404, "doesn't have").await;
    let recursion = "/2024-08-31/functions/f/recursion-config";
    check("GET", recursion, Value::Null, 200, "Terminate").await;
    check("PUT", recursion, json!({"RecursiveLoop": "Allow"}), 200, "Allow").await;
    check("PUT", recursion, json!({"RecursiveLoop": "Sometimes"}), 400, "enum value set").await;
}

#[tokio::test]
async fn an_event_is_discarded_when_the_reserved_concurrency_is_zero() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let reserve = "/2017-10-31/functions/f/concurrency";
    cloud.send("PUT", reserve, &[], "{\"ReservedConcurrentExecutions\":0}").await;
    assert_eq!(send(&cloud, "{}".to_owned()).await.status, 202);
    eventually("the event's end", async || {
        let status = cloud.cloud.status().await;
        let shown = &status["functions"][0]["asynchronous"];
        (shown["given_up"] == 1 && shown["waiting"] == 0).then_some(())
    })
    .await;
}
