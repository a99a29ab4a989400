//! HTTP to the cloud: one connection for each user of the load, and the few calls that read results.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Uri};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// A kept connection to the API.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    uri: Uri,
}

impl Connection {
    /// Connects to the URL's host.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().context("the API's URL")?;
        let host = uri.authority().context("the API's host")?.as_str();
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, uri })
    }

    /// Posts one message and returns the status once the whole answer is there.
    pub(crate) async fn post(&mut self, run: &str, body: Bytes) -> Result<u16> {
        self.sender.ready().await?;
        let request = Request::post(self.uri.path())
            .header("host", self.uri.authority().map_or("", |host| host.as_str()))
            .header("content-type", "application/json")
            .header("x-run-id", run)
            .body(Full::new(body))?;
        let response = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        response.into_body().collect().await?;
        Ok(status)
    }
}

/// Reads the cloud's state and logs.
pub(crate) struct Client {
    endpoint: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client of the endpoint.
    pub(crate) fn new(endpoint: &str) -> Result<Self> {
        ensure!(endpoint.starts_with("http://"), "{endpoint} is not a plain HTTP endpoint");
        let http = HttpClient::builder(TokioExecutor::new()).build(HttpConnector::new());
        Ok(Self { endpoint: endpoint.to_owned(), http })
    }

    /// How many records the mappings have not settled yet.
    pub(crate) async fn backlog(&self) -> Result<u64> {
        let status = self.status().await?;
        let mappings = status["mappings"].as_array().context("the status names no mappings")?;
        Ok(mappings.iter().filter_map(|mapping| mapping["lag_records"].as_u64()).sum())
    }

    /// The log group of the function whose code is the binary.
    pub(crate) async fn log_group(&self, binary: &str) -> Result<String> {
        let status = self.status().await?;
        let functions = status["functions"].as_array().context("the status names no functions")?;
        let of_binary = |function: &&Value| {
            function["folder"].as_str().is_some_and(|folder| folder.ends_with(&format!("/{binary}")))
        };
        let function =
            functions.iter().find(of_binary).with_context(|| format!("no function runs {binary}"))?;
        Ok(format!("/aws/lambda/{}", function["name"].as_str().unwrap_or_default()))
    }

    /// Calls an operation of CloudWatch Logs.
    pub(crate) async fn logs(&self, operation: &str, input: &Value) -> Result<Value> {
        let request = Request::post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Logs_20140328.{operation}"));
        self.send(request, input.to_string()).await
    }

    async fn status(&self) -> Result<Value> {
        self.send(Request::get(format!("{}/_devloop/status", self.endpoint)), String::new()).await
    }

    async fn send(&self, request: hyper::http::request::Builder, body: String) -> Result<Value> {
        let response = self.http.request(request.body(Full::new(body.into()))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let value = serde_json::from_slice(&body).unwrap_or(json!(null));
        ensure!(status.is_success(), "the cloud answered {status}: {value}");
        Ok(value)
    }
}
