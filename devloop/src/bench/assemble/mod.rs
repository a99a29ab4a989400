//! Makes a run's document from everything that was measured. Pure, except that it reads the number of processors and the load
//! average.

mod chain;
mod pipeline;

use std::time::Duration;

use devloop_system::usage::load_average;

use crate::bench::account::Account;
use crate::bench::chain::ChainReport;
use crate::bench::compare::blocks;
use crate::bench::distribution::{Distribution, Figures, describe};
use crate::bench::document::{
    Check, Counts, Document, FunctionInfo, Http, Outcome, Rates, RunInfo, UsageReport, VERSION,
};
use crate::bench::follow::StageLog;
use crate::bench::generator::Ended;
use crate::bench::plan::{Pace, Plan};
use crate::bench::sample::Sample;
use crate::bench::target::{BenchTarget, Following};
use crate::bench::timeline::{Instants, Timeline};
use crate::bench::usage::{Moment, used};
use crate::bench::verdict::{LoadFacts, generator};

/// The longest answer time that passes the reference's second check, in µs.
const TRANSACTION: u64 = 4_000_000;

/// Everything that was measured during a run.
pub(crate) struct Parts<'a> {
    pub(crate) target: &'a BenchTarget,
    pub(crate) plan: &'a Plan,
    pub(crate) samples: &'a [Sample],
    pub(crate) ended: &'a Ended,
    pub(crate) began_ms: u64,
    pub(crate) interrupted: bool,
    pub(crate) outcome: Outcome,
    pub(crate) account: &'a Account,
    pub(crate) seen: Seen,
    pub(crate) given_up: Option<u64>,
    /// What processes had used before the load, at its end, and when all requests were complete.
    pub(crate) moments: [Moment; 3],
    pub(crate) elapsed: Duration,
}

/// What was measured of the functions.
pub(crate) enum Seen {
    /// Of the pipeline's functions.
    Pipeline {
        /// What each stage's function wrote.
        logs: Box<[StageLog; 3]>,
        /// How many rows were written to the sink's table although it had them already.
        again: u64,
        /// The oldest record's age when a batch was taken, stage by stage.
        ages: [Option<f64>; 3],
    },
    /// Of a chain's functions.
    Chain(Box<ChainReport>),
}

/// What the documents of the pipeline and of chains have in common.
struct Basis<'a> {
    parts: &'a Parts<'a>,
    facts: LoadFacts,
    /// When the load began, in ms since the epoch.
    began: i64,
    /// When the load ended, in ms since it began.
    load_end: i64,
    /// When the last request was complete, in ms since the load began.
    end_ms: i64,
}

/// Makes the document.
pub(crate) fn assemble(parts: &Parts<'_>) -> Document {
    let Parts { target, plan, account, began_ms, .. } = *parts;
    let began = began_ms as i64;
    let load = parts.ended.elapsed;
    let load_ms = load.as_secs_f64() * 1_000.0;
    let load_end = began + load.as_millis() as i64;
    let last =
        account.runs.last().map_or(load_end, |row| row.completed).max(chain::last(&parts.seen).unwrap_or(0));
    let end_ms = (last.max(load_end) - began + 1).max(1);

    let requests = match &parts.seen {
        Seen::Pipeline { logs, .. } => pipeline::instants(parts, logs, began),
        Seen::Chain(_) => chain::instants(parts, began),
    };
    let timeline = Timeline::new(&requests, load_end - began, end_ms);
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
        backlog: backlog(&requests, load_end - began),
        given_up: parts.given_up,
    };
    let [before, at_end, after] = parts.moments;
    let usage = UsageReport {
        cloud: used(before.cloud, at_end.cloud, after.cloud, parts.elapsed),
        functions: used(before.functions, at_end.functions, after.functions, parts.elapsed),
        generator: used(before.generator, at_end.generator, at_end.generator, load),
        unknown: before.cloud.is_none().then(|| {
            "the cloud is not a process on this machine that devloop may inspect; what it and the functions used is unknown".to_owned()
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
    let document = Document {
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
            api: target.entry.as_ref().map_or(String::new(), |entry| entry.url.clone()),
            endpoint: target.client.endpoint().to_owned(),
            sink: match &target.kind {
                Following::Pipeline(sink) => sink.shown(),
                Following::Chain(_) => String::new(),
            },
            interrupted: parts.interrupted,
            functions: functions(target),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load_average: load_average(),
        },
        outcome: parts.outcome,
        findings: Vec::new(),
        saturated: None,
        rates: Rates {
            accepted: counts.accepted as f64 / load.as_secs_f64().max(0.001),
            complete: counts.sunk as f64 / (end_ms as f64 / 1_000.0),
        },
        checks: checks(parts),
        http: http(parts, generator(&counts, &facts)),
        end_to_end_ms: whole.figures(),
        client_ms: Distribution::whole().with(client).figures(),
        coarse: account.runs.iter().filter(|row| row.coarse).count() as u64,
        latencies: describe(&latencies(account)),
        stages: Vec::new(),
        chain: None,
        timeline,
        usage,
        thresholds: Vec::new(),
        comparison: None,
        blocks: blocks(&account.runs, began),
        counts,
    };
    let basis = Basis { parts, facts, began, load_end: load_end - began, end_ms };
    match &parts.seen {
        Seen::Pipeline { logs, again, ages } => {
            pipeline::complete(document, &basis, &requests, logs, *again, ages)
        }
        Seen::Chain(report) => chain::complete(document, &basis, report),
    }
}

/// Accepted requests that were not complete when the load ended.
fn backlog(requests: &[Instants], load_end: i64) -> u64 {
    requests.iter().filter(|request| request.sunk.is_none_or(|at| at > load_end)).count() as u64
}

/// The file of latencies: one number for each request, in s with ms decimals, by completion.
pub(crate) fn latencies(account: &Account) -> Vec<f64> {
    account.runs.iter().map(|row| row.latency() as f64 / 1_000.0).collect()
}

fn functions(target: &BenchTarget) -> Vec<FunctionInfo> {
    let known = target.functions.iter().flatten();
    known.map(|known| FunctionInfo { name: known.label.clone(), digest: known.digest.clone() }).collect()
}

fn checks(parts: &Parts<'_>) -> Vec<Check> {
    let samples = parts.samples;
    let check = |name: &str, passes: &dyn Fn(&Sample) -> bool| {
        let passed = samples.iter().filter(|sample| passes(sample)).count() as u64;
        Check { name: name.to_owned(), passes: passed, fails: samples.len() as u64 - passed }
    };
    let answered = match parts.seen {
        Seen::Pipeline { .. } => check("status was 200", &|sample| sample.status == 200),
        Seen::Chain(_) => check("status was 2xx", &Sample::accepted),
    };
    vec![
        answered,
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
