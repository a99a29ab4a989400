//! One batch: each record in order, up to the first that cannot be stored.

use std::time::Instant;

use pipeline_model::{
    BatchFailure, BatchResponse, Handler, Invocation, InvocationError, Level, PartialBatch, Row, Times,
    now_ms,
};
use tokio::time::timeout;

use crate::event::{Batch, StreamRecord};
use crate::item::StoredItem;
use crate::table::{Put, Table};

/// Cause of a record that was given up, or not begun, so that the batch is answered in time.
const NO_TIME: &str = "no time left before the deadline";

/// The function.
#[derive(Debug)]
pub struct Midstream<T> {
    /// Where items go.
    pub table: T,
    /// How a batch that stopped half-way is answered.
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
        let mut failure = None;
        for record in &batch.records {
            if let Err(cause) = self.store(record, invocation).await {
                failure = Some(BatchFailure { sequence_number: record.sequence_number().to_owned(), cause });
                break;
            }
        }
        self.partial.answer(failure, invocation)
    }
}

impl<T: Table> Midstream<T> {
    /// Stores one record and logs it. The error says why it is not stored.
    async fn store(&self, record: &StreamRecord, invocation: &mut Invocation) -> Result<(), String> {
        let started = Instant::now();
        let item = StoredItem::from_record(record, now_ms());
        let budget = invocation.budget();
        let result = match &item {
            _ if budget.is_zero() => Err(NO_TIME.to_owned()),
            Ok(item) => match timeout(budget, self.table.put(item)).await {
                Ok(put) => put.map_err(|cause| cause.detail),
                Err(_) => Err(NO_TIME.to_owned()),
            },
            Err(why) => Err(why.clone()),
        };
        let item = item.as_ref().ok();
        let (level, outcome) = match &result {
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
        result.map(drop)
    }
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
