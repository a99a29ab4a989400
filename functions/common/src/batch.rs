//! Answers to a stream's event source mapping.

use serde::Serialize;

use crate::environment::{StartError, optional};
use crate::{Invocation, InvocationError};

/// Where a batch stopped. Everything before that record is done; the record and all after it are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFailure {
    /// Sequence number of the first record that is not done. An empty one hands back the whole batch.
    pub sequence_number: String,
    /// The cause, for the log.
    pub cause: String,
}

/// The body that an event source mapping with `ReportBatchItemFailures` reads.
///
/// `aws_lambda_events` has structs for it whose identifier is optional and becomes `null`, which hands back the whole batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// Everything before this sequence number is done. One entry is enough: the lowest one is the checkpoint.
    pub fn failed_from(sequence_number: String) -> Self {
        Self { batch_item_failures: vec![ItemFailure { item_identifier: sequence_number }] }
    }
}

/// Whether the mapping reads the answer's body (`PARTIAL_BATCH`, set together with the mapping).
///
/// Lambda ignores the body of a mapping without `ReportBatchItemFailures`: a partial answer would lose the batch
/// silently. So the answer is an error unless the variable says `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialBatch {
    /// The mapping takes partial answers.
    On,
    /// The mapping does not read answers, so a failure fails the invocation.
    Off,
}

impl PartialBatch {
    /// Reads `PARTIAL_BATCH`.
    pub fn from_env() -> Result<Self, StartError> {
        match optional("PARTIAL_BATCH").as_deref() {
            Some("on") => Ok(Self::On),
            None | Some("off") => Ok(Self::Off),
            Some(other) => Err(StartError::Unsupported {
                name: "PARTIAL_BATCH",
                value: other.to_owned(),
                supported: "it is on or off",
            }),
        }
    }

    /// Ends a batch, and notes the failure for the invocation's log line.
    pub fn answer(
        self,
        failure: Option<BatchFailure>,
        invocation: &mut Invocation,
    ) -> Result<BatchResponse, InvocationError> {
        let Some(failure) = failure else { return Ok(BatchResponse::default()) };
        invocation.note_failure(&failure);
        match self {
            Self::On => Ok(BatchResponse::failed_from(failure.sequence_number)),
            Self::Off => Err(InvocationError {
                kind: "BatchFailed",
                message: format!("record {}: {}", failure.sequence_number, failure.cause),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;

    use super::*;

    fn answer(partial: PartialBatch, failure: Option<BatchFailure>) -> Result<String, InvocationError> {
        let mut invocation = Invocation::new("test", &Context::default());
        partial.answer(failure, &mut invocation).map(|answer| serde_json::to_string(&answer).unwrap())
    }

    fn failure() -> BatchFailure {
        BatchFailure { sequence_number: "17".into(), cause: "no room".into() }
    }

    #[test]
    fn a_batch_without_failure_is_an_empty_list() {
        assert_eq!(answer(PartialBatch::On, None).unwrap(), r#"{"batchItemFailures":[]}"#);
        assert_eq!(answer(PartialBatch::Off, None).unwrap(), r#"{"batchItemFailures":[]}"#);
    }

    #[test]
    fn a_failure_is_partial_only_where_the_mapping_reads_it() {
        assert_eq!(
            answer(PartialBatch::On, Some(failure())).unwrap(),
            r#"{"batchItemFailures":[{"itemIdentifier":"17"}]}"#
        );
        let error = answer(PartialBatch::Off, Some(failure())).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), ("BatchFailed", "record 17: no room"));
    }
}
