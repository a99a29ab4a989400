//! Handles one batch: decodes the changes, hands them to the sink, and logs the result of each.

use std::time::Instant;

use pipeline_model::{
    BatchFailure, BatchResponse, Handler, Invocation, InvocationError, Level, PartialBatch, Row, Times,
    now_ms,
};
use tokio::time::timeout;

use crate::change::{Change, Kind};
use crate::event::Batch;
use crate::sink::Sink;

/// The cause for a change that was given up, or not begun, so that the batch is answered in time.
const NO_TIME: &str = "no time left before the deadline";

/// The function.
#[derive(Debug)]
pub struct Downstream<S> {
    /// Where measurements go.
    pub sink: S,
    /// How to answer a batch that stopped half-way.
    pub partial: PartialBatch,
}

/// The first change that is not done.
struct Stop {
    event_id: String,
    key: Option<String>,
    failure: BatchFailure,
}

impl<S: Sink> Handler for Downstream<S> {
    type Event = Batch;
    type Answer = BatchResponse;

    async fn handle(
        &self,
        batch: Batch,
        invocation: &mut Invocation,
    ) -> Result<BatchResponse, InvocationError> {
        let started = Instant::now();
        invocation.expect_records(batch.records.len());
        // All changes of the batch are complete at the same time: when they are handed to the sink.
        let (changes, undecodable) = decode(&batch, now_ms());
        let (done, refused) = self.emit(&changes, invocation).await;
        for change in &changes[..done] {
            log_done(change, started, invocation);
        }
        // The sink's failure counts first: a change that it refused comes before one that could not be decoded.
        let stop = refused.or(undecodable);
        if let Some(stop) = &stop {
            log_stop(stop, started, invocation);
        }
        self.partial.answer(stop.map(|stop| stop.failure), invocation)
    }
}

impl<S: Sink> Downstream<S> {
    /// Hands the changes over in groups of as many as the sink takes at once. Returns how many changes are done, and why the rest
    /// is not.
    async fn emit(&self, changes: &[Change], invocation: &Invocation) -> (usize, Option<Stop>) {
        let mut done = 0;
        while let Some(first) = changes.get(done) {
            let rest = &changes[done..];
            let part = &rest[..self.sink.fits(rest)];
            let budget = invocation.budget();
            let result = if budget.is_zero() {
                Err(NO_TIME.to_owned())
            } else {
                match timeout(budget, self.sink.emit(part)).await {
                    Ok(result) => result.map_err(|cause| cause.detail),
                    Err(_) => Err(NO_TIME.to_owned()),
                }
            };
            if let Err(cause) = result {
                return (done, Some(Stop::at(first, cause)));
            }
            done += part.len();
        }
        (done, None)
    }
}

impl Stop {
    fn at(change: &Change, cause: String) -> Self {
        Self {
            event_id: change.event_id.clone(),
            key: change.new.as_ref().or(change.old.as_ref()).map(|image| image.message.id.clone()),
            failure: BatchFailure { sequence_number: change.sequence_number.clone(), cause },
        }
    }
}

/// The changes up to the first that cannot be decoded, and that one.
fn decode(batch: &Batch, completed_ms: i64) -> (Vec<Change>, Option<Stop>) {
    let mut changes = Vec::with_capacity(batch.records.len());
    for record in &batch.records {
        match Change::from_record(record, completed_ms) {
            Ok(change) => changes.push(change),
            Err(cause) => {
                let sequence_number = record.dynamodb.sequence_number.clone();
                let failure = BatchFailure { sequence_number, cause };
                return (changes, Some(Stop { event_id: record.event_id.clone(), key: None, failure }));
            }
        }
    }
    (changes, None)
}

fn log_done(change: &Change, started: Instant, invocation: &mut Invocation) {
    let image = change.new.as_ref().or(change.old.as_ref());
    let times = match (&change.kind, &change.new) {
        (Kind::Measured(measurement), Some(image)) => measurement.times(image),
        _ => Times::default(),
    };
    let (level, outcome) = match change.kind {
        Kind::Measured(_) => (Level::Info, "measured"),
        Kind::AlreadyMeasured => (Level::Info, "already_measured"),
        Kind::Removed => (Level::Info, "removed"),
        Kind::NoImage => (Level::Warn, "no_image"),
    };
    invocation.log(&Row {
        level,
        record_id: &change.event_id,
        key: image.map(|image| image.message.id.as_str()),
        outcome,
        elapsed: started.elapsed(),
        message: Some(change.describe()).filter(|text| !text.is_empty()),
        error: None,
        times,
    });
}

fn log_stop(stop: &Stop, started: Instant, invocation: &mut Invocation) {
    invocation.log(&Row {
        level: Level::Error,
        record_id: &stop.event_id,
        key: stop.key.as_deref(),
        outcome: "failed",
        elapsed: started.elapsed(),
        message: None,
        error: Some(&stop.failure.cause),
        times: Times::default(),
    });
}
