//! A batch of messages: each is parsed, transformed and stored by itself, and fails by itself.

use std::time::Instant;

use distributed_model::{
    Batch, Delay, Failures, Handler, Invocation, InvocationError, Item, Level, PartialBatch, Put, Queued,
    Record, Row, Table, Times, check,
};

/// Why a message is handed back untouched.
const NO_TIME: &str = "no time left before the deadline";

/// The function.
#[derive(Debug)]
pub struct Process<T> {
    /// Where items go.
    pub table: T,
    /// Whether the mapping reads which messages failed.
    pub partial: PartialBatch,
    /// How long each word takes besides its transformation.
    pub delay: Delay,
}

impl<T: Table> Handler for Process<T> {
    type Event = Batch;
    type Answer = Failures;

    async fn handle(&self, batch: Batch, invocation: &mut Invocation) -> Result<Failures, InvocationError> {
        invocation.expect_records(batch.records.len());
        let mut failed = Vec::new();
        for record in &batch.records {
            let started = Instant::now();
            let result =
                if invocation.budget().is_zero() { Err(NO_TIME.to_owned()) } else { self.one(record).await };
            let (level, outcome) = match &result {
                Ok(Put::Stored) => (Level::Info, "stored"),
                Ok(Put::AlreadyStored) => (Level::Info, "already_stored"),
                Err(_) => (Level::Error, "failed"),
            };
            invocation.log(&Row {
                level,
                record_id: &record.message_id,
                key: None,
                outcome,
                elapsed: started.elapsed(),
                message: None,
                error: result.as_ref().err().map(String::as_str),
                times: Times::default(),
            });
            if let Err(cause) = result {
                failed.push((record.message_id.clone(), cause));
            }
        }
        Failures::answer(failed, self.partial, invocation)
    }
}

impl<T: Table> Process<T> {
    /// Processes one message; the error says why it has to be delivered again.
    async fn one(&self, record: &Record) -> Result<Put, String> {
        let queued: Queued =
            serde_json::from_str(&record.body).map_err(|error| format!("invalid message: {error}"))?;
        check(&queued.data).map_err(|invalid| invalid.text().to_owned())?;
        self.delay.take().await;
        let id = queued.idempotency_key.unwrap_or_else(|| record.message_id.clone());
        let item = Item::of(id, &queued.data, record.receives());
        self.table.put(&item).await.map_err(|cause| cause.detail)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use distributed_model::aws::Cause;

    use super::*;

    #[derive(Default)]
    struct Kept(RefCell<Vec<Item>>);

    impl Table for Kept {
        async fn put(&self, item: &Item) -> Result<Put, Cause> {
            let mut items = self.0.borrow_mut();
            if items.iter().any(|other| other.id == item.id) {
                return Ok(Put::AlreadyStored);
            }
            items.push(item.clone());
            Ok(Put::Stored)
        }
    }

    fn batch(bodies: &[&str]) -> Batch {
        let record = |(number, body): (usize, &&str)| Record {
            message_id: format!("m{number}"),
            body: (*body).to_owned(),
            ..Record::default()
        };
        Batch { records: bodies.iter().enumerate().map(record).collect() }
    }

    async fn run(process: &Process<Kept>, bodies: &[&str]) -> Result<String, InvocationError> {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::MAX >> 1;
        let mut invocation = Invocation::new("process", &context);
        let answer = process.handle(batch(bodies), &mut invocation).await?;
        Ok(serde_json::to_string(&answer).unwrap())
    }

    fn process(partial: PartialBatch) -> Process<Kept> {
        Process { table: Kept::default(), partial, delay: Delay::default() }
    }

    #[tokio::test]
    async fn each_message_is_stored_once_and_fails_by_itself() {
        let process = process(PartialBatch::On);
        let bodies = [r#"{"data":"a"}"#, "{", r#"{"data":"b c"}"#, r#"{"data":"a","idempotencyKey":"k"}"#];
        let answer = run(&process, &bodies).await.unwrap();
        assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}"#);
        run(&process, &bodies).await.unwrap();
        let stored: Vec<_> =
            process.table.0.borrow().iter().map(|item| (item.id.clone(), item.processed.clone())).collect();
        let expected = [("m0", "a_processed"), ("k", "a_processed")];
        assert_eq!(stored, expected.map(|(id, word)| (id.to_owned(), word.to_owned())));
    }

    #[tokio::test]
    async fn without_partial_answers_the_invocation_fails() {
        let error = run(&process(PartialBatch::Off), &["{"]).await.unwrap_err();
        assert!(error.message.starts_with("message m0: invalid message"), "{error}");
    }
}
