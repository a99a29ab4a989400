//! The fallback: another local AWS that gets the requests for services which the cloud lacks.

use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Uri,
    header::{CONNECTION, HOST, TRANSFER_ENCODING},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::route::scope;
use crate::{
    error::ApiError,
    http::{Reply, Request, is_this_machine},
    registry::Registry,
};

/// The largest answer that the gateway passes on, in bytes.
const LARGEST: usize = 70 << 20;

/// Where requests for missing services go, and the services for which it has received some.
#[derive(Debug)]
pub(super) struct Fallback {
    endpoint: String,
    client: Client<HttpConnector, Full<Bytes>>,
    /// The signing names of these services; [`MOST`] at most.
    seen: Mutex<BTreeSet<String>>,
}

/// The most names that are kept: a client may write anything into a signature.
const MOST: usize = 500;

impl Fallback {
    /// The fallback at `endpoint`. Only an address of this machine is accepted: nothing is ever passed on to AWS itself.
    pub(super) fn new(endpoint: &str) -> Result<Self, String> {
        let uri: Uri = endpoint.parse().map_err(|error| format!("{endpoint} is no URL: {error}"))?;
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("http") || !is_this_machine(host) {
            return Err(format!(
                "{endpoint} is not on this machine: a fallback is http://127.0.0.1:PORT or http://localhost:PORT"
            ));
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), client, seen: Mutex::default() })
    }

    /// The service of a request when `registry` does not have it. `None` for an unsigned request, whose service is unknown.
    pub(super) fn takes(request: &Request, registry: &Registry) -> Option<String> {
        let (_, service) = scope(&request.headers)?;
        registry.by_signing(service).next().is_none().then(|| service.to_owned())
    }

    /// Passes a request on and returns the answer of the other AWS.
    pub(super) async fn pass(&self, service: String, request: Request) -> Reply {
        self.note(&service);
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let mut passed = hyper::Request::builder()
            .method(request.method)
            .uri(format!("{}{}{query}", self.endpoint, request.path));
        for (name, value) in &request.headers {
            // The connection to the other server has its own host and its own framing.
            if ![HOST, CONNECTION, TRANSFER_ENCODING].contains(name) {
                passed = passed.header(name, value);
            }
        }
        let answer = async {
            let passed = passed.body(Full::new(request.body)).map_err(|error| error.to_string())?;
            let answer = self.client.request(passed).await.map_err(|error| error.to_string())?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>((parts, body.to_bytes()))
        };
        match answer.await {
            Ok((parts, body)) => {
                let mut headers = parts.headers;
                headers.remove(CONNECTION);
                headers.remove(TRANSFER_ENCODING);
                Reply { status: parts.status.as_u16(), headers, body, stream: None }
            }
            Err(why) => {
                let message = format!(
                    "the fallback {} did not answer for the service `{service}`: {why}",
                    self.endpoint
                );
                Reply::error(&ApiError::with_status(502, "FallbackFailure", message))
            }
        }
    }

    /// Logs a service when it appears for the first time.
    fn note(&self, service: &str) {
        let mut seen = self.seen.lock();
        if seen.len() < MOST && seen.insert(service.to_owned()) {
            tracing::warn!(
                service,
                fallback = self.endpoint,
                "the embedded cloud lacks this service; its requests go to the fallback"
            );
        }
    }

    /// The fallback as the status page shows it.
    pub(super) fn shown(&self) -> Value {
        json!({ "endpoint": self.endpoint, "services": *self.seen.lock() })
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Method, body::Incoming, service::service_fn};
    use hyper_util::rt::TokioIo;

    use super::*;
    use crate::cloud::{Cloud, Options};

    #[test]
    fn only_this_machine_is_a_fallback() {
        for endpoint in ["http://127.0.0.1:5000", "http://localhost:5000/"] {
            assert!(Fallback::new(endpoint).is_ok(), "{endpoint}");
        }
        let others = [
            "https://sts.amazonaws.com",
            "http://10.0.0.1:5000",
            "http://example.com",
            "https://localhost",
            "x y",
        ];
        for endpoint in others {
            assert!(Fallback::new(endpoint).is_err(), "{endpoint}");
        }
    }

    /// Another AWS, which answers with the request that it received.
    async fn other() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = service_fn(|request: hyper::Request<Incoming>| async move {
                    let asked = format!("{} {}", request.method(), request.uri());
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let body = format!("{asked} {}", String::from_utf8_lossy(&body));
                    let answer = hyper::Response::builder().status(418).header("x-own", "kept");
                    answer.body(Full::new(Bytes::from(body)))
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
                );
            }
        });
        endpoint
    }

    fn request(service: &str) -> Request {
        let mut headers = HeaderMap::new();
        let credential =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
        headers.insert("authorization", credential.parse().unwrap());
        headers.insert("host", "127.0.0.1:4566".parse().unwrap());
        Request {
            method: Method::POST,
            path: "/a%20b".to_owned(),
            query: "c=d".to_owned(),
            headers,
            body: Bytes::from_static(b"{}"),
            peer: [127, 0, 0, 1].into(),
        }
    }

    #[tokio::test]
    async fn requests_for_services_that_are_not_here_go_to_the_fallback_and_no_others() {
        let cloud = Cloud::new(Options::default());
        let ask = async |service: &str| {
            let request = request(service);
            let body = crate::http::Arriving::new(Full::new(request.body.clone()));
            super::super::answer(&cloud.0.pages, request, body).await
        };
        let refusal = ask("kms").await;
        let text = String::from_utf8(refusal.body.to_vec()).unwrap();
        assert!(refusal.status == 404 && text.contains("`--fallback URL`"), "{text}");
        cloud.fall_back_to(&other().await).unwrap();
        let passed = ask("kms").await;
        assert_eq!((passed.status, &passed.body[..]), (418, b"POST /a%20b?c=d {}".as_slice()));
        assert_eq!(passed.headers["x-own"], "kept");
        assert_ne!(ask("dynamodb").await.status, 418);
        assert_eq!(cloud.status().await["fallback"]["services"], json!(["kms"]));
    }
}
