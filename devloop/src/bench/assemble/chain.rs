//! A chain's part of a run's document, and the findings about its functions.

use std::collections::HashMap;

use super::{Basis, Parts, Seen};
use crate::bench::chain::{ChainFunction, ChainReport, FollowedBy};
use crate::bench::distribution::Distribution;
use crate::bench::document::{Document, Listing, Outcome};
use crate::bench::row::SinkRow;
use crate::bench::timeline::Instants;

/// How many names a sentence lists at most.
const NAMED: usize = 5;

/// When the last invocation of a chain ended, in ms since the epoch.
pub(super) fn last(seen: &Seen) -> Option<i64> {
    match seen {
        Seen::Pipeline { .. } => None,
        Seen::Chain(report) => report.last_ms,
    }
}

/// The times of every accepted request.
pub(super) fn instants(parts: &Parts<'_>, began: i64) -> Vec<Instants> {
    let done: HashMap<&str, &SinkRow> =
        parts.account.runs.iter().map(|row| (row.key.as_str(), row)).collect();
    let accepted = parts.samples.iter().filter(|sample| sample.accepted());
    accepted
        .map(|sample| {
            let row = done.get(sample.id(&parts.plan.run).as_str());
            let sunk = row.map(|row| row.completed - began);
            Instants {
                accepted: Some((sample.ended / 1_000) as i64),
                stored: None,
                sunk,
                latency: row.map(|row| row.latency() as f64),
            }
        })
        .collect()
}

/// Adds the chain and the findings to the document.
pub(super) fn complete(mut document: Document, basis: &Basis<'_>, report: &ChainReport) -> Document {
    match report.followed_by {
        FollowedBy::Rows => {}
        // The generator's clock has more digits than the rows'.
        FollowedBy::Answers => {
            let accepted = basis.parts.samples.iter().filter(|sample| sample.accepted());
            let times = accepted.map(|sample| sample.ended.saturating_sub(sample.sent) as f64 / 1_000.0);
            document.end_to_end_ms = Distribution::fine().with(times).figures();
        }
        // It is not known when each request was complete.
        FollowedBy::Ends => document.counts.backlog = 0,
        FollowedBy::Metric => {
            document.counts.backlog = 0;
            document.counts.lost = document.counts.accepted.saturating_sub(document.counts.sunk);
        }
    }
    // A chain has no table between two stages.
    document.timeline.backlog_table = vec![0; document.timeline.accepted.len()];
    document.timeline.backlog_stream = vec![0; document.timeline.accepted.len()];
    document.findings = findings(&document, report);
    document.chain = Some(report.clone());
    document
}

/// The findings, most important first.
fn findings(run: &Document, report: &ChainReport) -> Vec<String> {
    let mut found = Vec::new();
    let counts = &run.counts;
    let mut say = |condition: bool, text: String| {
        if condition {
            found.push(text);
        }
    };
    say(
        run.outcome == Outcome::TimedOut,
        "the waiting timed out while events were still on their way; the figures are those of what came through".to_owned(),
    );
    if let Some(metric) = &report.metric {
        let name = &metric.name;
        let (values, accepted) = (metric.values, counts.accepted);
        say(
            values < accepted,
            format!(
                "the metric {name} got {values} values for {accepted} accepted requests; the others are lost, or CloudWatch is late: --idle waits longer"
            ),
        );
        say(
            values > accepted,
            format!(
                "the metric {name} got {values} values for {accepted} accepted requests: some came more than once, or others write it too"
            ),
        );
    }
    for function in &report.functions {
        let name = &function.function;
        let missing = function.missing.as_ref().filter(|missing| missing.count > 0);
        say(missing.is_some(), missing.map_or(String::new(), |missing| absent(function, missing)));
        let again = function.again.as_ref().filter(|again| again.count > 0);
        say(
            again.is_some(),
            again.map_or(String::new(), |again| {
                format!("{} came to {name} more than once: {}", again.count, names(again))
            }),
        );
        let errors = function.errors.unwrap_or(0);
        say(errors > 0, format!("{errors} invocations of {name} failed; its log has their errors"));
    }
    say(counts.refused > 0, format!("{} requests were not answered with success", counts.refused));
    say(
        counts.unexpected > 0,
        format!("{} requests were refused but came through nevertheless", counts.unexpected),
    );
    let given_up = counts.given_up.unwrap_or(0);
    say(given_up > 0, format!("{given_up} failure records are new in the mappings' queues"));
    if let Some(reason) = &run.http.generator_saturated {
        say(true, format!("generator saturated: {reason}"));
    }
    found
}

fn absent(function: &ChainFunction, missing: &Listing) -> String {
    let name = &function.function;
    let step = if function.is_end {
        format!(
            ". Either they are lost, or {name} does not get every request; then --sink names the function that does"
        )
    } else {
        String::new()
    };
    format!("{} are not in the log of {name}: {}{step}", missing.count, names(missing))
}

fn names(listing: &Listing) -> String {
    let first = listing.first.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let rest = listing.count.saturating_sub(listing.first.len().min(NAMED) as u64);
    if rest > 0 { format!("{first} and {rest} more") } else { first }
}
