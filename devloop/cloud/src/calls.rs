//! How one service calls the operations of another without depending on it.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{context::Context, error::ApiError};

/// The operations of every service, called from inside the process.
pub(crate) trait Calls: Debug + Send + Sync {
    /// Runs `operation` of the service called `service` (the endpoint prefix, such as `sqs`). Fails with the fault that is
    /// armed for the operation, if there is one.
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        service: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>>;
}
