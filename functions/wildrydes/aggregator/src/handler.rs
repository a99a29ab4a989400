//! Handles one call for a window: adds its records, and at the window's end writes the sums.

use std::time::Instant;

use functions_common::{Handler, Invocation, InvocationError, Level, Row, Times};
use tokio::time::timeout;
use wildrydes_model::{Reading, WindowAnswer, WindowEvent};

use crate::state::{Share, State};
use crate::sums::{Part, Sums};

/// The function.
#[derive(Debug)]
pub struct Aggregator<T> {
    /// Where sums go.
    pub sums: T,
}

impl<T: Sums> Handler for Aggregator<T> {
    type Event = WindowEvent<State>;
    type Answer = WindowAnswer<State>;

    async fn handle(
        &self,
        event: WindowEvent<State>,
        invocation: &mut Invocation,
    ) -> Result<WindowAnswer<State>, InvocationError> {
        invocation.expect_records(event.records.len());
        let mut state = event.state;
        for record in &event.records {
            let started = Instant::now();
            let (key, outcome) = match Reading::distance(record) {
                Some((name, distance)) => {
                    state.add(name.clone(), distance, record.sequence_number());
                    (Some(name), "added")
                }
                None => (None, "skipped"),
            };
            invocation.log(&Row {
                level: if key.is_some() { Level::Info } else { Level::Warn },
                record_id: record.sequence_number(),
                key: key.as_deref(),
                outcome,
                elapsed: started.elapsed(),
                message: None,
                error: key.is_none().then_some("the record has no Name or no Distance"),
                times: Times::default(),
            });
        }
        let ends = event.is_final_invoke_for_window || event.is_window_terminated_early;
        let shares = if ends { state.take_all() } else { state.take_oldest() };
        for (name, share) in shares {
            let part = Part {
                name: &name,
                window: &event.window,
                shard: &event.shard_id,
                first: &share.f,
                distance: share.d,
            };
            self.write(&part, &share, invocation).await?;
        }
        Ok(WindowAnswer::new(state))
    }
}

impl<T: Sums> Aggregator<T> {
    async fn write(
        &self,
        part: &Part<'_>,
        share: &Share,
        invocation: &mut Invocation,
    ) -> Result<(), InvocationError> {
        let started = Instant::now();
        let outcome = match timeout(invocation.budget(), self.sums.write(part)).await {
            Ok(outcome) => outcome.map_err(|cause| cause.detail),
            Err(_) => Err("no time left before the deadline".to_owned()),
        };
        let error = outcome.err();
        invocation.log(&Row {
            level: if error.is_some() { Level::Error } else { Level::Info },
            record_id: part.first,
            key: Some(part.name),
            outcome: if error.is_some() { "failed" } else { "written" },
            elapsed: started.elapsed(),
            message: Some(format!("{} m in {} readings since {}", share.d, share.n, part.window.start)),
            error: error.as_deref(),
            times: Times::default(),
        });
        match error {
            None => Ok(()),
            Some(message) => Err(InvocationError { kind: "SumNotWritten", message }),
        }
    }
}
