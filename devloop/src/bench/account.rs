//! The account of a run: what became of every request that was accepted. Pure: samples and rows in, counts and names out.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::bench::payload::{id, parse_id};
use crate::bench::row::{Line, SinkRow};
use crate::bench::sample::Sample;

/// The requests that were sent. `bench` knows them from its samples, `bench wait` from the file that a load left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) run: String,
    /// The accepted requests: user and iteration.
    pub(crate) accepted: Vec<(u32, u32)>,
    /// The refused requests.
    pub(crate) refused: Vec<(u32, u32)>,
}

impl Sent {
    /// The requests of these samples.
    pub(crate) fn from_samples(run: &str, samples: &[Sample]) -> Self {
        let named = |sample: &Sample| (sample.user, sample.iteration);
        let (accepted, refused): (Vec<_>, Vec<_>) = samples.iter().partition(|sample| sample.accepted());
        Self {
            run: run.to_owned(),
            accepted: accepted.into_iter().map(|sample| named(&sample)).collect(),
            refused: refused.into_iter().map(|sample| named(&sample)).collect(),
        }
    }
}

/// A line about a request in the log of the stage that writes to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreRow {
    /// Its position among all rows.
    pub(crate) place: (i64, String),
    /// The id of the request's item.
    pub(crate) key: String,
    /// Whether the item was written; otherwise it existed before.
    pub(crate) stored: bool,
    /// When that was, in ms since the epoch.
    pub(crate) at: Option<i64>,
    /// Arrival in the stream.
    pub(crate) arrived: Option<i64>,
}

impl StoreRow {
    /// Reads a row from a line of the run.
    pub(crate) fn from_line(place: (i64, String), line: Line) -> Option<Self> {
        let stored = match line.outcome.as_str() {
            "stored" => true,
            "already_stored" => false,
            _ => return None,
        };
        Some(Self { place, key: line.key?, stored, at: line.stored, arrived: line.arrived })
    }
}

/// What became of the requests at one place of the pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The number of accepted requests that arrived here.
    pub(crate) arrived: u64,
    /// The ids of accepted requests that arrived at the previous place and never here.
    pub(crate) lost: Vec<String>,
    /// The requests that came more than once, with the number of further times.
    pub(crate) duplicated: BTreeMap<String, u64>,
    /// Requests that came after a later one of the same user.
    pub(crate) reordered: Vec<String>,
}

impl Passage {
    /// The number of further times, summed over all requests.
    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicated.values().sum()
    }
}

/// The account of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Requests that were answered with 200.
    pub(crate) accepted: u64,
    /// Requests that were answered otherwise, or not at all.
    pub(crate) refused: u64,
    /// What became of them at the table.
    pub(crate) store: Passage,
    /// What became of them at the sink.
    pub(crate) sink: Passage,
    /// Requests that were not accepted and came through nevertheless.
    pub(crate) unexpected: Vec<String>,
    /// The first row of every request that came through, by completion.
    pub(crate) runs: Vec<SinkRow>,
}

impl Account {
    /// Joins the requests with the rows. `store` may lack rows of requests that arrived at the sink: whatever is at the sink was in
    /// the table.
    pub(crate) fn new(sent: &Sent, mut store: Vec<StoreRow>, mut sink: Vec<SinkRow>) -> Self {
        store.sort_by(|left, right| left.place.cmp(&right.place));
        sink.sort_by(|left, right| left.place.cmp(&right.place));
        let mut store_passage = passage(&sent.run, store.iter().map(|row| row.key.as_str()));
        let mut sink_passage = passage(&sent.run, sink.iter().map(|row| row.key.as_str()));
        let at_store: HashSet<&str> = store.iter().map(|row| row.key.as_str()).collect();
        let mut first: HashMap<&str, &SinkRow> = HashMap::with_capacity(sink.len());
        for row in &sink {
            first.entry(row.key.as_str()).or_insert(row);
        }
        for &(user, iteration) in &sent.accepted {
            let id = id(&sent.run, user, iteration);
            let is_sunk = first.contains_key(id.as_str());
            let is_stored = is_sunk || at_store.contains(id.as_str());
            store_passage.arrived += u64::from(is_stored);
            sink_passage.arrived += u64::from(is_sunk);
            match (is_stored, is_sunk) {
                (false, _) => store_passage.lost.push(id),
                (true, false) => sink_passage.lost.push(id),
                _ => {}
            }
        }
        let refused = sent.refused.iter().map(|&(user, iteration)| id(&sent.run, user, iteration));
        let unexpected: Vec<String> = refused.filter(|id| first.contains_key(id.as_str())).collect();
        let mut runs: Vec<SinkRow> = first.into_values().cloned().collect();
        runs.sort_by(|left, right| (left.completed, &left.place).cmp(&(right.completed, &right.place)));
        Self {
            accepted: sent.accepted.len() as u64,
            refused: sent.refused.len() as u64,
            store: store_passage,
            sink: sink_passage,
            unexpected,
            runs,
        }
    }

    /// Accepted requests that did not come through.
    pub(crate) fn lost(&self) -> u64 {
        (self.store.lost.len() + self.sink.lost.len()) as u64
    }

    /// The ids of those requests.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &String> {
        self.store.lost.iter().chain(&self.sink.lost)
    }

    /// Rows beyond the first of each request at the sink.
    pub(crate) fn duplicates(&self) -> u64 {
        self.sink.duplicates()
    }
}

/// Finds duplicates and overtaking among the keys, which are in the order of arrival. A user sends its next request when it has the
/// answer to the last, so its requests have an order; requests of different users have none.
fn passage<'a>(run: &str, keys: impl Iterator<Item = &'a str>) -> Passage {
    let mut passage = Passage::default();
    let mut seen: HashMap<&str, u64> = HashMap::new();
    let mut latest: HashMap<u32, u32> = HashMap::new();
    for key in keys {
        let times = seen.entry(key).or_default();
        *times += 1;
        if *times > 1 {
            *passage.duplicated.entry(key.to_owned()).or_default() += 1;
            continue;
        }
        let Some((user, iteration)) = parse_id(run, key) else { continue };
        let latest = latest.entry(user).or_insert(iteration);
        if iteration < *latest {
            passage.reordered.push(key.to_owned());
        }
        *latest = iteration.max(*latest);
    }
    passage
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(accepted: &[(u32, u32)], refused: &[(u32, u32)]) -> Sent {
        Sent { run: "r".into(), accepted: accepted.to_vec(), refused: refused.to_vec() }
    }

    fn sunk(place: i64, key: &str) -> SinkRow {
        SinkRow {
            place: (place, String::new()),
            key: key.into(),
            run: "r".into(),
            received: Some(place - 10),
            arrived: None,
            stored: None,
            completed: place,
            client_latency: None,
            coarse: false,
            invocation: String::new(),
        }
    }

    fn stored(place: i64, key: &str) -> StoreRow {
        StoreRow { place: (place, String::new()), key: key.into(), stored: true, at: None, arrived: None }
    }

    #[test]
    fn what_is_lost_is_named_at_the_place_that_it_did_not_reach() {
        let sent = sent(&[(1, 0), (1, 1), (2, 0)], &[(2, 1)]);
        let account =
            Account::new(&sent, vec![stored(1, "r-1-0"), stored(2, "r-1-1")], vec![sunk(3, "r-1-0")]);
        assert_eq!((account.accepted, account.refused), (3, 1));
        assert_eq!(
            (account.store.arrived, account.store.lost.as_slice()),
            (2, ["r-2-0".to_owned()].as_slice())
        );
        assert_eq!(
            (account.sink.arrived, account.sink.lost.as_slice()),
            (1, ["r-1-1".to_owned()].as_slice())
        );
        assert_eq!(account.lost(), 2);
    }

    #[test]
    fn what_is_at_the_sink_was_stored_even_if_that_row_is_gone() {
        let account = Account::new(&sent(&[(1, 0)], &[]), Vec::new(), vec![sunk(1, "r-1-0")]);
        assert_eq!((account.store.arrived, account.lost()), (1, 0));
    }

    #[test]
    fn every_further_row_of_a_request_is_a_duplicate_and_the_first_one_counts() {
        let rows = vec![sunk(9, "r-1-0"), sunk(5, "r-1-0"), sunk(12, "r-1-0")];
        let account = Account::new(&sent(&[(1, 0)], &[]), Vec::new(), rows);
        assert_eq!((account.duplicates(), account.sink.arrived), (2, 1));
        assert_eq!(account.runs.iter().map(|row| row.completed).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn overtaking_is_seen_within_a_user_only() {
        let rows = vec![sunk(1, "r-1-1"), sunk(2, "r-2-0"), sunk(3, "r-1-0"), sunk(4, "r-1-2")];
        let account = Account::new(&sent(&[(1, 0), (1, 1), (1, 2), (2, 0)], &[]), Vec::new(), rows);
        assert_eq!(account.sink.reordered, ["r-1-0"]);
    }

    #[test]
    fn a_refused_request_that_came_through_is_named() {
        let account = Account::new(&sent(&[], &[(1, 0)]), Vec::new(), vec![sunk(1, "r-1-0")]);
        assert_eq!((account.unexpected.as_slice(), account.accepted), (["r-1-0".to_owned()].as_slice(), 0));
    }
}
