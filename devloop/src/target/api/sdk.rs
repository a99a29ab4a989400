//! AWS's generated clients of Lambda and S3, and what their errors mean here.

use std::error::Error;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::config::interceptors::InterceptorContext;
use aws_sdk_lambda::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::config::RequestChecksumCalculation;

use crate::http::{cause, connector};
use crate::target::api::client::{ATTEMPTS, Client, FIRST_PAUSE};
use crate::target::api::{ApiError, Credentials, Endpoints};

/// The generated clients, which share their connections.
pub(super) struct Sdk {
    /// Lambda's.
    pub(super) lambda: aws_sdk_lambda::Client,
    /// S3's.
    pub(super) s3: aws_sdk_s3::Client,
}

impl Sdk {
    /// Clients that wait this long for an answer.
    pub(super) fn new(
        endpoints: &Endpoints,
        region: &str,
        credentials: &Credentials,
        limit: Duration,
    ) -> Self {
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(credentials.provider())
            // Keys that a new login has brought must not wait for the old ones to leave a cache.
            .identity_cache(IdentityCache::no_cache())
            .http_client(connector(endpoints.trust()))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(limit).build())
            .retry_config(
                RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE),
            )
            // A zip goes up as a whole; how long that may take is the limit's to say.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let mut lambda = aws_sdk_lambda::config::Builder::from(&shared).retry_classifier(Patience);
        lambda.set_endpoint_url(endpoints.own("lambda").map(str::to_owned));
        let own = endpoints.own("s3");
        let mut s3 = aws_sdk_s3::config::Builder::from(&shared)
            .retry_classifier(Patience)
            // There is no name below an endpoint's for every bucket.
            .force_path_style(own.is_some())
            // The signature covers the content already, and not every server knows the checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        s3.set_endpoint_url(own.map(str::to_owned));
        Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
        }
    }
}

/// Only services that ask for patience, or a gateway before them that breaks down, are asked again. `LocalStack`'s word that a
/// function is lost is a status 500, and where nobody listens nobody will in three seconds either.
#[derive(Debug)]
struct Patience;

impl ClassifyRetry for Patience {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            None | Some(500) => RetryAction::RetryForbidden,
            Some(_) => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "patience"
    }
}

impl Client {
    /// The error of a generated client in our words.
    pub(super) fn failure<E>(&self, service: &str, error: &SdkError<E>) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let unreachable = |reason| ApiError::Unreachable { endpoint: self.endpoint(service), reason };
        match error {
            SdkError::ServiceError(refusal) => {
                let (raw, said) = (refusal.raw(), refusal.err().meta());
                let body = raw.body().bytes().unwrap_or_default();
                ApiError::refused(raw.status().as_u16(), said.code(), said.message(), body)
            }
            SdkError::TimeoutError(_) => {
                unreachable(format!("no answer within {} s", self.limit().as_secs()))
            }
            SdkError::ResponseError(_) => ApiError::Unreadable(cause(error)),
            other => match credentials_error(other) {
                Some(error) => error.into(),
                None if matches!(other, SdkError::DispatchFailure(_)) => unreachable(cause(other)),
                None => ApiError::Unsendable(cause(other)),
            },
        }
    }
}

/// The SDK asks for keys on its way, and wraps what it hears.
fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => credentials_error(error.source()?),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::target::api::{ApiError, Client, Credentials, Endpoints, Lambda};

    /// Asks for a function at a server with these answers, one for each connection; what came of it, and how many it gave.
    async fn ask(answers: &[(u16, &str, &str)]) -> (Result<bool, ApiError>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers
            .iter()
            .map(|(status, code, body)| {
                format!(
                    "HTTP/1.1 {status} X\r\nx-amzn-errortype: {code}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
            })
            .collect();
        let serving = tokio::spawn(async move {
            let mut given = 0;
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept().await else { break };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    request.push(byte);
                }
                let _ = stream.write_all(answer.as_bytes()).await;
                given += 1;
            }
            given
        });
        let endpoints = Endpoints { all: Some(url), single: [].into() };
        let client = Client::new(endpoints, "us-east-1", Credentials::fixed("test"), Duration::from_secs(10));
        let result = Lambda(&client).get("up").await.map(|found| found.is_some());
        // Whoever would ask once more gets no answer, and that shows.
        let given = tokio::time::timeout(Duration::from_secs(10), serving).await.unwrap().unwrap();
        (result, given)
    }

    const FOUND: (u16, &str, &str) = (200, "", r#"{"Configuration":{"FunctionName":"up"}}"#);

    #[tokio::test]
    async fn a_service_that_asks_for_patience_is_asked_again() {
        let throttle = (429, "TooManyRequestsException", r#"{"message":"slower"}"#);
        assert_eq!(ask(&[throttle, (503, "", "down"), FOUND]).await, (Ok(true), 3));
        let refused = ask(&[throttle; 5]).await.0.unwrap_err();
        assert_eq!(refused.to_string(), "TooManyRequestsException: slower");
        assert_eq!(refused.problem("look").code, "throttled");
    }

    #[tokio::test]
    async fn a_refusal_is_told_at_once() {
        let broken = (500, "InternalError", r#"{"message":"cannot be updated"}"#);
        let (result, given) = ask(&[broken]).await;
        assert_eq!(
            (result.unwrap_err().to_string().as_str(), given),
            ("InternalError: cannot be updated", 1)
        );
        assert_eq!(ask(&[(404, "ResourceNotFoundException", "{}")]).await, (Ok(false), 1));
        let odd = ask(&[(403, "", "<html>no</html>")]).await.0.unwrap_err();
        assert_eq!(odd.to_string(), "status 403: <html>no</html>");
    }

    #[tokio::test]
    async fn nobody_at_the_endpoint_is_told_by_name() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let endpoints = Endpoints { all: Some(format!("http://{free}/")), single: [].into() };
        let client = Client::new(endpoints, "us-east-1", Credentials::fixed("test"), Duration::from_secs(10));
        let error = Lambda(&client).get("up").await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("http://{free} does not answer: Connection refused")), "{error}");
    }
}
