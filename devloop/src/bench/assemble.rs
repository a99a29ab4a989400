//! From what was seen to the document. Pure but for the machine's name plate.

use std::collections::HashMap;
use std::time::Duration;

use crate::bench::account::{Account, Passage};
use crate::bench::compare::blocks;
use crate::bench::distribution::{Distribution, Figures, describe};
use crate::bench::document::{
    Check, Counts, Document, FunctionInfo, Http, Listing, Outcome, Rates, RunInfo, Stage, UsageReport,
    VERSION,
};
use crate::bench::follow::StageLog;
use crate::bench::generator::Ended;
use crate::bench::plan::{Pace, Plan};
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;
use crate::bench::target::{STAGES, Target};
use crate::bench::timeline::{Heat, Instants, Timeline, curve};
use crate::bench::usage::{Moment, load_average, used};
use crate::bench::verdict::{LoadFacts, generator, saturated};

/// The reference's second check, in µs.
const TRANSACTION: u64 = 4_000_000;

/// Everything that was seen of a run.
pub(crate) struct Parts<'a> {
    pub(crate) target: &'a Target,
    pub(crate) plan: &'a Plan,
    pub(crate) samples: &'a [Sample],
    pub(crate) ended: &'a Ended,
    pub(crate) began_ms: u64,
    pub(crate) interrupted: bool,
    pub(crate) outcome: Outcome,
    pub(crate) account: &'a Account,
    pub(crate) logs: &'a [StageLog; 3],
    /// How often a request was handed to the sink's table when the table had it.
    pub(crate) again: u64,
    pub(crate) ages: [Option<f64>; 3],
    pub(crate) given_up: Option<u64>,
    /// Before the load, at its end, and when all was through.
    pub(crate) moments: [Moment; 3],
    pub(crate) elapsed: Duration,
}

/// Makes the document.
pub(crate) fn assemble(parts: &Parts<'_>) -> Document {
    let Parts { target, plan, account, began_ms, .. } = *parts;
    let began = began_ms as i64;
    let load = parts.ended.elapsed;
    let load_ms = load.as_secs_f64() * 1_000.0;
    let load_end = began + load.as_millis() as i64;
    let last = account.runs.last().map_or(load_end, |row| row.completed);
    let end_ms = (last.max(load_end) - began + 1).max(1);

    let requests = instants(parts, began);
    let timeline = Timeline::new(&requests, load_end - began, end_ms);
    let backlogs = backlogs(&requests, load_end - began);
    let stages = stages(parts, &timeline, backlogs);
    let whole = Distribution::whole().with(account.runs.iter().map(|row| row.latency() as f64));
    let client = account.runs.iter().filter_map(|row| row.client_latency).map(|ms| ms as f64);
    let counts = Counts {
        sent: parts.samples.len() as u64,
        missed: parts.ended.missed,
        accepted: account.accepted,
        refused: account.refused,
        stored: account.store.arrived,
        sunk: account.sink.arrived,
        lost: account.lost(),
        duplicated: account.duplicates(),
        reordered: account.sink.reordered.len() as u64,
        unexpected: account.unexpected.len() as u64,
        backlog: backlogs[0] + backlogs[1],
        given_up: parts.given_up,
    };
    let [before, at_end, after] = parts.moments;
    let usage = UsageReport {
        cloud: used(before.cloud, at_end.cloud, after.cloud, parts.elapsed),
        functions: used(before.functions, at_end.functions, after.functions, parts.elapsed),
        generator: used(before.generator, at_end.generator, at_end.generator, load),
        unknown: before.cloud.is_none().then(|| {
            "the cloud is not a process of this machine that may be looked at; what it and the functions used is unknown".to_owned()
        }),
    };
    let facts = LoadFacts {
        pace: plan.pace,
        users: plan.users,
        seconds: load.as_secs_f64(),
        waiting: waiting(parts.samples, plan.users, load),
        cpu: usage.generator.as_ref().map(|used| used.cpu_share),
        delay: delays(parts.samples).p99,
    };
    let busy: Vec<Option<f64>> = parts
        .logs
        .iter()
        .map(|log| {
            let sum: f64 = log.invocations.iter().map(|seen| seen.duration).sum();
            (!log.invocations.is_empty()).then(|| (sum / f64::max(end_ms as f64, 1.0)).min(99.0))
        })
        .collect();
    let mut document = Document {
        version: VERSION,
        run: RunInfo {
            id: plan.run.clone(),
            began_ms: began,
            load_ms,
            drain_ms: (last - load_end).max(0) as f64,
            model: if plan.pace == Pace::Closed { "closed" } else { "open" }.to_owned(),
            rate: match plan.pace {
                Pace::Open(rate) => Some(rate),
                Pace::Closed => None,
            },
            vus: plan.users,
            api: target.api.clone().unwrap_or_default(),
            endpoint: target.client.endpoint().to_owned(),
            sink: target.sink.shown(),
            interrupted: parts.interrupted,
            functions: functions(target),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load_average: load_average(),
        },
        outcome: parts.outcome,
        findings: Vec::new(),
        saturated: saturated(&stages, &counts, &busy, &facts),
        rates: Rates {
            accepted: counts.accepted as f64 / load.as_secs_f64().max(0.001),
            complete: counts.sunk as f64 / (end_ms as f64 / 1_000.0),
        },
        checks: checks(parts.samples),
        http: http(parts, generator(&counts, &facts)),
        end_to_end_ms: whole.figures(),
        client_ms: Distribution::whole().with(client).figures(),
        coarse: account.runs.iter().filter(|row| row.coarse).count() as u64,
        latencies: describe(&latencies(account)),
        stages,
        timeline,
        usage,
        thresholds: Vec::new(),
        comparison: None,
        blocks: blocks(&account.runs, began),
        counts,
    };
    document.findings = findings(&document);
    if parts.again > 0 {
        document.findings.push(format!(
            "{} rows were handed to the table once more than it needed; it has each of them once",
            parts.again
        ));
    }
    document
}

/// The file of latencies: one number for each request, in s with ms decimals, by completion.
pub(crate) fn latencies(account: &Account) -> Vec<f64> {
    account.runs.iter().map(|row| row.latency() as f64 / 1_000.0).collect()
}

fn functions(target: &Target) -> Vec<FunctionInfo> {
    let known = target.functions.iter().flatten();
    known.map(|known| FunctionInfo { name: known.label.clone(), digest: known.digest.clone() }).collect()
}

/// Every request's instants, those of accepted ones that got nowhere included.
fn instants(parts: &Parts<'_>, began: i64) -> Vec<Instants> {
    let run = &parts.plan.run;
    let mut stored: HashMap<String, i64> = HashMap::new();
    for row in parts.logs[1].store_rows() {
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

/// When the load ended: accepted and not stored, stored and not complete.
fn backlogs(requests: &[Instants], load_end: i64) -> [u64; 2] {
    let later = |at: Option<i64>| at.is_none_or(|at| at > load_end);
    let mut waiting = [0, 0];
    for request in requests.iter().filter(|request| later(request.sunk)) {
        waiting[usize::from(!later(request.stored))] += 1;
    }
    waiting
}

fn stages(parts: &Parts<'_>, timeline: &Timeline, backlogs: [u64; 2]) -> Vec<Stage> {
    let account = parts.account;
    let nowhere = Passage { arrived: account.accepted, ..Passage::default() };
    let passages = [&nowhere, &account.store, &account.sink];
    let lines = [&Vec::new(), &timeline.backlog_stream, &timeline.backlog_table];
    let began = parts.began_ms as i64;
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
            let log = &parts.logs[index];
            let handler =
                Distribution::fine().with(log.invocations.iter().map(|seen| seen.duration)).figures();
            let passage = passages[index];
            Stage {
                name: STAGES[index].to_owned(),
                function: parts.target.label(index),
                time_ms: distribution.figures(),
                wait_ms: waits(index, log, account),
                handler_ms: (handler.count > 0).then_some(handler),
                cold_starts: log.invocations.iter().filter(|seen| seen.init.is_some()).count() as u64,
                iterator_age_ms: parts.ages[index],
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

/// Of each request's stage, the time until the function began with it.
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

fn checks(samples: &[Sample]) -> Vec<Check> {
    let check = |name: &str, passes: &dyn Fn(&Sample) -> bool| {
        let passed = samples.iter().filter(|sample| passes(sample)).count() as u64;
        Check { name: name.to_owned(), passes: passed, fails: samples.len() as u64 - passed }
    };
    vec![
        check("status was 200", &Sample::accepted),
        check("transaction time OK", &|sample| sample.status != 0 && sample.latency() < TRANSACTION),
    ]
}

fn http(parts: &Parts<'_>, generator_saturated: Option<String>) -> Http {
    let ms = |micros: u64| micros as f64 / 1_000.0;
    let durations = parts.samples.iter().map(|sample| ms(sample.latency()));
    let iterations = parts.samples.iter().map(|sample| ms(sample.ended.saturating_sub(sample.free)));
    let mut statuses: Vec<(u16, u64)> = Vec::new();
    for sample in parts.samples {
        match statuses.iter_mut().find(|(status, _)| *status == sample.status) {
            Some((_, count)) => *count += 1,
            None => statuses.push((sample.status, 1)),
        }
    }
    statuses.sort_unstable();
    Http {
        duration_ms: Distribution::fine().with(durations).figures(),
        iteration_ms: Distribution::fine().with(iterations).figures(),
        statuses,
        refusals: parts.ended.refusals.clone(),
        generator_saturated,
        delay_ms: delays(parts.samples),
    }
}

fn delays(samples: &[Sample]) -> Figures {
    Distribution::fine().with(samples.iter().map(|sample| sample.delay() as f64 / 1_000.0)).figures()
}

/// The share of the users' time in which they waited for answers.
fn waiting(samples: &[Sample], users: u32, load: Duration) -> f64 {
    let waited: u64 = samples.iter().map(|sample| sample.ended.saturating_sub(sample.sent)).sum();
    let all = load.as_micros() as f64 * f64::from(users.max(1));
    (waited as f64 / all.max(1.0)).min(1.0)
}

/// What is worth saying, most important first.
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
        format!("{} requests were refused and came through nevertheless", counts.unexpected),
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
