//! A batch of messages from the dead-letter queue: each becomes a notice.

use std::time::Instant;

use distributed_model::{
    Batch, Failures, Handler, Invocation, InvocationError, Level, PartialBatch, Row, Times,
};

use crate::notice::text;
use crate::topic::Topic;

/// The function. A notice that cannot be published is tried again: it is better to publish it twice than not at all.
#[derive(Debug)]
pub struct Dead<T> {
    /// Where notices go.
    pub topic: T,
    /// Their subject.
    pub subject: String,
    /// How often a message was received before it came here.
    pub tries: u32,
    /// Whether the mapping reads which messages failed.
    pub partial: PartialBatch,
}

impl<T: Topic> Handler for Dead<T> {
    type Event = Batch;
    type Answer = Failures;

    async fn handle(&self, batch: Batch, invocation: &mut Invocation) -> Result<Failures, InvocationError> {
        invocation.expect_records(batch.records.len());
        let mut failed = Vec::new();
        for record in &batch.records {
            let started = Instant::now();
            let result = self.topic.publish(&self.subject, &text(record, self.tries)).await;
            invocation.log(&Row {
                level: if result.is_ok() { Level::Info } else { Level::Error },
                record_id: &record.message_id,
                key: None,
                outcome: if result.is_ok() { "told" } else { "failed" },
                elapsed: started.elapsed(),
                message: None,
                error: result.as_ref().err().map(|cause| cause.detail.as_str()),
                times: Times::default(),
            });
            if let Err(cause) = result {
                failed.push((record.message_id.clone(), cause.short));
            }
        }
        Failures::answer(failed, self.partial, invocation)
    }
}
