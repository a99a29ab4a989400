//! Handles one batch: stores its readings in order, up to the first bad one.

use std::time::Instant;

use functions_common::{
    BatchFailure, BatchResponse, Handler, Invocation, InvocationError, Level, PartialBatch, Row, Times,
};
use serde::Serialize;
use wildrydes_model::{Batch, Reading, Record};

use crate::fail_mode::FailMode;
use crate::table::Table;
use crate::write::write;

/// The function.
#[derive(Debug)]
pub struct Processor<T> {
    /// Where readings go.
    pub table: T,
    /// What happens to a bad record.
    pub mode: FailMode,
}

/// The function's answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// After a whole batch.
    Plain(String),
    /// For a mapping that reads which records failed.
    Batch(BatchResponse),
}

impl<T: Table> Handler for Processor<T> {
    type Event = Batch;
    type Answer = Answer;

    async fn handle(&self, batch: Batch, invocation: &mut Invocation) -> Result<Answer, InvocationError> {
        let records = &batch.records;
        invocation.expect_records(records.len());
        let started = Instant::now();
        let mut readings = Vec::with_capacity(records.len());
        let mut failure = None;
        for record in records {
            match Reading::of(record) {
                Ok(reading) => readings.push(reading),
                Err(poison) => {
                    failure = Some(failed(record, poison.to_string()));
                    break;
                }
            }
        }
        if self.mode == FailMode::Throw && failure.is_some() {
            readings.clear();
        }
        let written = write(&self.table, &readings, invocation).await;
        let done = match &written {
            Ok(()) => readings.len(),
            Err((index, _)) => *index,
        };
        if let Err((index, cause)) = written {
            failure = Some(failed(&records[index], cause));
        }
        for (record, reading) in records.iter().zip(&readings[..done]) {
            log(invocation, record, Some(reading), started, None);
        }
        if let Some(failure) = &failure
            && let Some(record) =
                records.iter().find(|record| record.sequence_number() == failure.sequence_number)
        {
            log(invocation, record, None, started, Some(&failure.cause));
        }
        match (self.mode, failure) {
            (FailMode::Throw, None) => Ok(Answer::Plain(format!("Delivered {done} records"))),
            (FailMode::Throw, failure) => PartialBatch::Off.answer(failure, invocation).map(Answer::Batch),
            (FailMode::Checkpoint, failure) => {
                PartialBatch::On.answer(failure, invocation).map(Answer::Batch)
            }
        }
    }
}

fn failed(record: &Record, cause: String) -> BatchFailure {
    BatchFailure { sequence_number: record.sequence_number().to_owned(), cause }
}

fn log(
    invocation: &mut Invocation,
    record: &Record,
    reading: Option<&Reading>,
    started: Instant,
    error: Option<&str>,
) {
    invocation.log(&Row {
        level: if error.is_some() { Level::Error } else { Level::Info },
        record_id: record.sequence_number(),
        key: reading.map(|reading| reading.name.as_str()),
        outcome: if error.is_some() { "failed" } else { "stored" },
        elapsed: started.elapsed(),
        message: None,
        error,
        times: Times::default(),
    });
}
