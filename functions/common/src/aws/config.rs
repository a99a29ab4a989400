//! One SDK configuration per environment.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::environment::optional;

/// The service that a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Kinesis Data Streams.
    Kinesis,
    /// `DynamoDB`.
    DynamoDb,
    /// `CloudWatch` metrics.
    CloudWatch,
    /// S3.
    S3,
    /// Queues.
    Sqs,
    /// Topics.
    Sns,
}

impl Service {
    /// The variable that sets this service's endpoint
    fn endpoint_variable(self) -> &'static str {
        match self {
            Self::Kinesis => "AWS_ENDPOINT_URL_KINESIS",
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::CloudWatch => "AWS_ENDPOINT_URL_CLOUDWATCH",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
        }
    }

    /// The URL that the environment sends this service's calls to instead of AWS.
    fn endpoint(self) -> Option<String> {
        let ignored = optional("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true");
        optional(self.endpoint_variable()).or_else(|| optional("AWS_ENDPOINT_URL")).filter(|_| !ignored)
    }

    /// Whether calls go to an endpoint that the environment names, usually an emulator, which bills nothing.
    pub fn has_own_endpoint(self) -> bool {
        self.endpoint().is_some()
    }
}

/// Loads the configuration from Lambda's environment. `AWS_ENDPOINT_URL` and its form per service are honoured.
///
/// The limits fit a function with a timeout of three seconds: a call to a dead endpoint fails within two, which leaves time to
/// report it.
pub async fn sdk_config(service: Service) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_millis(1500))
        .operation_timeout(Duration::from_secs(2))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(200));
    aws_config::defaults(BehaviorVersion::latest())
        .region(EnvironmentVariableRegionProvider::new())
        // Lambda passes credentials in variables; the SDK's default chain would also look for files and a metadata service.
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(http_client(service))
        .timeout_config(timeouts)
        .retry_config(retries)
        // Bodies are small and sent whole, and a timer for each request costs time.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await
}

/// Rustls with ring. For an `http://` endpoint no root certificates are loaded: reading and parsing them takes most of a function's
/// start.
fn http_client(service: Service) -> SharedHttpClient {
    let plain = service.endpoint().is_some_and(|url| url.starts_with("http://"));
    let roots = if plain { TrustStore::empty() } else { TrustStore::default() };
    let context = TlsContext::builder().with_trust_store(roots).build().unwrap_or_default();
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}
