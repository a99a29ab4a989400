//! Giving records up: the destination, if there is one, is told, and until it knows, nothing is settled.

use uuid::Uuid;

use super::{
    batch::Batch,
    counts::Counts,
    decide::Piece,
    failure_record::{Condition, Discarded},
    lane::{Flow, Lane},
    window::{Taken, Window},
};
use crate::{
    functions::Outcome,
    source::SourceShard,
    triggers::{mapping::LastResult, outside::Outside},
};

impl<H: SourceShard, O: Outside> Lane<H, O> {
    /// Gives a piece of a batch up.
    pub(super) async fn discard(
        &mut self,
        batch: &Batch<H::Record>,
        piece: &Piece,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let Some(records) = batch.taken(piece.records.clone()) else { return Flow::Continue(()) };
        self.give_up(records, piece.tries, condition, outcome).await
    }

    /// Gives the sums of a window up, whose last call failed too often: the record names what had gone into them. AWS does
    /// not say what it sends then.
    pub(super) async fn discard_window(
        &mut self,
        window: &Window,
        tries: u32,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let Some(records) = window.taken else { return Flow::Continue(()) };
        self.give_up(records, tries, condition, outcome).await
    }

    async fn give_up(
        &mut self,
        records: Taken,
        tries: u32,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let request_id =
            outcome.map_or_else(|| Uuid::new_v4().to_string(), |outcome| outcome.request_id.clone());
        tracing::warn!(
            mapping = %self.mapping.uuid, shard = self.progress.shard.id(), ?condition, records = records.records,
            "records are given up"
        );
        self.backoff.reset();
        loop {
            let plan = self.plan()?;
            let Some(destination) = &plan.settings.on_failure else { break };
            let body = Discarded {
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
                now_ms: self.clock.now_ms(),
            }
            .body();
            match self.outside.send(destination, body).await {
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
