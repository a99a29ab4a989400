//! Iam.

use serde_json::Value;

use crate::{clock::Clock, context::Context, error::ApiError};

/// The service.
#[derive(Debug)]
pub(crate) struct Iam {
    clock: Clock,
}

impl Iam {
    /// An empty service.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Runs one operation by its API name.
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let _ = (cx, input, &self.clock);
        Err(ApiError::unknown_operation("iam", operation))
    }
}
