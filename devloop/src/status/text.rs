//! A report as aligned plain lines; a line's tone says in which colour it may be drawn.

use crate::status::findings::short;
use crate::status::shards;
use crate::status::{
    Commit, Distribution, Function, Mapping, Messages, StatusReport, TopicCounts, age, count, milliseconds,
};

/// A part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Where the cloud is.
    Cloud,
    /// Each function's code on disk, deployed and answering.
    Code,
    /// Each function's work.
    Stages,
    /// Streams and their functions.
    Mappings,
    /// Queues, also those of records that were given up.
    Queues,
    /// What devloop's own cloud keeps.
    Memory,
    /// The end-to-end latency.
    Latency,
    /// What is wrong.
    Problems,
}

/// The meaning of a line, which chooses its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// An ordinary line.
    Plain,
    /// A heading.
    Heading,
    /// Something is wrong.
    Wrong,
}

/// A line of the text, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusLine {
    pub(crate) text: String,
    /// Its meaning.
    pub(crate) tone: Tone,
}

/// Stands for a missing value.
const NONE: &str = "-";

/// The sections one after the other, with an empty line between two of them. A section without content is left out.
pub(crate) fn lines(report: &StatusReport, sections: &[Section]) -> Vec<StatusLine> {
    let mut all: Vec<StatusLine> = Vec::new();
    for section in sections {
        let lines = of_section(report, *section);
        if !lines.is_empty() && !all.is_empty() {
            all.push(line(Tone::Plain, ""));
        }
        all.extend(lines);
    }
    all
}

fn of_section(report: &StatusReport, section: Section) -> Vec<StatusLine> {
    match section {
        Section::Cloud => {
            let fallback = report.fallback.as_ref().map(|fallback| line(Tone::Plain, fallback.line()));
            [cloud(report)].into_iter().chain(fallback).collect()
        }
        Section::Code => table(
            &["FUNCTION", "ON DISK", "DEPLOYED", "ANSWERING", ""],
            report.functions.iter().map(|function| code(report, function)),
        ),
        Section::Stages => table(
            &["STAGE", "CALLS", "RATE", "ERRORS", "THROTTLES", "P50", "P95", "P99", "PROCESSES", "COLD"],
            report.functions.iter().map(|function| stage(report, function)),
        ),
        Section::Mappings => {
            let mut lines = table(
                &["MAPPING", "STATE", "LAG", "OLDEST", "LAST RESULT"],
                report.mappings.iter().map(|mapping| mapped(report, mapping)),
            );
            lines.extend(shards::lines(report));
            lines
        }
        Section::Queues => {
            let mut lines = table(
                &["QUEUE", "WAITING", "IN FLIGHT", "DELAYED", "OLDEST"],
                report.queues.iter().map(|queue| {
                    let Messages { visible, in_flight, delayed } = queue.counts;
                    let oldest =
                        queue.oldest_ms.map_or(NONE.to_owned(), |oldest| milliseconds(oldest as f64));
                    let name = queue.name.clone();
                    (Tone::Plain, vec![name, count(visible), count(in_flight), count(delayed), oldest])
                }),
            );
            lines.extend(topics(report));
            lines
        }
        Section::Memory => memory(report),
        Section::Latency => vec![latency(report)],
        Section::Problems => {
            let built = being_built(report);
            if report.problems.is_empty() {
                return built.into_iter().collect();
            }
            let named = report.problems.iter().flat_map(|problem| {
                let message = format!("{}: {}", problem.about, problem.message);
                let indented = |(index, part)| {
                    let indent = if index == 0 { "  " } else { "      " };
                    line(Tone::Wrong, format!("{indent}{part}"))
                };
                message.lines().enumerate().map(indented).collect::<Vec<_>>()
            });
            built.into_iter().chain([line(Tone::Heading, "PROBLEMS")]).chain(named).collect()
        }
    }
}

/// What became of the messages of topics, once there were any.
fn topics(report: &StatusReport) -> Option<StatusLine> {
    let TopicCounts { published, delivered, filtered, redriven, lost, mails } = report.sns.as_ref()?;
    if published + mails == 0 {
        return None;
    }
    let counted = [
        (published, "published"),
        (delivered, "delivered"),
        (filtered, "filtered"),
        (redriven, "in dead-letter queues"),
        (lost, "lost"),
    ];
    let counted = counted.iter().map(|(number, what)| format!("{} {what}", count(**number)));
    let mut text = format!("TOPICS  {}", counted.collect::<Vec<_>>().join(", "));
    if *mails > 0 {
        text += &format!("; {} {} (devloop mail)", count(*mails), if *mails == 1 { "mail" } else { "mails" });
    }
    Some(line(if *lost > 0 { Tone::Wrong } else { Tone::Plain }, text))
}

/// The functions that a session builds for the first time.
fn being_built(report: &StatusReport) -> Option<StatusLine> {
    let functions = report.functions.iter().filter(|function| function.being_built);
    let names: Vec<&str> = functions.map(|function| report.label(&function.name)).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    (!names.is_empty())
        .then(|| line(Tone::Plain, format!("{} {verb} being built for the first time", names.join(", "))))
}

/// The source of the figures, and the commit that is checked out in the workspace.
fn cloud(report: &StatusReport) -> StatusLine {
    let mut text = match (&report.calls, report.window_ms) {
        (Some(calls), window) => format!(
            "{}  through AWS's APIs, totals of the last {}: {} requests, {} a minute with --watch, for {} metrics",
            report.endpoint,
            age(window.unwrap_or_default()),
            calls.requests,
            calls.a_minute,
            calls.metrics,
        ),
        (None, _) => format!("{}  up {}", report.endpoint, age(report.uptime_ms)),
    };
    if let Some(Commit { short, dirty }) = &report.commit {
        text += &format!("  commit {short}{}", if *dirty { " and changes" } else { "" });
    }
    line(Tone::Plain, text)
}

/// What devloop's own cloud keeps in memory, and what bounds it.
fn memory(report: &StatusReport) -> Vec<StatusLine> {
    let (Some(limits), Some(retained)) = (&report.limits, &report.retained) else { return Vec::new() };
    let shard = format!("{} a shard", bytes(limits.shard_bytes));
    // A cloud of an earlier version does not tell its common limits.
    let in_all = |one: String, most: u64| match most {
        0 => one,
        most => format!("{one}, {} in all", bytes(most)),
    };
    let row = |what: &str, number: u64, size: Option<u64>, bound: String| {
        let size = size.map_or(NONE.to_owned(), bytes);
        (Tone::Plain, vec![what.to_owned(), count(number), size, bound])
    };
    let values = [
        ("secrets", retained.secrets, retained.secret_bytes, limits.secret_bytes),
        ("parameters", retained.parameters, retained.parameter_bytes, limits.parameter_bytes),
        (
            "waiting events",
            retained.asynchronous_events,
            retained.asynchronous_event_bytes,
            limits.asynchronous_event_bytes,
        ),
        ("running calls", retained.invocations_running, retained.invocation_bytes, limits.invocation_bytes),
        ("topic messages", retained.topic_deliveries_pending, retained.topic_memory, limits.topic_memory),
        ("rule events", retained.events_on_their_way, retained.event_memory, limits.event_memory),
        ("unpacked code", retained.code_packages, retained.code_bytes_on_disk, limits.code_bytes_on_disk),
    ];
    let values = values.into_iter().filter(|(_, number, ..)| *number > 0);
    let values = values.map(|(what, number, size, most)| row(what, number, Some(size), bytes(most)));
    let rows = [
        row(
            "stream records",
            retained.stream_records,
            Some(retained.stream_bytes),
            in_all(shard.clone(), limits.stream_memory),
        ),
        row(
            "table items",
            retained.table_items,
            Some(retained.table_bytes),
            in_all("until deleted".to_owned(), limits.table_memory),
        ),
        row(
            "table changes",
            retained.table_stream_records,
            Some(retained.table_stream_bytes),
            in_all(format!("{shard}, {}", age(limits.table_stream_retention_ms)), limits.table_stream_memory),
        ),
        row(
            "log lines",
            retained.log_events,
            Some(retained.log_bytes),
            in_all(format!("{} a group", bytes(limits.log_group_bytes)), limits.log_memory),
        ),
        row(
            "metrics",
            retained.metrics,
            Some(retained.metric_memory),
            in_all(
                format!(
                    "{} a region; seconds for {}, minutes for {}",
                    count(limits.metrics_per_region),
                    age(limits.metric_seconds_retention_ms),
                    age(limits.metric_minutes_retention_ms),
                ),
                limits.metric_memory,
            ),
        ),
    ];
    let messages = (retained.queue_messages > 0).then(|| {
        let most = in_all(format!("{} a queue", bytes(limits.queue_bytes)), limits.queue_memory);
        row("queue messages", retained.queue_messages, Some(retained.queue_bytes), most)
    });
    let objects = (retained.objects > 0).then(|| {
        let size = retained.object_bytes_in_memory + retained.object_bytes_on_disk;
        let (memory, disk) = (bytes(limits.object_bytes_in_memory), bytes(limits.object_bytes_on_disk));
        row("objects", retained.objects, Some(size), format!("{memory} in memory, {disk} on disk"))
    });
    let rows = rows.into_iter().chain(messages).chain(objects).chain(values);
    table(&["KEPT", "NUMBER", "SIZE", "AT MOST"], rows)
}

/// Requests a second with about two significant digits.
fn rate(value: f64) -> String {
    if value < 9.95 { format!("{value:.1}/s") } else { format!("{}/s", count(value.round() as u64)) }
}

/// A size in its largest unit.
pub(super) fn bytes(number: u64) -> String {
    match number {
        0..1_024 => format!("{number} B"),
        1_024..1_048_576 => format!("{} KiB", number / 1_024),
        1_048_576..1_073_741_824 => format!("{} MiB", number / 1_048_576),
        _ => format!("{:.1} GiB", number as f64 / 1_073_741_824.0),
    }
}

fn code(report: &StatusReport, function: &Function) -> (Tone, Vec<String>) {
    let digest = |digest: &Option<String>| digest.as_deref().map_or(NONE, short).to_owned();
    let (tone, word) = verdict(report, function);
    let cells = vec![
        report.label(&function.name).to_owned(),
        digest(&function.on_disk_digest),
        digest(&function.deployed_digest),
        digest(&function.answering_digest),
        word.to_owned(),
    ];
    (tone, cells)
}

/// The conclusion from the three digests.
fn verdict(report: &StatusReport, function: &Function) -> (Tone, &'static str) {
    let (disk, deployed, answering) =
        (&function.on_disk_digest, &function.deployed_digest, &function.answering_digest);
    if function.being_built {
        (Tone::Plain, "being built")
    } else if function.bootstrap_missing {
        (Tone::Wrong, "nothing to run")
    } else if disk.is_some() && deployed.is_some() && disk != deployed {
        (Tone::Wrong, "not deployed")
    } else if report.calls.is_some() && (disk.is_none() || answering.is_none()) {
        // AWS's APIs report which zip is deployed, and some clouds not even that. The binary is known only if the zip was sent from
        // here, and only the log shows whether an environment has begun since.
        (Tone::Plain, "")
    } else if deployed.is_none() {
        (Tone::Plain, "not started")
    } else if answering.is_none() {
        (Tone::Plain, "not called yet")
    } else if answering != deployed {
        (Tone::Plain, "not called since")
    } else {
        (Tone::Plain, "same")
    }
}

fn stage(report: &StatusReport, function: &Function) -> (Tone, Vec<String>) {
    let percentile = |of: fn(&Distribution) -> f64| {
        function.duration_ms.as_ref().map_or(NONE.to_owned(), |duration| milliseconds(of(duration)))
    };
    let environments = &function.environments;
    let named = [
        (environments.idle, "idle"),
        (environments.busy, "busy"),
        (environments.starting, "starting"),
        (environments.waiting, "calls waiting"),
    ];
    let processes: Vec<String> = named
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let cells = vec![
        report.label(&function.name).to_owned(),
        count(function.invocations),
        function.rate_per_s.map_or(NONE.to_owned(), rate),
        count(function.errors),
        count(function.throttles),
        percentile(|duration| duration.p50),
        percentile(|duration| duration.p95),
        percentile(|duration| duration.p99),
        match function.concurrency {
            // Only devloop's own cloud reports processes.
            Some(most) if report.calls.is_some() => format!("{most} at once"),
            None if report.calls.is_some() => NONE.to_owned(),
            _ if processes.is_empty() => "none".to_owned(),
            _ => processes.join(", "),
        },
        count(environments.cold_starts),
    ];
    (Tone::Plain, cells)
}

fn mapped(report: &StatusReport, mapping: &Mapping) -> (Tone, Vec<String>) {
    let name = format!("{} > {}", mapping.source_name(), report.label(&mapping.function));
    let wrong = report.problems.iter().any(|problem| problem.about == name);
    let cells = vec![
        name,
        mapping.state.clone(),
        match &report.calls {
            // CloudWatch has the oldest record's age, but not the number of records.
            Some(_) if !mapping.at_least => NONE.to_owned(),
            Some(_) => format!(">= {}", count(mapping.lag_records)),
            None => count(mapping.lag_records),
        },
        mapping.oldest_unprocessed_ms.map_or(NONE.to_owned(), |oldest| milliseconds(oldest as f64)),
        mapping.last_result.clone(),
    ];
    (if wrong { Tone::Wrong } else { Tone::Plain }, cells)
}

fn latency(report: &StatusReport) -> StatusLine {
    let text = match &report.latency {
        None => "END TO END  nothing measured in the last minutes".to_owned(),
        Some(latency) => format!(
            "END TO END  {} in {}  p50 {}  p95 {}  p99 {}",
            count(latency.count),
            age(latency.window_ms),
            milliseconds(latency.p50),
            milliseconds(latency.p95),
            milliseconds(latency.p99),
        ),
    };
    line(Tone::Plain, text)
}

/// Columns as wide as their widest cell, two spaces apart.
pub(super) fn table(heading: &[&str], rows: impl Iterator<Item = (Tone, Vec<String>)>) -> Vec<StatusLine> {
    let mut all = vec![(Tone::Heading, heading.iter().map(|&cell| cell.to_owned()).collect())];
    all.extend(rows);
    if all.len() == 1 {
        return Vec::new();
    }
    let mut widths = vec![0; heading.len()];
    for (_, cells) in &all {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let aligned = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    all.iter().map(|(tone, cells)| line(*tone, aligned(cells))).collect()
}

fn line(tone: Tone, text: impl Into<String>) -> StatusLine {
    StatusLine { text: text.into(), tone }
}
