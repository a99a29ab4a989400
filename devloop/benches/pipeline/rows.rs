//! What became of every request, from downstream's own log rows. They are read when all is done, so that reading them
//! disturbs nothing.

use std::collections::HashSet;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;

/// The completed runs of a load.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Different messages that were measured.
    pub(crate) complete: u64,
    /// Further rows of the same message.
    pub(crate) duplicates: u64,
    /// Of the complete runs, those that were not yet when the load ended.
    pub(crate) backlog: u64,
    /// From the gateway to the sink, in ms.
    pub(crate) end_to_end: Histogram<u64>,
    /// The three stages in ms: gateway to stream, stream to table, table to sink.
    pub(crate) stages: [Histogram<u64>; 3],
    /// The last run's completion, in ms since the epoch.
    pub(crate) last_ms: i64,
    /// The last answer of the load, likewise.
    pub(crate) load_ended_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    received_ms: i64,
    #[serde(default)]
    completed_ms: i64,
    #[serde(default)]
    gateway_to_stream_ms: u64,
    #[serde(default)]
    stream_to_store_ms: u64,
    #[serde(default)]
    store_to_sink_ms: u64,
}

/// Reads the rows of the run that began and ended its requests then (ms since the epoch).
pub(crate) async fn read(client: &Client, run: &str, began_ms: i64, ended_ms: i64) -> Result<Rows> {
    let group = client.log_group("downstream").await?;
    let histogram = || Histogram::new_with_bounds(1, 600_000, 3);
    let mut rows = Rows {
        complete: 0,
        duplicates: 0,
        backlog: 0,
        end_to_end: histogram()?,
        stages: [histogram()?, histogram()?, histogram()?],
        last_ms: began_ms,
        load_ended_ms: ended_ms,
    };
    let mut seen = HashSet::new();
    let mut token = None;
    loop {
        let mut input = json!({ "logGroupName": group, "startTime": began_ms, "filterPattern": "measured" });
        if let Some(token) = &token {
            input["nextToken"] = json!(token);
        }
        let page = client.logs("FilterLogEvents", &input).await.context("read downstream's rows")?;
        for event in page["events"].as_array().into_iter().flatten() {
            let Ok(row) = serde_json::from_str::<Row>(event["message"].as_str().unwrap_or_default()) else {
                continue;
            };
            if row.outcome == "measured" && row.run_id == run {
                rows.add(row, &mut seen);
            }
        }
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() {
            return Ok(rows);
        }
    }
}

impl Rows {
    fn add(&mut self, row: Row, seen: &mut HashSet<String>) {
        if !seen.insert(row.key) {
            self.duplicates += 1;
            return;
        }
        self.complete += 1;
        self.backlog += u64::from(row.completed_ms > self.load_ended_ms);
        self.last_ms = self.last_ms.max(row.completed_ms);
        self.end_to_end.saturating_record((row.completed_ms - row.received_ms).max(0) as u64);
        let stages = [row.gateway_to_stream_ms, row.stream_to_store_ms, row.store_to_sink_ms];
        for (histogram, stage) in self.stages.iter_mut().zip(stages) {
            histogram.saturating_record(stage);
        }
    }
}
