//! One signed request after the other.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Method, Request};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::target::api::{ApiError, Credentials, segment};

/// How large an answer may be, in bytes: Lambda's largest zip and room for its envelope.
const MAX_ANSWER: usize = 300 << 20;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Where the services are.
#[derive(Debug, Clone)]
pub(in crate::target) struct Endpoints {
    /// The one URL of all services, where there is one.
    pub(in crate::target) all: Option<String>,
    /// The URLs of single services.
    pub(in crate::target) single: BTreeMap<&'static str, String>,
}

impl Endpoints {
    /// The service's URL, without a slash at its end.
    pub(in crate::target) fn of(&self, service: &str, region: &str) -> String {
        let named = self.single.get(service).or(self.all.as_ref());
        let url =
            named.map_or_else(|| format!("https://{service}.{region}.{}", suffix(region)), Clone::clone);
        url.trim_end_matches('/').to_owned()
    }

    /// The URLs that the user named instead of AWS's own.
    pub(in crate::target) fn named(&self) -> Vec<&str> {
        self.all.iter().chain(self.single.values()).map(String::as_str).collect()
    }
}

/// The domain of the region's partition `[AWS service endpoints]`.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// What is asked.
#[derive(Debug, Clone)]
pub(in crate::target) struct Call {
    /// The service as its endpoint and its signatures name it.
    pub(in crate::target) service: &'static str,
    /// The HTTP method.
    pub(in crate::target) method: Method,
    /// The path, encoded.
    pub(in crate::target) path: String,
    /// The query; values are encoded when they are sent.
    pub(in crate::target) query: Vec<(&'static str, String)>,
    /// Headers beside the signature's.
    pub(in crate::target) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(in crate::target) body: Bytes,
}

impl Call {
    /// A request without query, headers and body.
    pub(in crate::target) fn new(service: &'static str, method: Method, path: String) -> Self {
        Self { service, method, path, query: Vec::new(), headers: Vec::new(), body: Bytes::new() }
    }
}

/// An answer that is no refusal.
#[derive(Debug, Clone)]
pub(in crate::target) struct Answer {
    /// The HTTP status.
    pub(in crate::target) status: u16,
    /// The headers.
    pub(in crate::target) headers: HeaderMap,
    /// The body.
    pub(in crate::target) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub(in crate::target) fn json(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::Unreadable(error.to_string()))
    }
}

/// A client of the services in one region.
pub(in crate::target) struct Client {
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoints: Endpoints,
    region: String,
    credentials: Credentials,
    limit: Duration,
}

impl Client {
    /// A client that waits this long for an answer.
    pub(in crate::target) fn new(
        endpoints: Endpoints,
        region: &str,
        credentials: Credentials,
        limit: Duration,
    ) -> Self {
        let roots = HttpsConnectorBuilder::new().with_native_roots();
        // Without certificates on this machine every https:// fails by name, and plain endpoints still answer.
        let connector = match roots {
            Ok(builder) => builder.https_or_http().enable_http1().build(),
            Err(_) => HttpsConnectorBuilder::new()
                .with_tls_config(without_roots())
                .https_or_http()
                .enable_http1()
                .build(),
        };
        let http = HttpClient::builder(TokioExecutor::new()).build(connector);
        Self { http, endpoints, region: region.to_owned(), credentials, limit }
    }

    /// The region that is asked.
    pub(in crate::target) fn region(&self) -> &str {
        &self.region
    }

    /// The URL of a service.
    pub(in crate::target) fn endpoint(&self, service: &str) -> String {
        self.endpoints.of(service, &self.region)
    }

    /// Sends the request until the service neither asks for patience nor breaks down.
    pub(in crate::target) async fn send(&self, call: &Call) -> Result<Answer, ApiError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.send_once(call).await {
                Err(error) if error.is_throttle() || matches!(error.status(), 502..=504) => {}
                result => return result,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.send_once(call).await
    }

    /// Gets a URL that carries its own signature.
    pub(in crate::target) async fn download(&self, url: &str) -> Result<Bytes, ApiError> {
        let request = Request::get(url).body(Full::new(Bytes::new()));
        let request = request.map_err(|_| ApiError::Unreadable(format!("the URL {}", bare(url))))?;
        let answer = self.exchange(request, bare(url)).await?;
        if answer.status >= 300 {
            return Err(refusal(&answer));
        }
        Ok(answer.body)
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, ApiError> {
        let endpoint = self.endpoints.of(call.service, &self.region);
        let query: Vec<String> =
            call.query.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let uri = format!("{endpoint}{}{mark}{}", call.path, query.join("&"));
        let mut request = Request::builder().method(&call.method).uri(&uri);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Full::new(call.body.clone())).map_err(|error| {
            ApiError::Unreachable { endpoint: endpoint.clone(), reason: error.to_string() }
        })?;
        self.sign(call, &uri, &mut request).await?;
        let answer = self.exchange(request, &endpoint).await?;
        if answer.status >= 300 { Err(refusal(&answer)) } else { Ok(answer) }
    }

    async fn sign(&self, call: &Call, uri: &str, request: &mut Request<Full<Bytes>>) -> Result<(), ApiError> {
        let mut settings = SigningSettings::default();
        if call.service == "s3" {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let identity = self.credentials.keys().await?.into();
        let unsignable =
            |error: &dyn std::fmt::Display| ApiError::Credentials(format!("sign a request: {error}"));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(call.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| unsignable(&error))?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable =
            SignableRequest::new(call.method.as_str(), uri, headers, SignableBody::Bytes(&call.body))
                .map_err(|error| unsignable(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsignable(&error))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, endpoint: &str) -> Result<Answer, ApiError> {
        let unreachable = |reason: String| ApiError::Unreachable { endpoint: endpoint.to_owned(), reason };
        let answer = async {
            let response =
                self.http.request(request).await.map_err(|error| unreachable(last_cause(&error)))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await;
            let body =
                body.map_err(|error| unreachable(format!("the answer broke off: {error}")))?.to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::time::timeout(self.limit, answer)
            .await
            .unwrap_or_else(|_| Err(unreachable(format!("no answer within {} s", self.limit.as_secs()))))
    }
}

fn without_roots() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// A URL without its query, which may hold a signature.
fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// The service's code and words, whichever protocol it speaks.
fn refusal(answer: &Answer) -> ApiError {
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let text = String::from_utf8_lossy(&answer.body);
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let member = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str().map(str::to_owned));
    let code = header("x-amzn-errortype")
        .map(str::to_owned)
        .or_else(|| member(&["__type", "code"]))
        .or_else(|| element(&text, "Code"))
        .unwrap_or_else(|| format!("status {}", answer.status));
    // `ResourceConflictException:http://internal...`, `com.amazon#ResourceConflictException`
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    let message = member(&["Message", "message", "errorMessage"])
        .or_else(|| element(&text, "Message"))
        .unwrap_or_else(|| text.chars().take(200).collect());
    ApiError::Refused { status: answer.status, code, message }
}

/// What stands in an XML error's element.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}

/// The last of the causes, which is the operating system's word.
fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::{Answer, Endpoints, refusal};

    fn check(status: u16, header: Option<&str>, body: &str, expected: &str) {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-errortype", header.parse().unwrap());
        }
        let answer = Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) };
        assert_eq!(refusal(&answer).to_string(), expected);
    }

    #[test]
    fn refusals_of_every_protocol_are_read() {
        check(
            409,
            Some("ResourceConflictException:http://x/"),
            r#"{"Message":"busy"}"#,
            "ResourceConflictException: busy",
        );
        check(400, None, r#"{"__type":"com.a#Odd","message":"no"}"#, "Odd: no");
        check(
            404,
            None,
            "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>",
            "NoSuchBucket: none",
        );
        check(500, None, "broken", "status 500: broken");
    }

    #[test]
    fn a_services_own_endpoint_is_the_strongest() {
        let mut endpoints = Endpoints { all: None, single: [].into() };
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!(endpoints.of("s3", "cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
        endpoints.all = Some("http://127.0.0.1:1/".to_owned());
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "http://127.0.0.1:1");
        endpoints.single.insert("s3", "http://127.0.0.1:2".to_owned());
        assert_eq!(endpoints.of("s3", "eu-west-1"), "http://127.0.0.1:2");
        assert_eq!(endpoints.named(), ["http://127.0.0.1:1/", "http://127.0.0.1:2"]);
    }
}
