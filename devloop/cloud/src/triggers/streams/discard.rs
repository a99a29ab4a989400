//! Discards records. If there is an on-failure destination, nothing is settled before the destination has the record of
//! them.

use bytes::Bytes;
use uuid::Uuid;

use super::{
    batch::Batch,
    counts::Counts,
    decide::Piece,
    failure_record::{Condition, Discarded},
    lane::{Flow, Lane},
    window::{Ending, Taken, Window},
};
use crate::{
    arn::Arn,
    functions::Outcome,
    source::SourceShard,
    triggers::{
        mapping::LastResult,
        outside::{Notice, Outside},
    },
};

impl<H: SourceShard, O: Outside> Lane<H, O> {
    /// Discards a piece of a batch.
    pub(super) async fn discard(
        &mut self,
        batch: &Batch<H::Record>,
        piece: &Piece,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let Some(records) = batch.taken(piece.records.clone()) else { return Flow::Continue(()) };
        let event = || batch.payload(&piece.records, &self.batch_tail(batch));
        let payload = self.keeps_events().then(event);
        self.give_up((records, payload), piece.tries, condition, outcome).await
    }

    /// Discards a window whose final invocation failed too often: the record names the stream records that its state
    /// contained. AWS does not document what it sends in this case.
    pub(super) async fn discard_window(
        &mut self,
        (window, ending): (&Window, Ending),
        tries: u32,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let Some(records) = window.taken else { return Flow::Continue(()) };
        let payload = self.keeps_events().then(|| self.last_event(window, ending));
        self.give_up((records, payload), tries, condition, outcome).await
    }

    /// Whether the destination is a bucket, which receives the event too.
    fn keeps_events(&self) -> bool {
        let plan = self.mapping.plan();
        plan.settings.on_failure.as_ref().is_some_and(|arn| Arn::of_service("s3", arn).is_some())
    }

    async fn give_up(
        &mut self,
        (records, payload): (Taken, Option<Bytes>),
        tries: u32,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let request_id =
            outcome.map_or_else(|| Uuid::new_v4().to_string(), |outcome| outcome.request_id.clone());
        tracing::warn!(
            mapping = %self.mapping.uuid, shard = self.progress.shard.id(), ?condition, records = records.records,
            "records are discarded"
        );
        self.backoff.reset();
        loop {
            let plan = self.plan()?;
            let Some(destination) = &plan.settings.on_failure else { break };
            let discarded = Discarded {
                kind: self.mapping.kind,
                condition,
                request_id: &request_id,
                function_arn: &plan.function_arn,
                tries,
                executed_version: outcome.map_or("$LATEST", |outcome| &outcome.executed_version),
                function_error: outcome.and_then(|outcome| outcome.function_error),
                stream_arn: self.mapping.stream_arn(),
                shard_id: self.progress.shard.id(),
                first_sequence: H::sequence(records.sequences.0),
                last_sequence: H::sequence(records.sequences.1),
                arrivals_ms: records.arrivals_ms,
                size: records.records,
                payload: payload.as_deref(),
                now_ms: self.clock.now_ms(),
            };
            let notice = Notice { body: discarded.body(), key: discarded.key(&self.mapping.uuid) };
            match self.outside.send(&self.mapping.request_context(), destination, notice).await {
                Ok(()) => break,
                Err(error) => {
                    self.mapping.processed(LastResult::DestinationFailed);
                    self.report("the on-failure destination was not reached", &error);
                    self.wait().await;
                }
            }
        }
        Counts::add(&self.progress.counts.discarded, records.records);
        Flow::Continue(())
    }
}
