//! Describes an SDK error in a few words.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Error codes by which services throttle.
const THROTTLES: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "LimitExceededException",
    "KMSThrottlingException",
    "TooManyRequestsException",
];

/// Why a call failed, without the SDK's internals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// A few words that may be shown to a caller: the service's error code, or what broke on the way.
    pub short: String,
    /// The chain of errors, for the log.
    pub detail: String,
    /// Whether the service throttled.
    pub throttled: bool,
}

impl Cause {
    /// A cause found without asking a service.
    pub fn plain(text: &str) -> Self {
        Self { short: text.to_owned(), detail: text.to_owned(), throttled: false }
    }
}

impl<E, R> From<&SdkError<E, R>> for Cause
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    fn from(error: &SdkError<E, R>) -> Self {
        let short = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown service error"),
            SdkError::TimeoutError(_) => "request timed out",
            SdkError::DispatchFailure(failure) if failure.is_timeout() => "connection timed out",
            SdkError::DispatchFailure(failure) if failure.is_io() => "connection failed",
            SdkError::DispatchFailure(_) => "request could not be sent",
            SdkError::ConstructionFailure(_) => "request could not be built",
            _ => "answer could not be read",
        };
        Self {
            short: short.to_owned(),
            detail: chain(error),
            throttled: matches!(error, SdkError::ServiceError(_)) && THROTTLES.contains(&short),
        }
    }
}

/// The error and its sources, from the outside in.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Failure = SdkError<ErrorMetadata, ()>;

    fn service(code: &str) -> Failure {
        SdkError::service_error(ErrorMetadata::builder().code(code).message("because").build(), ())
    }

    fn check(error: &Failure, short: &str, throttled: bool) {
        let cause = Cause::from(error);
        assert_eq!((cause.short.as_str(), cause.throttled), (short, throttled), "{error:?}");
    }

    #[test]
    fn service_errors_are_their_code() {
        check(&service("ResourceNotFoundException"), "ResourceNotFoundException", false);
        check(
            &service("ProvisionedThroughputExceededException"),
            "ProvisionedThroughputExceededException",
            true,
        );
        check(&SdkError::service_error(ErrorMetadata::builder().build(), ()), "unknown service error", false);
        assert!(Cause::from(&service("Odd")).detail.contains("because"));
    }

    #[test]
    fn transport_errors_are_described_in_plain_words() {
        check(&SdkError::timeout_error("slow"), "request timed out", false);
        check(&SdkError::dispatch_failure(ConnectorError::io("no".into())), "connection failed", false);
        check(
            &SdkError::dispatch_failure(ConnectorError::timeout("no".into())),
            "connection timed out",
            false,
        );
        check(&SdkError::construction_failure("no"), "request could not be built", false);
        check(&SdkError::response_error("no", ()), "answer could not be read", false);
    }
}
