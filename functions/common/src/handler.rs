//! What a function has to be for [`start`](crate::start) to run it.

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Invocation;

/// A function of the pipeline.
pub trait Handler {
    /// Decoded from the invocation's payload.
    type Event: DeserializeOwned;
    /// Sent back as JSON.
    type Answer: Serialize;

    /// Handles one event. An error fails the invocation, which makes the platform try again; a fault of the caller is
    /// an answer.
    fn handle(
        &self,
        event: Self::Event,
        invocation: &mut Invocation,
    ) -> impl Future<Output = Result<Self::Answer, InvocationError>>;
}

/// Fails an invocation: `errorType` and `errorMessage` of the Runtime API's error call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvocationError {
    /// Short name for programs, e.g. `BatchFailed`.
    pub kind: &'static str,
    /// Cause, for people.
    pub message: String,
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.kind.to_owned(), error_message: error.message }
    }
}
