//! The cloud's own pages: health and info as LocalStack serves them (its `services/internal.py`), and devloop's status.

use serde_json::{Value, json};

use crate::{
    cloud::Cloud,
    http::{Reply, Request},
};

/// The services that answer, as the health page lists them.
const SERVICES: [&str; 11] = [
    "apigateway",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "iam",
    "kinesis",
    "lambda",
    "logs",
    "sqs",
    "ssm",
    "sts",
];

/// Answers a request below `/_localstack/` or `/_devloop/`.
pub(crate) async fn answer(cloud: &Cloud, request: &Request) -> Reply {
    match (request.method.as_str(), request.path.as_str()) {
        ("HEAD", "/_localstack/health") => Reply::empty(200),
        ("GET", "/_localstack/health") => Reply::json(200, &health()),
        ("GET", "/_localstack/info") => Reply::json(200, &info(cloud)),
        ("GET", "/_devloop/status") => Reply::json(200, &cloud.status().await),
        (_, path) => Reply::json(404, &json!({ "message": format!("the cloud has no page {path}") })),
    }
}

fn health() -> Value {
    let services: serde_json::Map<String, Value> =
        SERVICES.iter().map(|name| ((*name).to_owned(), "running".into())).collect();
    json!({ "services": services, "edition": "devloop", "version": env!("CARGO_PKG_VERSION") })
}

fn info(cloud: &Cloud) -> Value {
    let now = cloud.0.options.clock.now_ms();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "edition": "devloop",
        "is_license_activated": false,
        "session_id": cloud.0.session,
        "machine_id": "devloop",
        "system": std::env::consts::OS,
        "is_docker": false,
        "server_time_utc": crate::wire::iso(now),
        "uptime": (now - cloud.0.started_ms) / 1000,
    })
}
