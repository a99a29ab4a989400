//! Runs [`Dead`] with SNS.

use std::process::ExitCode;

use distributed_model::{PartialBatch, StartError, optional};

use crate::handler::Dead;
use crate::notice::subject;
use crate::topic::SnsTopic;

/// How often a message was received before it came here, when the stack does not say.
const TRIES: u32 = 5;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    distributed_model::start("dead", async {
        Ok(Dead {
            topic: SnsTopic::from_env().await?,
            subject: subject(&optional("SNSSUBJECT").unwrap_or_default()),
            tries: tries(optional("MAX_RECEIVE_COUNT"))?,
            partial: PartialBatch::from_env()?,
        })
    })
}

fn tries(text: Option<String>) -> Result<u32, StartError> {
    let Some(text) = text else { return Ok(TRIES) };
    text.parse().map_err(|_| StartError::Unsupported {
        name: "MAX_RECEIVE_COUNT",
        value: text,
        supported: "it is the maxReceiveCount of the queue's redrive policy",
    })
}
