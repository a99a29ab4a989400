//! How often a request is tried.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_lambda::config::interceptors::InterceptorContext;
use aws_sdk_lambda::config::retry::{ClassifyRetry, RetryAction};

/// How often a request is sent at most.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; it doubles.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// These attempts and pauses, for AWS's generated clients.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE)
}

/// A request is sent again only when the service throttles or a gateway in front of it fails. A status of 500 is not tried again,
/// because `LocalStack` uses it for a lost function; no answer at all is not either, because nothing will listen a few seconds
/// later.
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
