//! The way to the services: Lambda and S3 through AWS's SDK, and a signed request of our own for what is asked of others.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Method, Request};
use serde_json::Value;

use crate::http::{self, Bounds, Scope, sign};
use crate::target::api::sdk::Sdk;
use crate::target::api::{ApiError, Credentials, Endpoints, segment};

/// How large an answer may be, in bytes: Lambda's largest zip and room for its envelope.
const MAX_ANSWER: usize = 300 << 20;

/// How often a request is sent at most.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; it doubles.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What is asked.
#[derive(Debug, Clone)]
pub(in crate::target) struct Call {
    /// The service as its endpoint and its signatures name it.
    pub(in crate::target) service: &'static str,
    /// The HTTP method.
    pub(in crate::target) method: Method,
    /// The path, encoded.
    pub(in crate::target) path: &'static str,
    /// Headers beside the signature's.
    pub(in crate::target) headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub(in crate::target) body: String,
}

impl Call {
    /// A page of the endpoint itself, which no service has.
    pub(in crate::target) fn page(path: &'static str) -> Self {
        Self { service: "lambda", method: Method::GET, path, headers: Vec::new(), body: String::new() }
    }

    /// An operation of a service that speaks AWS's query protocol.
    pub(in crate::target) fn query(
        service: &'static str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        let parameters = parameters.iter().map(|(name, value)| format!("&{name}={}", segment(value)));
        let body = format!("Action={action}&Version={version}{}", parameters.collect::<String>());
        let headers = vec![("content-type", "application/x-www-form-urlencoded")];
        Self { service, method: Method::POST, path: "/", headers, body }
    }

    /// An operation of a service that speaks AWS's JSON protocol.
    pub(in crate::target) fn json(service: &'static str, target: &'static str, input: &Value) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        Self { service, method: Method::POST, path: "/", headers, body: input.to_string() }
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
    http: http::Client,
    endpoints: Endpoints,
    region: String,
    credentials: Credentials,
    limit: Duration,
    /// Made when it is first needed: what only asks for a page does without.
    sdk: OnceLock<Sdk>,
}

impl Client {
    /// A client that waits this long for an answer.
    pub(in crate::target) fn new(
        endpoints: Endpoints,
        region: &str,
        credentials: Credentials,
        limit: Duration,
    ) -> Self {
        let http = http::Client::new(endpoints.trust(), Bounds { time: limit, bytes: MAX_ANSWER });
        Self { http, endpoints, region: region.to_owned(), credentials, limit, sdk: OnceLock::new() }
    }

    /// The region that is asked.
    pub(in crate::target) fn region(&self) -> &str {
        &self.region
    }

    /// The URL of a service.
    pub(in crate::target) fn endpoint(&self, service: &str) -> String {
        self.endpoints.of(service, &self.region)
    }

    /// How long an answer may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// The generated clients.
    pub(super) fn sdk(&self) -> &Sdk {
        self.sdk.get_or_init(|| Sdk::new(&self.endpoints, &self.region, &self.credentials, self.limit))
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
        let request = Request::get(url).body(Bytes::new());
        let request = request.map_err(|_| ApiError::Unreadable(format!("the URL {}", bare(url))))?;
        self.exchange(request, bare(url)).await.map(|answer| answer.body)
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, ApiError> {
        let endpoint = self.endpoint(call.service);
        let mut request = Request::builder().method(&call.method).uri(format!("{endpoint}{}", call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Bytes::from(call.body.clone())).map_err(|error| {
            ApiError::Unreachable { endpoint: endpoint.clone(), reason: error.to_string() }
        })?;
        let scope = Scope { service: call.service, region: &self.region };
        sign(&mut request, scope, &self.credentials.keys().await?).map_err(ApiError::Credentials)?;
        self.exchange(request, &endpoint).await
    }

    async fn exchange(&self, request: Request<Bytes>, endpoint: &str) -> Result<Answer, ApiError> {
        let unreachable = |reason| ApiError::Unreachable { endpoint: endpoint.to_owned(), reason };
        let (parts, body) = self.http.send(request).await.map_err(unreachable)?.into_parts();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        if answer.status >= 300 { Err(refusal(&answer)) } else { Ok(answer) }
    }
}

/// A URL without its query, which may hold a signature.
pub(in crate::target) fn bare(url: &str) -> &str {
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
        .or_else(|| element(&text, "Code"));
    // `ResourceConflictException:http://internal...`, `com.amazon#ResourceConflictException`
    let code = code.as_deref().and_then(|code| code.split(':').next()?.rsplit('#').next());
    let message = member(&["Message", "message", "errorMessage"]).or_else(|| element(&text, "Message"));
    ApiError::refused(answer.status, code, message.as_deref(), &answer.body)
}

/// What stands in an XML error's element.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::{Answer, Call, refusal};

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
    fn a_query_encodes_its_values() {
        let call = Call::query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", "a&b")]);
        assert_eq!(call.body, "Action=DescribeStacks&Version=2010-05-15&StackName=a%26b");
    }
}
