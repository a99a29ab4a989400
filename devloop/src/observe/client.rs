//! One HTTP request after the other to one cloud, signed where there are keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::header::HeaderValue;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How large it may be, in bytes.
const MAX_ANSWER: usize = 16 << 20;

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
    keys: Option<Keys>,
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
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
        // Reading the system's certificates takes longer than asking an endpoint in plain text.
        let roots =
            (place == Place::Aws).then(|| HttpsConnectorBuilder::new().with_native_roots().ok()).flatten();
        let builder = roots.unwrap_or_else(|| HttpsConnectorBuilder::new().with_tls_config(without_roots()));
        let connector = builder.https_or_http().enable_http1().build();
        let shown = match &place {
            Place::Endpoint(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            Place::Aws => "AWS".to_owned(),
        };
        let http = HttpClient::builder(TokioExecutor::new()).build(connector);
        Self { place, shown, keys, http, sent: AtomicU64::new(0) }
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

    /// Where a service is `[AWS service endpoints]`.
    pub(super) fn base(&self, service: &str, region: &str) -> String {
        match &self.place {
            Place::Endpoint(_) => self.shown.clone(),
            Place::Aws => {
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://{service}.{region}.amazonaws.com{china}")
            }
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
        let scope = service.rsplit('.').next().unwrap_or(service);
        self.authorize(scope, region, &mut request, input.to_string().as_bytes())?;
        self.send(request).await
    }

    /// Gets a page of a service with a REST API.
    pub(super) async fn rest(&self, service: &str, region: &str, path: &str) -> Result<Answer, String> {
        let request = Request::get(format!("{}{path}", self.base(service, region)));
        let mut request = built(request, Bytes::new())?;
        self.authorize(service, region, &mut request, b"")?;
        self.send(request).await
    }

    /// Signs the request. Without keys the signature is none, and only its scope says which region is meant.
    fn authorize(
        &self,
        service: &str,
        region: &str,
        request: &mut Request<Full<Bytes>>,
        body: &[u8],
    ) -> Result<(), String> {
        let Some(keys) = &self.keys else {
            let scope = format!("devloop/19700101/{region}/{service}/aws4_request");
            let value = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            request.headers_mut().insert("authorization", value);
            return Ok(());
        };
        let unsignable = |error: &dyn std::fmt::Display| format!("sign the request: {error}");
        let identity =
            Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "environment").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsignable(&error))?
            .into();
        let uri = request.uri().to_string();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable =
            SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(body))
                .map_err(|error| unsignable(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsignable(&error))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        self.sent.fetch_add(1, Ordering::Relaxed);
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

fn built(request: hyper::http::request::Builder, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
    request.body(Full::new(body)).map_err(|error| error.to_string())
}

/// TLS that trusts nobody: an endpoint of this machine speaks plain HTTP.
fn without_roots() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

/// The last of the causes, which is the operating system's word; the ones before it only say that there is one.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
