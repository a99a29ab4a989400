//! What AWS's generated clients are made with, and what their errors mean here.

use std::error::Error;

use aws_config::identity::IdentityCache;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use crate::aws::cause::{cause, chain};
use crate::aws::retry::retries;
use crate::aws::trust::{explained, plain_connector};
use crate::aws::{ApiError, Client};

impl Client {
    /// Settings with which the generated clients reach the same services as this client, with the same keys and limits.
    pub(crate) fn sdk_config(&self, region: &str) -> Result<SdkConfig, ApiError> {
        let connector =
            if self.endpoints.is_plain() { Ok(plain_connector()) } else { self.trust.connector() };
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            // Keys that a new login has brought must not wait for the old ones to leave a cache.
            .identity_cache(IdentityCache::no_cache())
            .http_client(connector.map_err(ApiError::Unsendable)?)
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(self.bounds.time).build())
            .retry_config(retries())
            // A zip is sent as a whole. The timeout above is its only limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_credentials_provider(self.keys.provider());
        Ok(config.build())
    }

    /// A generated client's error as an [`ApiError`].
    pub(crate) fn failure<E>(&self, service: &str, region: &str, error: &SdkError<E>) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let unreachable = |reason| ApiError::Unreachable { endpoint: self.base(service, region), reason };
        match error {
            SdkError::ServiceError(refusal) => {
                let (raw, said) = (refusal.raw(), refusal.err().meta());
                let body = raw.body().bytes().unwrap_or_default();
                ApiError::refused(raw.status().as_u16(), said.code(), said.message(), body)
            }
            SdkError::TimeoutError(_) => {
                unreachable(format!("no answer within {} s", self.bounds.time.as_secs()))
            }
            SdkError::ResponseError(_) => ApiError::Unreadable(cause(error)),
            other => match credentials_error(other) {
                Some(error) => error.into(),
                None if matches!(other, SdkError::DispatchFailure(_)) => unreachable(explained(cause(other))),
                None => ApiError::Unsendable(cause(other)),
            },
        }
    }
}

/// The SDK looks for keys while it sends a request, and wraps the error of that search.
fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => credentials_error(error.source()?),
    }
}

impl From<&CredentialsError> for ApiError {
    fn from(error: &CredentialsError) -> Self {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials,
            _ => Self::Credentials(chain(error)),
        }
    }
}
