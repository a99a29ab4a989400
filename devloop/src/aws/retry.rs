//! How often a request is tried.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_lambda::config::interceptors::InterceptorContext;
use aws_sdk_lambda::config::retry::{ClassifyRetry, RetryAction};

/// How often a request is sent at most.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; it doubles.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The same for AWS's generated clients.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE)
}

/// Only services that ask for patience, or a gateway before them that breaks down, are asked again. `LocalStack` answers with
/// status 500 when a function is lost, and where nobody listens nobody will in three seconds either.
#[derive(Debug)]
pub(crate) struct Patience;

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
