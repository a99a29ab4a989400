//! A pipeline asked over real HTTP; the cloud is a fake with fixed answers.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::observe::digests::{Digests, OnDisk};
use crate::observe::{Metric, Pipeline};
use crate::status::StatusSource;

/// SHA-256 of `abc` `[FIPS 180-2, appendix B.1]`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Starts a cloud with this page, and this status and body for metric requests. Returns its URL.
async fn cloud(page: Value, metrics: (u16, Value)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (page, metrics) = (page.clone(), metrics.clone());
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|request: Request<Incoming>| {
                    let (page, metrics) = (page.clone(), metrics.clone());
                    async move { Ok::<_, hyper::Error>(answer(request, &page, &metrics).await) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    format!("http://{address}")
}

async fn answer(request: Request<Incoming>, page: &Value, metrics: &(u16, Value)) -> Response<Full<Bytes>> {
    let header =
        |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (status, body) = match (request.uri().path(), header("x-amz-target").as_str()) {
        ("/_devloop/status", _) if page.is_null() => (404, json!({ "message": "no such page" })),
        ("/_devloop/status", _) => (200, page.clone()),
        ("/", "GraniteServiceVersion20100801.GetMetricStatistics") => {
            assert!(
                header("authorization").contains("/eu-west-1/monitoring/"),
                "the functions' region is asked"
            );
            assert_eq!(header("content-type"), "application/x-amz-json-1.0");
            let input: Value =
                serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
            assert!(
                input["Statistics"].is_null() != input["ExtendedStatistics"].is_null(),
                "CloudWatch refuses both"
            );
            metrics.clone()
        }
        ("/", "GraniteServiceVersion20100801.GetMetricData") => (200, json!({ "MetricDataResults": [] })),
        ("/2015-03-31/functions/", _) => (404, json!({ "message": "no such service" })),
        other => panic!("{other:?}"),
    };
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_string()))).unwrap()
}

fn page(folder: &Path) -> Value {
    json!({ "functions": [{
        "name": "Up-1", "region": "eu-west-1", "folder": folder, "hot_reload": true, "deployed_digest": ABC, "answering_digest": ABC,
    }] })
}

fn pipeline(endpoint: &str) -> Pipeline {
    Pipeline::new(endpoint, Metric { namespace: "N".to_owned(), name: "M".to_owned() })
}

#[tokio::test]
async fn a_report_joins_the_page_the_disk_and_the_metric() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bootstrap"), "abc").unwrap();
    let point = json!({ "SampleCount": 3.0, "ExtendedStatistics": { "p50": 1.0, "p95": 2.0, "p99": 4.0 } });
    let endpoint = cloud(page(folder.path()), (200, json!({ "Datapoints": [point] }))).await;
    let report = pipeline(&format!("{endpoint}/")).report().await.unwrap();
    assert_eq!(report.endpoint, endpoint);
    assert!(report.at > 0);
    assert_eq!(report.functions[0].on_disk_digest.as_deref(), Some(ABC));
    let latency = report.latency.unwrap();
    assert_eq!((latency.count, latency.p50, latency.p95, latency.p99), (3, 1.0, 2.0, 4.0));
    assert_eq!(report.problems, []);
}

#[tokio::test]
async fn what_cannot_be_known_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = json!({ "message": "not today" });
    let endpoint = cloud(page(folder.path()), (400, refusal)).await;
    let report = pipeline(&endpoint).report().await.unwrap();
    let problems: Vec<_> =
        report.problems.iter().map(|problem| (problem.code.as_str(), problem.message.as_str())).collect();
    assert_eq!(problems[0].0, "bootstrap_missing");
    assert_eq!(problems[1], ("latency_unknown", "CloudWatch answers 400: not today"));
}

async fn check_problem(endpoint: &str, code: &str) {
    let problem = pipeline(endpoint).report().await.unwrap_err();
    assert_eq!(problem.code, code, "{}", problem.message);
    assert!(problem.message.contains(endpoint.trim_end_matches('/')), "{}", problem.message);
    assert!(problem.hint.is_some());
}

#[tokio::test]
async fn no_server_and_a_foreign_server_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    check_problem(&format!("http://{free}"), "cloud_unreachable").await;
    let refusal = (400, Value::Null);
    check_problem(&cloud(Value::Null, refusal.clone()).await, "cloud_foreign").await;
    check_problem(&cloud(json!({ "ok": true }), refusal.clone()).await, "cloud_foreign").await;
    check_problem(&cloud(json!([1]), refusal).await, "cloud_foreign").await;
}

#[test]
fn a_file_is_read_again_when_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = folder.path().join("bootstrap");
    let mut digests = Digests::default();
    assert_eq!(digests.of(folder.path()), OnDisk::Missing);
    assert_eq!(digests.of(&folder.path().join("nowhere")), OnDisk::Unknown);
    fs::write(&bootstrap, "abc").unwrap();
    assert_eq!(digests.of(folder.path()), OnDisk::Digest(ABC.to_owned()));
    let new = folder.path().join("new");
    fs::write(&new, "abd").unwrap();
    fs::rename(&new, &bootstrap).unwrap();
    assert!(matches!(digests.of(folder.path()), OnDisk::Digest(digest) if digest != ABC));
}
