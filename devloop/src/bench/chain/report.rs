//! The part of a run's document about a chain: its functions one by one, and what is not known. Pure.

use serde::{Deserialize, Serialize};

use super::account::Evidence;
use super::log::{FunctionLog, Invocation, Sighting};
use super::words::named;
use super::{Kind, Link};
use crate::bench::distribution::{Distribution, Figures};
use crate::bench::document::Listing;

/// How requests were found to be complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FollowedBy {
    /// By its answer: no function comes after the one that answers.
    #[default]
    Answers,
    /// By its id in the logs of the functions at the chain's ends.
    Rows,
    /// Not one by one: a metric of CloudWatch got as many values.
    Metric,
    /// Not one by one: all were complete when nothing waited and no function was at work any more.
    Ends,
}

/// A chain in a run's document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChainReport {
    /// What the load was sent to: `function URL shop`, `API POST /orders`, `stream orders`.
    pub(crate) head: String,
    /// How requests were found to be complete.
    pub(crate) followed_by: FollowedBy,
    /// Its functions, each after those that write to its sources.
    pub(crate) functions: Vec<ChainFunction>,
    /// The metric that the chain ends in, where the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<ChainMetric>,
    /// What is not known, and why.
    pub(crate) unknown: Vec<String>,
    /// When the last of its invocations ended, in ms since the epoch.
    #[serde(skip)]
    pub(crate) last_ms: Option<i64>,
}

/// A metric of CloudWatch that gets a value for each request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChainMetric {
    /// Its namespace and name, with a slash between.
    pub(crate) name: String,
    /// The values that it got during the run.
    pub(crate) values: u64,
}

/// A function of a chain. Figures without values are not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChainFunction {
    /// The name that is shown.
    pub(crate) function: String,
    /// Its event sources.
    pub(crate) sources: Vec<String>,
    /// The functions that write to its sources.
    pub(crate) after: Vec<String>,
    /// Whether no function comes after it.
    pub(crate) is_end: bool,
    /// Invocations that ended since the load began, whoever caused them.
    pub(crate) invocations: u64,
    /// Invocations that failed in the minutes of the run, as Lambda's metric counts them.
    pub(crate) errors: Option<u64>,
    /// Invocations that had to wait for the start of an environment.
    pub(crate) cold_starts: u64,
    /// The handler's time, of each invocation, as Lambda reports it.
    pub(crate) handler_ms: Option<Figures>,
    /// The handler's share of the answer's time, on average, if the function answers the requests.
    pub(crate) share_of_answer: Option<f64>,
    /// The mapping's IteratorAge: the age of the oldest record when a batch was taken, by the minute.
    pub(crate) iterator_age_ms: Option<f64>,
    /// Records that waited for it when the load ended.
    pub(crate) backlog: Option<u64>,
    /// Accepted requests whose ids it logged; `None` if it logs no ids.
    pub(crate) seen: Option<u64>,
    /// Those whose ids it did not log.
    pub(crate) missing: Option<Listing>,
    /// Those that more than one invocation logged.
    pub(crate) again: Option<Listing>,
    /// From the sending of a request until the invocation that logged its id began.
    pub(crate) begins_after_ms: Option<Figures>,
    /// From the sending of a request until that invocation ended.
    pub(crate) done_after_ms: Option<Figures>,
}

/// Measurements of a function that are not in its log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Measured {
    /// The name that is shown.
    pub(crate) label: String,
    /// Failed invocations.
    pub(crate) errors: Option<u64>,
    /// The oldest record's age.
    pub(crate) iterator_age_ms: Option<f64>,
    /// Records that waited when the load ended.
    pub(crate) backlog: Option<u64>,
}

/// The report of a chain. `measured` has each link's other measurements, `gaps` what could not be asked when the chain was found.
pub(crate) fn report(
    evidence: &Evidence<'_>,
    by: FollowedBy,
    measured: &[Measured],
    gaps: &[String],
) -> ChainReport {
    let chain = evidence.chain;
    let ends = chain.ends();
    let labels: Vec<&str> = measured.iter().map(|measured| measured.label.as_str()).collect();
    let sendings = evidence.sendings();
    let mut functions = Vec::new();
    let mut unknown = gaps.to_vec();
    for (index, ((link, log), measured)) in chain.links.iter().zip(evidence.logs).zip(measured).enumerate() {
        let ours: Vec<&Invocation> =
            log.invocations.iter().filter(|seen| seen.ended >= evidence.began_ms as i64).collect();
        let handler = Distribution::fine().with(ours.iter().map(|seen| seen.report.duration_ms)).figures();
        let mut function = ChainFunction {
            function: measured.label.clone(),
            sources: link.sources.iter().map(named).collect(),
            after: link.after.iter().map(|before| labels[*before].to_owned()).collect(),
            is_end: ends.contains(&index),
            invocations: ours.len() as u64,
            errors: measured.errors,
            cold_starts: ours.iter().filter(|seen| seen.report.init_ms.is_some()).count() as u64,
            iterator_age_ms: measured.iterator_age_ms,
            backlog: measured.backlog,
            share_of_answer: share(evidence, link, &handler),
            handler_ms: (handler.count > 0).then_some(handler),
            ..ChainFunction::default()
        };
        if !log.sightings.is_empty() {
            let accepted: Vec<(i64, &Sighting)> = log
                .sightings
                .iter()
                .filter_map(|(id, sighting)| Some((*sendings.get(id)?, sighting)))
                .collect();
            let began = |sighting: &Sighting| Some(log.invocations.get(sighting.invocation?)?.began());
            let begins = accepted.iter().filter_map(|(sent, sighting)| Some(began(sighting)? - *sent as f64));
            let done = accepted.iter().map(|(sent, sighting)| (log.done(sighting) - sent) as f64);
            let figures =
                |distribution: Distribution| (distribution.count() > 0).then(|| distribution.figures());
            function.begins_after_ms = figures(Distribution::whole().with(begins.map(f64::round)));
            function.done_after_ms = figures(Distribution::whole().with(done));
            let (missing, again) = missing(evidence, log);
            function.seen = Some(evidence.sent.accepted.len() as u64 - missing.len() as u64);
            function.missing = Some(Listing::new(missing.len() as u64, &missing));
            function.again = Some(Listing::new(again.len() as u64, &again));
        }
        unknown.extend(unknown_of(evidence, by, index, &function));
        functions.push(function);
    }
    if by == FollowedBy::Ends {
        let names: Vec<&str> = evidence.ends.iter().map(|end| labels[*end]).collect();
        unknown.push(format!(
            "when each request was complete: {} no request's id. The run ended when nothing waited and nothing was at \
             work any more. A log line with the request's id (the payload's place {{id}}) tells more",
            verb(&names, "logs", "log"),
        ));
    }
    if by == FollowedBy::Metric {
        unknown.push(
            "which requests are complete, and when each was: a metric only counts values, and does not name requests"
                .to_owned(),
        );
    }
    let metric = evidence.counted.clone().map(|(name, values)| ChainMetric { name, values });
    let ended = evidence.logs.iter().flat_map(|log| &log.invocations).map(|seen| seen.ended);
    let last_ms = ended.max().filter(|ended| *ended >= evidence.began_ms as i64);
    ChainReport { head: named(&chain.head.source), followed_by: by, functions, metric, unknown, last_ms }
}

/// `a logs`, `a and b log`.
fn verb(names: &[&str], one: &str, many: &str) -> String {
    format!("{} {}", names.join(" and "), if names.len() == 1 { one } else { many })
}

/// The handler's share of the answer's time, if the function answers and was called once for each request.
fn share(evidence: &Evidence<'_>, link: &Link, handler: &Figures) -> Option<f64> {
    let is_first = link.after.is_empty() && evidence.chain.head.source.kind.answers();
    let answered = evidence.samples.iter().filter(|sample| sample.status != 0);
    let answers = Distribution::fine()
        .with(answered.map(|sample| sample.ended.saturating_sub(sample.sent) as f64 / 1_000.0))
        .figures();
    let is_ours = is_first && handler.count == answers.count && answers.mean > 0.0;
    is_ours.then(|| (handler.mean / answers.mean).min(1.0))
}

/// The accepted requests that the function did not log, and those that more than one of its invocations logged.
fn missing(evidence: &Evidence<'_>, log: &FunctionLog) -> (Vec<String>, Vec<String>) {
    let run = &evidence.sent.run;
    let accepted = evidence
        .sent
        .accepted
        .iter()
        .map(|&(user, iteration)| crate::bench::payload::id(run, user, iteration));
    let (mut missing, mut again) = (Vec::new(), Vec::new());
    for id in accepted {
        match log.sightings.get(&id) {
            None => missing.push(id),
            Some(sighting) if sighting.times > 1 => again.push(id),
            Some(_) => {}
        }
    }
    (missing, again)
}

/// What is not known about a function, and why.
fn unknown_of(
    evidence: &Evidence<'_>,
    by: FollowedBy,
    index: usize,
    function: &ChainFunction,
) -> Vec<String> {
    let mut unknown = Vec::new();
    let name = &function.function;
    let link = &evidence.chain.links[index];
    let requests = evidence.sent.accepted.len() as u64 + evidence.sent.refused.len() as u64;
    if function.invocations == 0 && requests > 0 {
        unknown.push(format!(
            "what {name} does: its log has no report of an invocation since the load began, so it got no events, or its log is \
             kept elsewhere"
        ));
    } else if function.seen.is_none() && by == FollowedBy::Rows {
        unknown.push(format!("what became of each request at {name}: it logs no request's id"));
    }
    let is_first = link.after.is_empty() && evidence.chain.head.source.kind.answers();
    if is_first && function.invocations > requests {
        unknown.push(format!(
            "which of {name}'s {} invocations were for the {requests} requests: others call it too",
            function.invocations
        ));
    }
    let is_read =
        link.sources.iter().any(|source| matches!(source.kind, Kind::Stream | Kind::Table | Kind::Queue));
    if is_read && function.backlog.is_none() {
        unknown.push(format!("how much waited for {name}: the target has no status page that says it"));
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::super::account::account;
    use super::super::account::tests::{chain, sample};
    use super::super::log::tests::log;
    use super::*;
    use crate::bench::account::Sent;

    fn measured(labels: &[&str]) -> Vec<Measured> {
        labels
            .iter()
            .map(|label| Measured { label: (*label).to_owned(), backlog: Some(0), ..Measured::default() })
            .collect()
    }

    #[test]
    fn a_single_function_has_its_share_of_the_answer() {
        let chain = chain(1);
        let samples = [sample(0, 0, 4_000, 200), sample(1, 5_000, 11_000, 200)];
        let logs = [log(&[
            (999, "a", "REPORT RequestId: warm-up\tDuration: 90.00 ms\t"),
            (1_004, "a", "REPORT RequestId: x\tDuration: 2.00 ms\tInit Duration: 9.00 ms\t"),
            (1_010, "a", "REPORT RequestId: y\tDuration: 3.00 ms\t"),
        ])];
        let sent = Sent::from_samples("r", &samples);
        let evidence = Evidence {
            chain: &chain,
            ends: &[0],
            counted: None,
            sent: &sent,
            samples: &samples,
            began_ms: 1_000,
            logs: &logs,
        };
        let (by, _) = account(&evidence);
        let seen = report(&evidence, by, &measured(&["shop"]), &[]);
        assert_eq!((seen.head.as_str(), seen.followed_by), ("function URL entry", FollowedBy::Answers));
        let function = &seen.functions[0];
        assert_eq!((function.invocations, function.cold_starts, function.seen), (2, 1, None));
        assert!((function.share_of_answer.unwrap() - 0.5).abs() < 0.001, "{function:?}");
        assert_eq!(seen.unknown, Vec::<String>::new());
    }

    #[test]
    fn each_function_has_its_times_and_what_is_unknown_is_named() {
        let chain = chain(3);
        let samples = [sample(0, 0, 1_000, 200), sample(1, 0, 1_000, 200)];
        let report_line = "REPORT RequestId: x\tDuration: 2.00 ms\t";
        let left = log(&[
            (1_010, "a", "r-1-0 r-1-1"),
            (1_012, "a", report_line),
            (1_013, "a", "r-1-0"),
            (1_014, "a", report_line),
        ]);
        let logs = [log(&[(1_001, "e", report_line)]), left, log(&[])];
        let sent = Sent::from_samples("r", &samples);
        let evidence = Evidence {
            chain: &chain,
            ends: &[1, 2],
            sent: &sent,
            samples: &samples,
            began_ms: 1_000,
            logs: &logs,
            counted: None,
        };
        let (by, _) = account(&evidence);
        let mut measured = measured(&["entry", "left", "right"]);
        measured[2].backlog = None;
        let seen = report(&evidence, by, &measured, &["whether there are HTTP APIs".to_owned()]);
        let left = &seen.functions[1];
        assert_eq!(
            (left.seen, left.after.as_slice(), left.is_end),
            (Some(2), ["entry".to_owned()].as_slice(), true)
        );
        assert_eq!(left.again.as_ref().unwrap().first, ["r-1-0"]);
        let max = |figures: &Option<Figures>| figures.as_ref().unwrap().max;
        assert!(
            (max(&left.begins_after_ms) - 10.0).abs() < 0.01
                && (max(&left.done_after_ms) - 12.0).abs() < 0.01
        );
        let expected = [
            "whether there are HTTP APIs",
            "each request at entry",
            "what right does",
            "how much waited for right",
        ];
        assert_eq!(seen.unknown.len(), expected.len(), "{:?}", seen.unknown);
        for (seen, expected) in seen.unknown.iter().zip(expected) {
            assert!(seen.contains(expected), "{seen}");
        }
    }
}
