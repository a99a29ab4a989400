//! Handles one batch: stores its records in order, as many at once as the table takes, up to the first that cannot be stored.

use std::time::Instant;

use pipeline_model::{
    BatchFailure, BatchResponse, Handler, Invocation, InvocationError, Level, PartialBatch, Row, Times,
    now_ms,
};
use tokio::time::timeout;

use crate::event::{Batch, StreamRecord};
use crate::group::{Group, group};
use crate::item::StoredItem;
use crate::table::{Put, Table};

/// The cause for a record that was given up, or not begun, so that the batch is answered in time.
const NO_TIME: &str = "no time left before the deadline";

/// The function.
#[derive(Debug)]
pub struct Midstream<T> {
    /// Where items go.
    pub table: T,
    /// How to answer a batch that stopped half-way.
    pub partial: PartialBatch,
}

impl<T: Table> Handler for Midstream<T> {
    type Event = Batch;
    type Answer = BatchResponse;

    async fn handle(
        &self,
        batch: Batch,
        invocation: &mut Invocation,
    ) -> Result<BatchResponse, InvocationError> {
        invocation.expect_records(batch.records.len());
        let mut rest = &batch.records[..];
        let mut failure = None;
        while let Some(first) = rest.first() {
            let started = Instant::now();
            let Group { items, bad } = group(rest, self.table.at_once(), now_ms());
            let mut written = self.write(&items, invocation).await;
            // The record that could not be decoded comes after the items: its error counts only when they are all stored.
            if let Some(why) = bad
                && written.iter().all(Result::is_ok)
            {
                written.push(Err(why));
            }
            for (index, (record, result)) in rest.iter().zip(&written).enumerate() {
                log(record, items.get(index), result, started, invocation);
            }
            let done = written.iter().take_while(|result| result.is_ok()).count();
            if let Some(Err(cause)) = written.into_iter().nth(done) {
                let record = rest.get(done).unwrap_or(first);
                failure = Some(BatchFailure { sequence_number: record.sequence_number().to_owned(), cause });
                break;
            }
            rest = &rest[done..];
        }
        self.partial.answer(failure, invocation)
    }
}

impl<T: Table> Midstream<T> {
    /// Writes the items, in their order, up to the first that the table refuses. The error says why.
    async fn write(&self, items: &[StoredItem], invocation: &Invocation) -> Vec<Result<Put, String>> {
        let budget = invocation.budget();
        if items.len() > 1
            && !budget.is_zero()
            && let Ok(Some(puts)) = timeout(budget, self.table.put_together(items)).await
        {
            return puts.into_iter().map(Ok).collect();
        }
        // Written one by one, the item at fault shows; items that were stored nevertheless are found to be stored already.
        let mut written = Vec::with_capacity(items.len());
        for item in items {
            let budget = invocation.budget();
            let result = if budget.is_zero() {
                Err(NO_TIME.to_owned())
            } else {
                match timeout(budget, self.table.put(item)).await {
                    Ok(put) => put.map_err(|cause| cause.detail),
                    Err(_) => Err(NO_TIME.to_owned()),
                }
            };
            let failed = result.is_err();
            written.push(result);
            if failed {
                break;
            }
        }
        written
    }
}

fn log(
    record: &StreamRecord,
    item: Option<&StoredItem>,
    result: &Result<Put, String>,
    started: Instant,
    invocation: &mut Invocation,
) {
    let (level, outcome) = match result {
        Ok(Put::Stored) => (Level::Info, "stored"),
        Ok(Put::AlreadyStored) => (Level::Info, "already_stored"),
        Err(_) => (Level::Error, "failed"),
    };
    invocation.log(&Row {
        level,
        record_id: record.sequence_number(),
        key: item.map(|item| item.message.id.as_str()),
        outcome,
        elapsed: started.elapsed(),
        message: item.map(|item| item.message.to_string()),
        error: result.as_ref().err().map(String::as_str),
        times: item.map(times).unwrap_or_default(),
    });
}

fn times(item: &StoredItem) -> Times<'_> {
    Times {
        request_id: item.origin.request_id.as_deref(),
        run_id: Some(item.origin.run()),
        received_ms: item.origin.received_ms,
        arrived_ms: Some(item.arrived_ms),
        stored_ms: Some(item.stored_ms),
        ..Times::default()
    }
}
