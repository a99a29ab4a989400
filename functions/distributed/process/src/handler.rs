//! A batch of messages: each is parsed and transformed by itself and fails by itself; they are stored as many at once as the table takes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use distributed_model::{
    Batch, Delay, Failures, Handler, Invocation, InvocationError, Item, Level, PartialBatch, Put, Queued,
    Record, Row, Table, Times, check,
};
use tokio::time::timeout;

/// Why a message is handed back untouched.
const NO_TIME: &str = "no time left before the deadline";

/// What a write of several items may take when the invocation's time for work is over: half of what is left until the deadline.
const LAST_WRITE: Duration = Duration::from_millis(250);

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
        for records in batch.records.chunks(self.table.at_once().max(1)) {
            let mut words = Vec::with_capacity(records.len());
            for record in records {
                let started = Instant::now();
                let item = if invocation.budget().is_zero() {
                    Err(NO_TIME.to_owned())
                } else {
                    self.item(record).await
                };
                words.push((started, item));
            }
            let (begun, items): (Vec<_>, Vec<_>) = words.into_iter().unzip();
            let results = self.store(items, invocation).await;
            for ((record, started), result) in records.iter().zip(begun).zip(results) {
                log(record, started, &result, invocation);
                if let Err(cause) = result {
                    failed.push((record.message_id.clone(), cause));
                }
            }
        }
        Failures::answer(failed, self.partial, invocation)
    }
}

impl<T: Table> Process<T> {
    /// Processes one message as far as its item; the error says why it has to be delivered again.
    async fn item(&self, record: &Record) -> Result<Item, String> {
        let queued: Queued =
            serde_json::from_str(&record.body).map_err(|error| format!("invalid message: {error}"))?;
        check(&queued.data).map_err(|invalid| invalid.text().to_owned())?;
        self.delay.take().await;
        let id = queued.idempotency_key.unwrap_or_else(|| record.message_id.clone());
        Ok(Item::of(id, &queued.data, record.receives()))
    }

    /// Stores the items, in one call if that is possible. An error stays what it is.
    async fn store(
        &self,
        items: Vec<Result<Item, String>>,
        invocation: &Invocation,
    ) -> Vec<Result<Put, String>> {
        let good: Vec<&Item> = items.iter().flatten().collect();
        let ids: HashSet<&str> = good.iter().map(|item| item.id.as_str()).collect();
        let is_together = good.len() > 1
            && ids.len() == good.len()
            && timeout(invocation.budget() + LAST_WRITE, self.table.put_together(&good)).await == Ok(true);
        let mut results = Vec::with_capacity(items.len());
        let mut is_first = true;
        for item in items {
            results.push(match item {
                Err(why) => Err(why),
                Ok(_) if is_together => Ok(Put::Stored),
                // Written one by one, the item at fault shows, and what is in the table already is found there. The first one was begun
                // in time, and is written in any case.
                Ok(_) if !is_first && invocation.budget().is_zero() => Err(NO_TIME.to_owned()),
                Ok(item) => {
                    is_first = false;
                    self.table.put(&item).await.map_err(|cause| cause.detail)
                }
            });
        }
        results
    }
}

fn log(record: &Record, started: Instant, result: &Result<Put, String>, invocation: &mut Invocation) {
    let (level, outcome) = match result {
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
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use distributed_model::aws::Cause;

    use super::*;

    /// A table, and how many items each of its calls has stored.
    #[derive(Default)]
    struct Kept(RefCell<Vec<Item>>, RefCell<Vec<usize>>);

    impl Table for Kept {
        fn at_once(&self) -> usize {
            3
        }

        async fn put_together(&self, new: &[&Item]) -> bool {
            let mut items = self.0.borrow_mut();
            if items.iter().any(|old| new.iter().any(|new| new.id == old.id)) {
                return false;
            }
            items.extend(new.iter().map(|item| (*item).clone()));
            self.1.borrow_mut().push(new.len());
            true
        }

        async fn put(&self, item: &Item) -> Result<Put, Cause> {
            let mut items = self.0.borrow_mut();
            if items.iter().any(|other| other.id == item.id) {
                return Ok(Put::AlreadyStored);
            }
            items.push(item.clone());
            self.1.borrow_mut().push(1);
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
    async fn messages_are_stored_in_as_few_calls_as_the_table_allows() {
        async fn check(bodies: &[&str], calls: &[usize]) {
            let process = process(PartialBatch::On);
            run(&process, bodies).await.unwrap();
            assert_eq!(*process.table.1.borrow(), calls, "{bodies:?}");
        }
        let (a, bad, keyed) = (r#"{"data":"a"}"#, "{", r#"{"data":"a","idempotencyKey":"k"}"#);
        check(&[a], &[1]).await;
        check(&[a, a, a, a, a], &[3, 2]).await;
        check(&[a, bad, a], &[2]).await;
        // Two with the same key cannot be in one call; the second one is in the table already.
        check(&[keyed, a, keyed], &[1, 1]).await;
    }

    #[tokio::test]
    async fn a_batch_of_which_a_part_is_stored_already_is_completed() {
        let process = process(PartialBatch::On);
        run(&process, &[r#"{"data":"a"}"#]).await.unwrap();
        run(&process, &[r#"{"data":"a"}"#, r#"{"data":"b"}"#]).await.unwrap();
        let ids: Vec<_> = process.table.0.borrow().iter().map(|item| item.id.clone()).collect();
        assert_eq!(ids, ["m0", "m1"]);
    }

    #[tokio::test]
    async fn without_partial_answers_the_invocation_fails() {
        let error = run(&process(PartialBatch::Off), &["{"]).await.unwrap_err();
        assert!(error.message.starts_with("message m0: invalid message"), "{error}");
    }
}
