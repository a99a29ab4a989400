//! What happens to a batch with a bad record.

use functions_common::{StartError, optional};

/// The value of `FAIL_MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailMode {
    /// The whole batch is checked first; one bad record fails the invocation, and nothing is written.
    Throw,
    /// Records before the first bad one are written, and the answer names the bad one. Needs a mapping with
    /// `ReportBatchItemFailures`: another one would take the answer for success and lose the rest of the batch.
    Checkpoint,
}

impl FailMode {
    /// Reads `FAIL_MODE`, and whether `PARTIAL_BATCH` says that the mapping reads the answer.
    pub fn from_env() -> Result<Self, StartError> {
        Self::parse(optional("FAIL_MODE").as_deref(), optional("PARTIAL_BATCH").as_deref())
    }

    fn parse(value: Option<&str>, partial: Option<&str>) -> Result<Self, StartError> {
        let unsupported = |value: &str, supported: &'static str| StartError::Unsupported {
            name: "FAIL_MODE",
            value: value.to_owned(),
            supported,
        };
        match (value, partial) {
            (Some("throw"), _) => Ok(Self::Throw),
            (Some("checkpoint") | None, Some("on")) => Ok(Self::Checkpoint),
            (Some("checkpoint") | None, _) => Err(unsupported(
                "checkpoint",
                "it needs ReportBatchItemFailures in the event source mapping and PARTIAL_BATCH=on beside it",
            )),
            (Some(other), _) => Err(unsupported(other, "it is throw or checkpoint")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_needs_a_mapping_that_reads_it() {
        let check = |value, partial, expected: Result<FailMode, &str>| {
            let found = FailMode::parse(value, partial).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned));
        };
        check(Some("throw"), None, Ok(FailMode::Throw));
        check(None, Some("on"), Ok(FailMode::Checkpoint));
        check(Some("checkpoint"), Some("on"), Ok(FailMode::Checkpoint));
        let unread = "FAIL_MODE=checkpoint is not supported: it needs ReportBatchItemFailures in the event source mapping \
                      and PARTIAL_BATCH=on beside it";
        check(None, None, Err(unread));
        check(Some("checkpoint"), Some("off"), Err(unread));
        check(Some("loud"), None, Err("FAIL_MODE=loud is not supported: it is throw or checkpoint"));
    }
}
