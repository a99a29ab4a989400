//! The trait of functions that [`start`](crate::start) runs.

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Invocation;

/// A function of the pipeline.
pub trait Handler {
    /// The event, decoded from the invocation's payload.
    type Event: DeserializeOwned;
    /// The answer, which is sent back as JSON.
    type Answer: Serialize;

    /// Handles one event. An error fails the invocation, so that the platform tries again; a fault of the caller is returned as an
    /// answer.
    fn handle(
        &self,
        event: Self::Event,
        invocation: &mut Invocation,
    ) -> impl Future<Output = Result<Self::Answer, InvocationError>>;
}

/// The error of a failed invocation:
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvocationError {
    /// Short name for programs, e.g. `BatchFailed`.
    pub kind: &'static str,
    /// The cause, for people.
    pub message: String,
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.kind.to_owned(), error_message: error.message }
    }
}
