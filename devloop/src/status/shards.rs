//! Shows what happened in the shards that mappings read, and which windows are open. Shards without failures or windows are left
//! out.

use crate::status::report::{OpenWindow, Shard};
use crate::status::text::{StatusLine, Tone, bytes, table};
use crate::status::{StatusReport, age, count};

const HEADINGS: [&str; 8] =
    ["SHARD", "IN FLIGHT", "RETRIED", "BISECTED", "CHECKPOINTS", "DISCARDED", "FILTERED", "WINDOW"];

/// A table of the shards where something happened; empty if there are none.
pub(super) fn lines(report: &StatusReport) -> Vec<StatusLine> {
    let mut rows = Vec::new();
    for mapping in &report.mappings {
        for shard in mapping.shards.iter().filter(|shard| shard.is_eventful()) {
            let function = report.label(&mapping.function);
            let name = format!("{}/{} > {function}", mapping.source_name(), short(&shard.id));
            rows.push((Tone::Plain, row(name, shard, report.at)));
        }
    }
    if rows.is_empty() { Vec::new() } else { table(&HEADINGS, rows.into_iter()) }
}

fn row(name: String, shard: &Shard, now_ms: u64) -> Vec<String> {
    let window = shard.window.map_or("-".to_owned(), |window| shown(window, now_ms));
    let counts =
        [shard.in_flight, shard.retried, shard.bisected, shard.checkpointed, shard.discarded, shard.filtered];
    std::iter::once(name).chain(counts.map(count)).chain([window]).collect()
}

/// A window's records and state, and how long it stays open.
fn shown(window: OpenWindow, now_ms: u64) -> String {
    let left = match window.end_ms.saturating_sub(now_ms) {
        0 => "ends".to_owned(),
        left => format!("{} left", age(left)),
    };
    format!("{} records, {}, {left}", count(window.records), bytes(window.state_bytes))
}

/// A shard's number; of another id, such as one of a table's stream, the last characters.
fn short(id: &str) -> &str {
    match id.strip_prefix("shardId-") {
        Some(number) if number.len() == 12 => {
            Some(number.trim_start_matches('0')).filter(|n| !n.is_empty()).unwrap_or("0")
        }
        _ => id.get(id.len().saturating_sub(8)..).unwrap_or(id),
    }
}
