//! One HTTP request after the other to one cloud, signed where there are keys.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use hyper::Request;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value;

use crate::http::{self, Bounds, Scope, Trust, aws_url, sign, unsigned};

/// What an answer may take.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(5), bytes: 16 << 20 };

/// A cloud's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of them behind one URL such as `http://127.0.0.1:4566`.
    Endpoint(String),
    /// AWS's own, each with a host of its own.
    Aws,
}

/// Who asks. Without keys nothing is signed, which only AWS minds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The access key's id.
    pub(crate) id: String,
    /// Its secret.
    pub(crate) secret: String,
    /// The session token of a role's keys.
    pub(crate) token: Option<String>,
}

/// A client of one cloud; keeps its connections.
pub(super) struct Client {
    place: Place,
    /// The endpoint without a slash at its end, or AWS's name.
    shown: String,
    keys: Option<Credentials>,
    http: http::Client,
    sent: AtomicU64,
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
        Self::at(Place::Endpoint(endpoint.to_owned()), None)
    }

    /// A client of the place, with these keys.
    pub(super) fn at(place: Place, keys: Option<Keys>) -> Self {
        let (shown, trust) = match &place {
            Place::Endpoint(endpoint) => {
                (endpoint.trim_end_matches('/').to_owned(), Trust::for_urls([endpoint.as_str()]))
            }
            Place::Aws => ("AWS".to_owned(), Trust::Machine),
        };
        let keys = keys.map(|keys| Credentials::new(keys.id, keys.secret, keys.token, None, "environment"));
        Self { place, shown, keys, http: http::Client::new(trust, BOUNDS), sent: AtomicU64::new(0) }
    }

    /// The endpoint without a slash at its end, or AWS's name.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether AWS itself is asked.
    pub(super) fn is_aws(&self) -> bool {
        self.place == Place::Aws
    }

    /// How many requests were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Where a service is.
    pub(super) fn base(&self, service: &str, region: &str) -> String {
        match &self.place {
            Place::Endpoint(_) => self.shown.clone(),
            Place::Aws => aws_url(service, region),
        }
    }

    /// Gets a page of the endpoint. The error is a fragment that says why nobody answered.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(built(Request::get(format!("{}{path}", self.shown)), Bytes::new())?).await
    }

    /// Posts a JSON body to a page of the endpoint.
    pub(super) async fn post(&self, path: &str, body: String) -> Result<Answer, String> {
        let request =
            Request::post(format!("{}{path}", self.shown)).header("content-type", "application/json");
        self.send(built(request, Bytes::from(body))?).await
    }

    /// Calls an operation with AWS's JSON protocol.
    pub(super) async fn call(
        &self,
        service: &str,
        region: &str,
        target: &str,
        input: &Value,
    ) -> Result<Answer, String> {
        let version = if ["logs", "kinesis"].contains(&service) { "1.1" } else { "1.0" };
        let request = Request::post(format!("{}/", self.base(service, region)))
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", target);
        let mut request = built(request, Bytes::from(input.to_string()))?;
        // What answers under a longer name signs with its last part.
        let scope = Scope { service: service.rsplit('.').next().unwrap_or(service), region };
        self.authorize(&mut request, scope)?;
        self.send(request).await
    }

    /// Gets a page of a service with a REST API.
    pub(super) async fn rest(&self, service: &str, region: &str, path: &str) -> Result<Answer, String> {
        let request = Request::get(format!("{}{path}", self.base(service, region)));
        let mut request = built(request, Bytes::new())?;
        self.authorize(&mut request, Scope { service, region })?;
        self.send(request).await
    }

    /// Signs the request. Without keys the signature is none, and only its scope says which region is meant.
    fn authorize(&self, request: &mut Request<Bytes>, scope: Scope<'_>) -> Result<(), String> {
        if let Some(keys) = &self.keys {
            return sign(request, scope, keys);
        }
        let value = HeaderValue::try_from(unsigned(scope)).map_err(|error| error.to_string())?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Answer, String> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let response = self.http.send(request).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            body: serde_json::from_slice(response.body()).ok(),
            is_localstack: response.headers().get("x-localstack").is_some_and(|value| value == "true"),
        })
    }
}

fn built(request: hyper::http::request::Builder, body: Bytes) -> Result<Request<Bytes>, String> {
    request.body(body).map_err(|error| error.to_string())
}
