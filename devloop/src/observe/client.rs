//! One HTTP request after the other to one endpoint.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How large it may be, in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// A client of one endpoint; keeps its connection.
pub(super) struct Client {
    endpoint: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// An answer with its status.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body, where it is JSON.
    pub(super) body: Option<Value>,
    /// It has LocalStack's header.
    pub(super) is_localstack: bool,
}

impl Client {
    /// A client of the endpoint, which is a URL such as `http://127.0.0.1:4566`.
    pub(super) fn new(endpoint: &str) -> Self {
        let http = HttpClient::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), http }
    }

    /// The endpoint without a slash at its end.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Gets a page of the endpoint. The error is a fragment that says why nobody answered.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Request::get(format!("{}{path}", self.endpoint)), Bytes::new()).await
    }

    /// Posts a JSON body to a page of the endpoint.
    pub(super) async fn post(&self, path: &str, body: String) -> Result<Answer, String> {
        let request =
            Request::post(format!("{}{path}", self.endpoint)).header("content-type", "application/json");
        self.send(request, Bytes::from(body)).await
    }

    /// Calls an operation with AWS's JSON 1.0 protocol. Nothing is signed: the scope only says which region is meant.
    pub(super) async fn call(
        &self,
        service: &str,
        region: &str,
        target: &str,
        input: &Value,
    ) -> Result<Answer, String> {
        let request = Request::post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .header("authorization", scope("devloop", region, service));
        self.send(request, Bytes::from(input.to_string())).await
    }

    /// Gets a path of a service.
    pub(super) async fn get_of(&self, service: &str, region: &str, path: &str) -> Result<Answer, String> {
        let request = Request::get(format!("{}{path}", self.endpoint))
            .header("authorization", scope("test", region, service));
        self.send(request, Bytes::new()).await
    }

    async fn send(&self, request: hyper::http::request::Builder, body: Bytes) -> Result<Answer, String> {
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let answer = async {
            let response = self.http.request(request).await.map_err(|error| cause(&error))?;
            let status = response.status().as_u16();
            let is_localstack = response.headers().get("x-localstack").is_some_and(|value| value == "true");
            let body = Limited::new(response.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| format!("the answer broke off: {error}"))?;
            Ok(Answer { status, body: serde_json::from_slice(&body.to_bytes()).ok(), is_localstack })
        };
        tokio::time::timeout(LIMIT, answer)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())))
    }
}

/// The last of the causes, which is the operating system's word; the ones before it only say that there is one.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// A signature's outside: who asks, where and what. Nobody looks into it.
fn scope(key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/19700101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}
