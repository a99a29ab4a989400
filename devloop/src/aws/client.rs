//! A client of the services of one cloud.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{HeaderMap, Request};
use serde_json::Value;

use crate::aws::http::Http;
use crate::aws::retry::{ATTEMPTS, FIRST_PAUSE};
use crate::aws::sign::{Scope, sign, unsigned};
use crate::aws::{Answer, ApiError, Bounds, Call, Endpoints, Keys, Trust};

/// A client that keeps its connections.
pub(crate) struct Client {
    http: Http,
    pub(super) endpoints: Endpoints,
    pub(super) keys: Keys,
    pub(super) trust: Trust,
    pub(super) bounds: Bounds,
    /// How many requests were sent so far.
    sent: AtomicU64,
}

impl Client {
    /// A client of these services. The time and the size of each answer are bounded.
    pub(crate) fn new(endpoints: Endpoints, keys: Keys, trust: Trust, bounds: Bounds) -> Self {
        let http = Http::new((!endpoints.is_plain()).then_some(&trust), bounds);
        Self { http, endpoints, keys, trust, bounds, sent: AtomicU64::new(0) }
    }

    /// The endpoint without a slash at its end, or AWS's name.
    pub(crate) fn shown(&self) -> &str {
        self.endpoints.shown()
    }

    /// Where the services are.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What requests are signed with.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The authorities that it trusts.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Whether AWS itself is asked, where requests cost money and have limits.
    pub(crate) fn is_aws(&self) -> bool {
        self.endpoints.is_aws()
    }

    /// How many requests were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Where a service is.
    pub(crate) fn base(&self, service: &str, region: &str) -> String {
        self.endpoints.of(service, region)
    }

    /// Sends the request once. A refusal is an answer like others; where there is no answer, the error is a fragment that says why.
    pub(crate) async fn send(&self, region: &str, call: &Call<'_>) -> Result<Answer, String> {
        self.send_once(region, call).await.map_err(ApiError::reason)
    }

    /// Sends the request, and sends it again while the service throttles or a gateway fails. A refusal is an error.
    pub(crate) async fn ask(&self, region: &str, call: &Call<'_>) -> Result<Answer, ApiError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.send_once(region, call).await.and_then(accepted) {
                Err(error) if error.is_throttle() || matches!(error.status(), 502..=504) => {}
                result => return result,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.send_once(region, call).await.and_then(accepted)
    }

    /// Gets a URL that carries its own signature.
    pub(crate) async fn download(&self, url: &str) -> Result<Bytes, ApiError> {
        let shown = without_query(url);
        let request = Request::get(url).body(Bytes::new());
        let request = request.map_err(|_| ApiError::Unreadable(format!("the URL {shown}")))?;
        self.exchange(request, shown).await.and_then(accepted).map(|answer| answer.body)
    }

    async fn send_once(&self, region: &str, call: &Call<'_>) -> Result<Answer, ApiError> {
        let base = match call.service {
            Some(service) => self.base(service, region),
            None => self.shown().to_owned(),
        };
        let mut request = Request::builder().method(&call.method).uri(format!("{base}{}", call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value.as_ref());
        }
        let mut request = request
            .body(call.body.clone())
            .map_err(|error| ApiError::Unreachable { endpoint: base.clone(), reason: error.to_string() })?;
        if let Some(service) = call.service {
            // A service with a longer host name, such as `streams.dynamodb`, signs with the last part of that name.
            let service = service.rsplit('.').next().unwrap_or(service);
            self.authorize(&mut request, Scope { service, region }).await?;
        }
        self.exchange(request, &base).await
    }

    /// Signs the request. Without keys it gets a placeholder whose scope says which region is meant.
    async fn authorize(&self, request: &mut Request<Bytes>, scope: Scope<'_>) -> Result<(), ApiError> {
        if let Some(keys) = self.keys.now().await? {
            return sign(request, scope, &keys).map_err(ApiError::Credentials);
        }
        let value = HeaderValue::try_from(unsigned(scope));
        request
            .headers_mut()
            .insert(AUTHORIZATION, value.map_err(|error| ApiError::Unsendable(error.to_string()))?);
        Ok(())
    }

    async fn exchange(&self, request: Request<Bytes>, endpoint: &str) -> Result<Answer, ApiError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let unreachable = |reason| ApiError::Unreachable { endpoint: endpoint.to_owned(), reason };
        let (parts, body) = self.http.send(request).await.map_err(unreachable)?.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// A URL without its query, which may hold a signature.
pub(crate) fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// The answer, unless it is a refusal.
fn accepted(answer: Answer) -> Result<Answer, ApiError> {
    if answer.status >= 300 { Err(refusal(answer.status, &answer.headers, &answer.body)) } else { Ok(answer) }
}

/// The service's error code and message, whichever protocol it speaks.
fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> ApiError {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let text = String::from_utf8_lossy(body);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str().map(str::to_owned));
    let code = header("x-amzn-errortype")
        .map(str::to_owned)
        .or_else(|| member(&["__type", "code"]))
        .or_else(|| element(&text, "Code"));
    // `ResourceConflictException:http://internal...`, `com.amazon#ResourceConflictException`
    let code = code.as_deref().and_then(|code| code.split(':').next()?.rsplit('#').next());
    let message = member(&["Message", "message", "errorMessage"]).or_else(|| element(&text, "Message"));
    ApiError::refused(status, code, message.as_deref(), body)
}

/// The text of an XML error's element.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::refusal;

    fn check(status: u16, header: Option<&str>, body: &str, expected: &str) {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-errortype", header.parse().unwrap());
        }
        assert_eq!(refusal(status, &headers, body.as_bytes()).to_string(), expected);
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
}
