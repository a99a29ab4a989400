//! Deliveries to HTTP endpoints of this machine [Fanout of Amazon SNS notifications to HTTP/S endpoints].

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Uri};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{input::invalid, store::Subscription};
use crate::error::ApiError;

/// The most of an endpoint's answer that is read, in bytes; nothing of it is used.
const MOST_READ: usize = 64 << 10;

/// A client that keeps its connections.
#[derive(Debug, Clone)]
pub(super) struct Poster(Client<HttpConnector, Full<Bytes>>);

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Trying again may help.
    Temporary(String),
    /// The endpoint does not want it.
    Permanent(String),
}

impl Poster {
    pub(super) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Posts one document of this kind (`Notification`, `SubscriptionConfirmation`).
    pub(super) async fn post(
        &self,
        subscription: &Subscription,
        kind: &str,
        (message_id, raw): (&str, bool),
        body: String,
    ) -> Result<(), Failure> {
        let request = Request::post(&subscription.endpoint)
            .header("content-type", "text/plain; charset=UTF-8")
            .header("user-agent", "Amazon Simple Notification Service Agent")
            .header("x-amz-sns-message-type", kind)
            .header("x-amz-sns-message-id", message_id)
            .header("x-amz-sns-topic-arn", &subscription.topic_arn)
            .header("x-amz-sns-subscription-arn", &subscription.arn);
        let request = if raw { request.header("x-amz-sns-rawdelivery", "true") } else { request };
        let request =
            request.body(Full::from(body)).map_err(|error| Failure::Permanent(error.to_string()))?;
        let answer = self.0.request(request).await.map_err(|error| Failure::Temporary(error.to_string()))?;
        let status = answer.status();
        // Read to the end, so that the connection can be used again; what is too long or broken closes it.
        let _ = Limited::new(answer.into_body(), MOST_READ).collect().await;
        match status.as_u16() {
            200..=299 => Ok(()),
            429 | 500.. => Err(Failure::Temporary(format!("the endpoint answered {status}"))),
            _ => Err(Failure::Permanent(format!("the endpoint answered {status}"))),
        }
    }
}

/// Refuses an endpoint that is not on this machine.
pub(super) fn check(endpoint: &str) -> Result<(), ApiError> {
    let uri: Uri = endpoint.parse().map_err(|_| invalid("Endpoint"))?;
    if uri.scheme_str() != Some("http") {
        return Err(invalid("Endpoint must match the specified protocol"));
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if loopback || host == "localhost" || host.ends_with(".localhost") {
        Ok(())
    } else {
        Err(ApiError::unsupported(format_args!(
            "HTTP subscriptions outside this machine (sns:Endpoint {endpoint})"
        )))
    }
}
