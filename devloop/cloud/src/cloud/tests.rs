//! Tests of the cloud as a whole: what it keeps and counts, and how it serves a service that its own code does not name.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http_body_util::Full;
use hyper::{HeaderMap, Method};
use parking_lot::Mutex;
use serde_json::json;

use super::*;
use crate::{
    functions::Starved,
    http::{Arriving, Reply, Request},
    service::{About, Answering, Dialect, Json, JsonVersion, Query},
};

#[tokio::test]
async fn the_status_counts_stored_items_with_their_limits() {
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    let call = async |service, operation, input| {
        cloud.call(&cx, service, operation, input).await.unwrap();
    };
    call("kinesis", "CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    let record = json!({ "StreamName": "s", "PartitionKey": "key", "Data": "MTIzNDU=" });
    call("kinesis", "PutRecord", record).await;
    let table = json!({
        "TableName": "tab", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" },
    });
    call("dynamodb", "CreateTable", table).await;
    let item = json!({ "TableName": "tab", "Item": { "id": { "S": "12345" } } });
    call("dynamodb", "PutItem", item.clone()).await;
    call("dynamodb", "PutItem", item).await;
    let data = json!({ "Namespace": "n", "MetricData": [{ "MetricName": "m", "Value": 1.0 }] });
    call("monitoring", "PutMetricData", data).await;
    call("logs", "CreateLogGroup", json!({ "logGroupName": "g" })).await;
    call("logs", "CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "l" })).await;
    let event = json!([{ "timestamp": cloud.status().await["at"], "message": "1234" }]);
    let events = json!({ "logGroupName": "g", "logStreamName": "l", "logEvents": event });
    call("logs", "PutLogEvents", events).await;
    call("secretsmanager", "CreateSecret", json!({ "Name": "s", "SecretString": "12345" })).await;
    for value in ["1234", "56"] {
        let parameter = json!({ "Name": "p", "Value": value, "Type": "String", "Overwrite": true });
        call("ssm", "PutParameter", parameter).await;
    }

    let status = cloud.status().await;
    let expected = [
        ("stream_records", 1),
        ("stream_bytes", 8),
        ("table_items", 1),
        ("table_bytes", 7),
        ("table_stream_records", 1),
        ("table_stream_bytes", 7),
        ("log_groups", 1),
        ("log_events", 1),
        ("log_bytes", 30),
        ("metrics", 1),
        ("secrets", 1),
        ("secret_bytes", 5),
        ("parameters", 1),
        ("parameter_bytes", 6),
    ];
    for (name, count) in expected {
        assert_eq!(status["retained"][name], count, "{name}");
    }
    assert_eq!(status["tables"][0]["name"], "tab");
    let limits = status["limits"].as_object().unwrap();
    assert!(limits.values().all(|limit| limit.as_i64().is_some_and(|limit| limit > 0)), "{limits:?}");
}

#[tokio::test]
async fn secrets_and_parameters_have_a_limit_of_bytes() {
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    let (secret, parameter) = ("x".repeat(65_536), "x".repeat(8_192));
    let put = async |number: usize| {
        let secret = json!({ "Name": number.to_string(), "SecretString": secret });
        cloud.call(&cx, "secretsmanager", "CreateSecret", secret).await
    };
    for number in 0..1_023 {
        put(number).await.unwrap();
    }
    let short = json!({ "Name": "short", "SecretString": "x" });
    cloud.call(&cx, "secretsmanager", "CreateSecret", short.clone()).await.unwrap();
    let refused = put(1_024).await.unwrap_err();
    assert_eq!(refused.code, "LimitExceededException", "with this value it would be a byte too many");
    assert_eq!(cloud.status().await["retained"]["secret_bytes"], 1_023 * 65_536 + 1);
    let deletion = json!({ "SecretId": "short", "ForceDeleteWithoutRecovery": true });
    cloud.call(&cx, "secretsmanager", "DeleteSecret", deletion).await.unwrap();
    put(1_024).await.unwrap();
    assert_eq!(
        cloud.call(&cx, "secretsmanager", "CreateSecret", short).await.unwrap_err().code,
        "LimitExceededException"
    );
    let put = async |number: usize| {
        let parameter = json!({ "Name": "p", "Value": parameter, "Type": "String", "Tier": "Advanced", "Overwrite": number > 0 });
        cloud.call(&cx, "ssm", "PutParameter", parameter).await
    };
    for number in 0..150 {
        put(number).await.unwrap();
    }
    assert_eq!(
        cloud.status().await["retained"]["parameter_bytes"],
        100 * 8_192,
        "a hundred versions are kept"
    );
}

/// A service with two operations that only this test registers: it keeps notes.
#[derive(Debug, Default)]
struct Toy(Mutex<Vec<String>>);

static ABOUT: About = About {
    json: Some(Json {
        target: "Toy_1",
        version: JsonVersion::V11,
        namespace: "toy#",
        cbor: Some("toy.cbor#"),
    }),
    query: Some(Query {
        version: "1999-09-09",
        namespace: "http://toy/",
        codes: &[("EmptyNote", "Toy.Empty")],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &["ListNotes", "PutNote"],
    ..About::named("toy")
};

impl Service for Toy {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        _: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            match (operation, input["Text"].as_str()) {
                ("PutNote", None | Some("")) => Err(ApiError::client("EmptyNote", "a note needs a Text")),
                ("PutNote", Some(text)) => {
                    self.0.lock().push(text.to_owned());
                    Ok(json!({ "At": crate::wire::time(1_500) }))
                }
                ("ListNotes", _) => Ok(json!({ "Notes": *self.0.lock() })),
                _ => Err(ApiError::unknown_operation("toy", operation)),
            }
        })
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("notes", json!(*self.0.lock()))] })
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![("notes", self.0.lock().len() as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("notes", 10)]
    }
}

/// Sends one request through the gateway.
async fn ask(cloud: &Cloud, path: &str, headers: &[(&'static str, &str)], body: &[u8]) -> Reply {
    let mut all = HeaderMap::new();
    all.insert("host", "127.0.0.1".parse().unwrap());
    for (name, value) in headers {
        all.insert(*name, value.parse().unwrap());
    }
    let request = Request {
        method: if body.is_empty() { Method::GET } else { Method::POST },
        path: path.to_owned(),
        query: String::new(),
        headers: all,
        body: bytes::Bytes::new(),
        peer: [127, 0, 0, 1].into(),
    };
    gateway::answer(&cloud.0.pages, request, Arriving::new(Full::new(body.to_vec().into()))).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// A cloud with the toy service, called over each protocol.
struct World(Cloud);

impl World {
    fn new() -> Self {
        Self(Cloud::with(Options::default(), vec![Arc::new(Toy::default())]))
    }

    async fn json(&self, operation: &str, body: Value) -> Reply {
        let target = format!("Toy_1.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        ask(&self.0, "/", &headers, body.to_string().as_bytes()).await
    }

    async fn query(&self, form: &str) -> String {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        text(&ask(&self.0, "/", &headers, form.as_bytes()).await)
    }
}

#[tokio::test]
async fn a_registered_service_is_served_in_json() {
    let world = World::new();
    let put = world.json("PutNote", json!({ "Text": "one" })).await;
    assert_eq!((put.status, text(&put)), (200, json!({ "At": 1.5 }).to_string()));
    let refused = world.json("PutNote", json!({})).await;
    let expected = json!({ "__type": "toy#EmptyNote", "message": "a note needs a Text" });
    assert_eq!((refused.status, text(&refused)), (400, expected.to_string()));
    assert_eq!(refused.headers["x-amzn-errortype"], "EmptyNote");
    assert_eq!(refused.headers["x-amzn-query-error"], "Toy.Empty;Sender");
}

#[tokio::test]
async fn a_registered_service_is_served_in_cbor() {
    let world = World::new();
    let path = "/service/Toy_1/operation/PutNote";
    // The request is a map with one text. The response has a time, which follows tag 1.
    let put = ask(&world.0, path, &[("content-type", "application/cbor")], b"\xa1\x64Text\x63two").await;
    assert_eq!(put.status, 200);
    assert!(put.body.contains(&0xc1), "{:?}", put.body);
}

#[tokio::test]
async fn a_registered_service_is_served_in_the_query_protocol() {
    let world = World::new();
    world.query("Action=PutNote&Version=1999-09-09&Text=a+b").await;
    let list = world.query("Action=ListNotes&Version=1999-09-09").await;
    let notes = "<ListNotesResult><Notes><member>a b</member></Notes></ListNotesResult>";
    assert!(list.contains(notes) && list.contains("xmlns=\"http://toy/\""), "{list}");
    let refused = world.query("Action=PutNote&Version=1999-09-09").await;
    assert!(refused.contains("<Code>Toy.Empty</Code>"), "{refused}");
}

#[tokio::test]
async fn a_registered_service_refuses_what_it_lacks_by_name() {
    let lacking = World::new().json("Dance", json!({})).await;
    let expected = json!({
        "__type": "toy#UnknownOperationException", "message": "the embedded cloud does not support toy:Dance",
    });
    assert_eq!((lacking.status, text(&lacking)), (400, expected.to_string()));
}

#[tokio::test]
async fn a_registered_service_has_faults_a_listing_counts_and_a_status() {
    let world = World::new();
    world.0.faults().arm("toy:ListNotes", 1, ApiError::internal("on purpose"));
    assert_eq!(world.json("ListNotes", json!({})).await.status, 500);
    assert_eq!(world.json("ListNotes", json!({})).await.status, 200);
    world.json("PutNote", json!({ "Text": "one" })).await;
    let health = ask(&world.0, "/_localstack/health", &[], b"").await;
    let health: Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!(health["services"]["toy"], "running");
    let status = world.0.status().await;
    assert_eq!(status["notes"], json!(["one"]));
    assert_eq!((&status["retained"]["notes"], &status["limits"]["notes"]), (&json!(1), &json!(10)));
}

#[tokio::test]
async fn every_operation_that_a_service_lists_is_one_that_it_has() {
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    for service in cloud.0.registry.services() {
        let about = service.about();
        assert!(about.operations.is_sorted(), "{}'s operations are in alphabetical order", about.name);
        let raw = about.routes.iter().filter(|route| route.is_raw).map(|route| route.operation);
        let raw: Vec<&str> = raw.collect();
        for operation in about.operations.iter().filter(|operation| !raw.contains(operation)) {
            if let Err(error) = service.call(&cx, operation, json!({})).await {
                assert_ne!(error.code, "UnknownOperationException", "{}:{operation}", about.name);
            }
        }
        for route in about.routes {
            let known = cloud.0.registry.services().iter().any(|other| {
                other.about().name == about.name && other.about().operations.contains(&route.operation)
            });
            assert!(known, "the route of {}:{} leads to an operation", about.name, route.operation);
        }
    }
}

#[tokio::test]
async fn clients_invocations_give_way_to_starved_consumers_of_streams() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    let function = json!({
        "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "h", "Role": "arn:aws:iam::000000000000:role/r",
        "Code": { "S3Bucket": "hot-reload", "S3Key": folder.path() },
    });
    cloud.call(&cx, "lambda", "CreateFunction", function).await.unwrap();
    cloud.run_here("f", LocalHandler::new(|event: Value| async move { Ok::<_, String>(event) }));
    let invoke = async |gives_way: bool| {
        let invocation = Invocation { payload: "1".into(), gives_way, ..Invocation::default() };
        cloud.0.lambda.invoke(&cx, "f", invocation).await.unwrap();
    };
    cloud.0.lambda.starves(Starved::FarBehind);
    let mut client = Box::pin(invoke(true));
    tokio::select! {
        biased;
        () = invoke(false) => {}
        () = &mut client => panic!("the client's was first"),
    }
    client.await;
}

/// How many turns another task gets on the only worker while a request is answered. What the worker itself does for the request
/// gives no turn.
async fn turns_meanwhile(
    headers: &'static [(&'static str, &'static str)],
    path: &'static str,
    body: Vec<u8>,
) -> (u16, usize) {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let counting = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let asking = tokio::spawn(async move {
        let cloud = Cloud::new(Options::default());
        let before = turns.load(Ordering::Relaxed);
        let reply = ask(&cloud, path, headers, &body).await;
        (reply.status, turns.load(Ordering::Relaxed) - before)
    });
    let outcome = asking.await.unwrap();
    counting.abort();
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn large_bodies_are_parsed_beside_the_worker() {
    let list = format!("[{}1]", "[],".repeat(1 << 20)).into_bytes();
    let form = format!("Action=ListQueues&{}", "a=%41&".repeat(500_000)).into_bytes();
    for (headers, body, status) in [
        (
            &[("x-amz-target", "AmazonSQS.ListQueues"), ("content-type", "application/x-amz-json-1.0")][..],
            list,
            400,
        ),
        (
            &[
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host",
                ),
                ("content-type", "application/x-www-form-urlencoded"),
            ][..],
            form,
            200,
        ),
    ] {
        let (answered, turns) = turns_meanwhile(headers, "/", body).await;
        assert_eq!(answered, status);
        assert!(turns > 20, "{turns} turns for {headers:?}");
    }
}
