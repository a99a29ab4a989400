//! The pipeline's part of a run's document: its stages, and the findings about them.

use std::collections::HashMap;

use super::{Basis, Parts};
use crate::bench::account::{Account, Passage};
use crate::bench::distribution::{Distribution, Figures};
use crate::bench::document::{Document, Listing, Outcome, Stage};
use crate::bench::follow::StageLog;
use crate::bench::row::SinkRow;
use crate::bench::target::STAGES;
use crate::bench::timeline::{Heat, Instants, Timeline, curve};
use crate::bench::verdict::saturated;

/// Adds the stages and the findings to the document.
pub(super) fn complete(
    mut document: Document,
    basis: &Basis<'_>,
    requests: &[Instants],
    logs: &[StageLog; 3],
    again: u64,
    ages: &[Option<f64>; 3],
) -> Document {
    let end_ms = basis.end_ms;
    let busy: Vec<Option<f64>> = logs
        .iter()
        .map(|log| {
            let sum: f64 = log.invocations.iter().map(|seen| seen.duration_ms).sum();
            (!log.invocations.is_empty()).then(|| (sum / f64::max(end_ms as f64, 1.0)).min(99.0))
        })
        .collect();
    let backlogs = backlogs(requests, basis.load_end);
    document.stages = stages(basis, logs, ages, &document.timeline, backlogs);
    document.saturated = saturated(&document.stages, &document.counts, &busy, &basis.facts);
    document.findings = findings(&document);
    if again > 0 {
        document.findings.push(format!(
            "{again} rows were handed to the table once more than it needed; it has each of them once"
        ));
    }
    document
}

/// The times of every accepted request, including lost ones.
pub(super) fn instants(parts: &Parts<'_>, logs: &[StageLog; 3], began: i64) -> Vec<Instants> {
    let run = &parts.plan.run;
    let mut stored: HashMap<String, i64> = HashMap::new();
    for row in logs[1].store_rows() {
        if let Some(at) = row.at {
            stored.entry(row.key).or_insert(at);
        }
    }
    let sunk: HashMap<&str, &SinkRow> =
        parts.account.runs.iter().map(|row| (row.key.as_str(), row)).collect();
    let accepted = parts.samples.iter().filter(|sample| sample.accepted());
    accepted
        .map(|sample| {
            let id = sample.id(run);
            let row = sunk.get(id.as_str());
            Instants {
                accepted: Some((sample.ended / 1_000) as i64),
                stored: row.and_then(|row| row.stored).or(stored.get(&id).copied()).map(|at| at - began),
                sunk: row.map(|row| row.completed - began),
                latency: row.map(|row| row.latency() as f64),
            }
        })
        .collect()
}

/// The backlogs when the load ended: requests that were accepted and not stored, and those that were stored and not complete.
fn backlogs(requests: &[Instants], load_end: i64) -> [u64; 2] {
    let later = |at: Option<i64>| at.is_none_or(|at| at > load_end);
    let mut waiting = [0, 0];
    for request in requests.iter().filter(|request| later(request.sunk)) {
        waiting[usize::from(!later(request.stored))] += 1;
    }
    waiting
}

fn stages(
    basis: &Basis<'_>,
    logs: &[StageLog; 3],
    ages: &[Option<f64>; 3],
    timeline: &Timeline,
    backlogs: [u64; 2],
) -> Vec<Stage> {
    let parts = basis.parts;
    let account = parts.account;
    let nowhere = Passage { arrived: account.accepted, ..Passage::default() };
    let passages = [&nowhere, &account.store, &account.sink];
    let lines = [&Vec::new(), &timeline.backlog_stream, &timeline.backlog_table];
    let began = basis.began;
    let times = |row: &SinkRow| -> [Option<i64>; 3] {
        let between = |from: Option<i64>, to: Option<i64>| Some((to? - from?).max(0));
        [
            between(row.received, row.arrived),
            between(row.arrived, row.stored),
            between(row.stored, Some(row.completed)),
        ]
    };
    (0..3)
        .map(|index| {
            let values: Vec<(i64, f64)> = account
                .runs
                .iter()
                .filter_map(|row| Some((row.completed - began, times(row)[index]? as f64)))
                .collect();
            let distribution = Distribution::whole().with(values.iter().map(|(_, ms)| *ms));
            let log = &logs[index];
            let handler =
                Distribution::fine().with(log.invocations.iter().map(|seen| seen.duration_ms)).figures();
            let passage = passages[index];
            Stage {
                name: STAGES[index].to_owned(),
                function: parts.target.label(index),
                time_ms: distribution.figures(),
                wait_ms: waits(index, log, account),
                handler_ms: (handler.count > 0).then_some(handler),
                cold_starts: log.invocations.iter().filter(|seen| seen.init_ms.is_some()).count() as u64,
                iterator_age_ms: ages[index],
                arrived: passage.arrived,
                lost: Listing::new(passage.lost.len() as u64, &passage.lost),
                duplicated: Listing::new(passage.duplicates(), passage.duplicated.keys()),
                reordered: Listing::new(passage.reordered.len() as u64, &passage.reordered),
                backlog: if index == 0 { 0 } else { backlogs[index - 1] },
                backlog_max: lines[index].iter().copied().max().unwrap_or(0),
                curve: curve(&distribution),
                heat: Heat::new(&values, timeline.step_ms, timeline.accepted.len()),
            }
        })
        .collect()
}

/// How long requests of the stage waited before the function began with them.
fn waits(index: usize, log: &StageLog, account: &Account) -> Option<Figures> {
    let mut waits = Distribution::whole();
    if index == 2 {
        for row in &account.runs {
            if let (Some(stored), Some(began)) = (row.stored, log.began(&row.invocation)) {
                waits.add((began - stored as f64).round());
            }
        }
    } else {
        for (_, line) in &log.lines {
            let entered = if index == 0 { line.received } else { line.arrived };
            if let (Some(entered), Some(began)) = (entered, log.began(&line.request_id)) {
                waits.add((began - entered as f64).round());
            }
        }
    }
    (waits.count() > 0).then(|| waits.figures())
}

/// The findings, most important first.
fn findings(run: &Document) -> Vec<String> {
    let mut found = Vec::new();
    let counts = &run.counts;
    let mut say = |condition: bool, text: String| {
        if condition {
            found.push(text);
        }
    };
    say(
        run.outcome == Outcome::TimedOut,
        format!(
            "the waiting timed out with {} of {} through; the figures are those of what came through",
            counts.sunk, counts.accepted
        ),
    );
    for stage in &run.stages {
        let names = |listing: &Listing| {
            let more = listing.count.saturating_sub(listing.first.len() as u64);
            let first = listing.first.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let rest = more + listing.first.len().saturating_sub(5) as u64;
            if rest > 0 { format!("{first} and {rest} more") } else { first }
        };
        let lost = &stage.lost;
        let word = if run.outcome == Outcome::TimedOut { "missing" } else { "lost" };
        say(lost.count > 0, format!("{} {word} between {}: {}", lost.count, ends(&stage.name), names(lost)));
        let (twice, over) = (&stage.duplicated, &stage.reordered);
        say(twice.count > 0, format!("{} came twice at {}: {}", twice.count, stage.function, names(twice)));
        say(
            over.count > 0,
            format!(
                "{} came after a later one of its user at {}: {}",
                over.count,
                stage.function,
                names(over)
            ),
        );
    }
    say(counts.refused > 0, format!("{} requests were not answered with 200", counts.refused));
    say(
        counts.unexpected > 0,
        format!("{} requests were refused but came through nevertheless", counts.unexpected),
    );
    let given_up = counts.given_up.unwrap_or(0);
    say(given_up > 0, format!("{given_up} failure records are new in the mappings' queues"));
    if let Some(reason) = &run.http.generator_saturated {
        say(true, format!("generator saturated: {reason}"));
    }
    if let Some(saturated) = &run.saturated {
        say(true, format!("{} limits the rate: {}", saturated.stage, saturated.reason));
    }
    say(
        run.coarse > 0,
        format!(
            "{} requests have a client clock in seconds: their client latency is off by up to 1 s",
            run.coarse
        ),
    );
    found
}

/// The two ends of a stage, for people.
fn ends(stage: &str) -> &'static str {
    match stage {
        "gateway_to_stream" => "gateway and stream",
        "stream_to_store" => "gateway and table",
        _ => "table and sink",
    }
}
