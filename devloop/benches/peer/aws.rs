//! The few AWS calls that deploying and counting need, over plain HTTP.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::http::request::Builder;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The region that everything is deployed to.
pub(crate) const REGION: &str = "us-east-1";

/// A client of one endpoint.
pub(crate) struct Aws {
    pub(crate) endpoint: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Aws {
    /// A client of the endpoint.
    pub(crate) fn new(endpoint: &str) -> Result<Self> {
        ensure!(endpoint.starts_with("http://"), "{endpoint} is not a plain HTTP endpoint");
        let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Ok(Self { endpoint: endpoint.to_owned(), http })
    }

    /// An operation of a service that is named in `X-Amz-Target`.
    pub(crate) async fn json(&self, service: &str, target: &str, input: Value) -> Result<Value> {
        let request = self
            .request(Method::POST, "/", service)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target);
        self.value(request, input.to_string()).await.with_context(|| target.to_owned())
    }

    /// An operation of a service with resources.
    pub(crate) async fn rest(
        &self,
        method: Method,
        path: &str,
        service: &str,
        input: Value,
    ) -> Result<Value> {
        let what = format!("{method} {path}");
        let request = self.request(method, path, service).header("content-type", "application/json");
        // What has no input has no body either: `null` would be one.
        let body = if input.is_null() { String::new() } else { input.to_string() };
        self.value(request, body).await.context(what)
    }

    /// An operation of the query protocol; the answer is XML.
    pub(crate) async fn query(&self, service: &str, form: String) -> Result<String> {
        let request = self
            .request(Method::POST, "/", service)
            .header("content-type", "application/x-www-form-urlencoded");
        let (status, body) = self.send(request, form).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        ensure!(status.is_success(), "{service} answered {status}: {text}");
        Ok(text)
    }

    fn request(&self, method: Method, path: &str, service: &str) -> Builder {
        // Local clouds read the scope of the signature, and leave the signature itself alone.
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20261120/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("authorization", scope)
            .header("x-amz-date", "20261120T000000Z")
    }

    async fn value(&self, request: Builder, body: String) -> Result<Value> {
        let (status, body) = self.send(request, body).await?;
        if !status.is_success() {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
    }

    async fn send(&self, request: Builder, body: String) -> Result<(StatusCode, Bytes)> {
        let response = self.http.request(request.body(Full::new(body.into()))?).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
