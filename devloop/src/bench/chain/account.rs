//! Finds out what became of the requests that were sent to a chain. Pure.

use std::collections::HashMap;

use super::ends::row;
use super::log::FunctionLog;
use super::{Chain, FollowedBy};
use crate::bench::account::{Account, Passage, Sent};
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;

/// Everything that shows what became of a run's requests.
pub(crate) struct Evidence<'a> {
    pub(crate) chain: &'a Chain,
    /// The links whose logs show that a request is complete: the ends, or the one that the user named.
    pub(crate) ends: &'a [usize],
    /// What was sent, and when.
    pub(crate) sent: &'a Sent,
    /// The sent requests with their times.
    pub(crate) samples: &'a [Sample],
    /// When the load began, in ms since the epoch.
    pub(crate) began_ms: u64,
    /// The log of each link.
    pub(crate) logs: &'a [FunctionLog],
    /// The metric that the chain ends in, and how many values it got, where the user named one.
    pub(crate) counted: Option<(String, u64)>,
}

impl Evidence<'_> {
    /// When each request was sent, in ms since the epoch, by its id.
    pub(crate) fn sendings(&self) -> HashMap<String, i64> {
        let sent = self.samples.iter();
        sent.map(|sample| (sample.id(&self.sent.run), at(self.began_ms, sample.sent))).collect()
    }

    /// The ends that log the requests' ids.
    pub(crate) fn telling(&self) -> Vec<usize> {
        self.ends.iter().copied().filter(|end| !self.logs[*end].sightings.is_empty()).collect()
    }
}

/// A moment of a run, in ms since the epoch, from microseconds since the load began.
pub(crate) fn at(began_ms: u64, micros: u64) -> i64 {
    (began_ms + micros / 1_000) as i64
}

/// The account of the run, and how requests were found to be complete.
pub(crate) fn account(evidence: &Evidence<'_>) -> (FollowedBy, Account) {
    let sent = evidence.sent;
    let mut account = Account {
        accepted: sent.accepted.len() as u64,
        refused: sent.refused.len() as u64,
        ..Account::default()
    };
    if let Some((_, values)) = &evidence.counted {
        account.sink.arrived = account.accepted.min(*values);
        return (FollowedBy::Metric, account);
    }
    if evidence.chain.ends_with_the_answer() {
        let accepted = evidence.samples.iter().filter(|sample| sample.accepted());
        account.runs = accepted.map(|sample| answered(&sent.run, sample, evidence.began_ms)).collect();
        account.runs.sort_by(|left, right| (left.completed, &left.key).cmp(&(right.completed, &right.key)));
        account.sink.arrived = account.accepted;
        return (FollowedBy::Answers, account);
    }
    let telling = evidence.telling();
    if telling.is_empty() {
        return (FollowedBy::Ends, account);
    }
    let sendings = evidence.sendings();
    let id = |&(user, iteration): &(u32, u32)| crate::bench::payload::id(&sent.run, user, iteration);
    for id in sent.accepted.iter().map(id) {
        match complete(evidence, &telling, &id) {
            Some(completed) => {
                let received = sendings.get(&id).copied();
                account.runs.push(SinkRow { received, ..row(&sent.run, &id, completed) });
                account.sink.arrived += 1;
            }
            None => account.sink.lost.push(id),
        }
    }
    account.unexpected =
        sent.refused.iter().map(id).filter(|id| complete(evidence, &telling, id).is_some()).collect();
    account.runs.sort_by(|left, right| (left.completed, &left.key).cmp(&(right.completed, &right.key)));
    for end in telling {
        count_again(&mut account.sink, &evidence.logs[end]);
    }
    (FollowedBy::Rows, account)
}

/// A request whose answer completes it.
pub(crate) fn answered(run: &str, sample: &Sample, began_ms: u64) -> SinkRow {
    let received = Some(at(began_ms, sample.sent));
    SinkRow { received, ..row(run, &sample.id(run), at(began_ms, sample.ended)) }
}

/// When the request was done at the last of the ends; `None` if an end has not seen it.
fn complete(evidence: &Evidence<'_>, ends: &[usize], id: &str) -> Option<i64> {
    let mut latest = None;
    for end in ends {
        let log = &evidence.logs[*end];
        latest = latest.max(Some(log.done(log.sightings.get(id)?)));
    }
    latest
}

/// Counts requests that more than one invocation has logged.
fn count_again(passage: &mut Passage, log: &FunctionLog) {
    for (id, sighting) in log.sightings.iter().filter(|(_, sighting)| sighting.times > 1) {
        *passage.duplicated.entry(id.clone()).or_default() += sighting.times - 1;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::facts::source;
    use super::super::log::tests::log;
    use super::super::{Head, Kind, Link, Source};
    use super::*;

    pub(in crate::bench::chain) fn link(function: &str, arn: &str, after: &[usize]) -> Link {
        Link {
            function: function.into(),
            sources: source(arn).into_iter().collect(),
            after: after.to_vec(),
            on_failure: None,
        }
    }

    /// A function behind a URL, and two behind the stream that it writes to.
    pub(in crate::bench::chain) fn chain(links: usize) -> Chain {
        let head = Source { kind: Kind::Url, name: "entry".into(), arn: "http://e/".into() };
        let all = [
            Link { sources: vec![head.clone()], ..link("entry", "", &[]) },
            link("left", "arn:aws:kinesis:r:0:stream/orders", &[0]),
            link("right", "arn:aws:kinesis:r:0:stream/orders", &[0]),
        ];
        Chain {
            head: Head { source: head, method: "POST".into(), url: Some("http://e/".into()) },
            links: all[..links].to_vec(),
        }
    }

    pub(in crate::bench::chain) fn sample(iteration: u32, sent: u64, ended: u64, status: u16) -> Sample {
        Sample { user: 1, iteration, due: sent, free: sent, sent, ended, status }
    }

    fn evidence(chain: &Chain, samples: &[Sample], logs: &[FunctionLog]) -> (FollowedBy, Account) {
        let sent = Sent::from_samples("r", samples);
        account(&Evidence {
            chain,
            ends: &chain.ends(),
            sent: &sent,
            samples,
            began_ms: 1_000,
            logs,
            counted: None,
        })
    }

    const REPORT: &str = "REPORT RequestId: x\tDuration: 2.00 ms\t";

    #[test]
    fn the_answer_of_a_single_function_completes_a_request() {
        let samples = [sample(0, 1_000, 5_000, 200), sample(1, 6_000, 9_000, 500)];
        let (by, account) = evidence(&chain(1), &samples, &[FunctionLog::default()]);
        assert_eq!(
            (by, account.accepted, account.refused, account.sink.arrived),
            (FollowedBy::Answers, 1, 1, 1)
        );
        assert_eq!((account.runs[0].completed, account.runs[0].latency()), (1_005, 4));
    }

    #[test]
    fn a_request_is_complete_at_the_last_of_the_ends_and_lost_where_one_lacks_it() {
        let samples = [sample(0, 0, 1_000, 200), sample(1, 0, 1_000, 200), sample(2, 0, 1_000, 502)];
        let left = log(&[
            (1_010, "a", "r-1-0 r-1-1"),
            (1_012, "a", REPORT),
            (1_020, "a", "r-1-0"),
            (1_022, "a", REPORT),
        ]);
        let right = log(&[(1_030, "b", "r-1-0"), (1_031, "b", REPORT), (1_040, "b", "r-1-2")]);
        let (by, account) = evidence(&chain(3), &samples, &[FunctionLog::default(), left.clone(), right]);
        assert_eq!(by, FollowedBy::Rows);
        assert_eq!(
            account.runs.iter().map(|row| (row.key.as_str(), row.latency())).collect::<Vec<_>>(),
            [("r-1-0", 31)]
        );
        assert_eq!((account.lost(), account.sink.lost.as_slice()), (1, ["r-1-1".to_owned()].as_slice()));
        assert_eq!(
            (account.duplicates(), account.unexpected.len()),
            (1, 0),
            "the refused one got to one end only"
        );

        // An end that logs no ids does not count; the other one decides.
        let (_, account) =
            evidence(&chain(3), &samples, &[FunctionLog::default(), left, FunctionLog::default()]);
        assert_eq!((account.lost(), account.sink.arrived), (0, 2));
    }

    #[test]
    fn without_a_single_id_nothing_is_known_one_by_one() {
        let samples = [sample(0, 0, 1_000, 200)];
        let silent = log(&[(1_012, "a", REPORT)]);
        let (by, account) = evidence(&chain(3), &samples, &[silent.clone(), silent.clone(), silent]);
        assert_eq!((by, account.accepted, account.lost(), account.runs.len()), (FollowedBy::Ends, 1, 0, 0));
    }
}
