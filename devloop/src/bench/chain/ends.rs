//! The requests of a running load that have arrived at every end of a chain. A request has arrived when its id is in the logs of
//! all functions at an end.

use std::collections::HashMap;

use super::log::ids;
use crate::bench::follow::{LogGroup, OVERLAP_MS, Rows};
use crate::bench::row::SinkRow;

/// The logs of a chain's ends.
pub(crate) struct EndRows {
    run: String,
    ends: Vec<End>,
    arrivals: Arrivals,
}

struct End {
    group: LogGroup,
    from: i64,
    latest: i64,
}

impl EndRows {
    /// The rows of the run in these groups, logged at `from` (ms since the epoch) or later.
    pub(crate) fn new(groups: Vec<LogGroup>, from: i64, run: &str) -> Self {
        let arrivals = Arrivals::new(groups.len());
        let ends = groups.into_iter().map(|group| End { group, from, latest: from }).collect();
        Self { run: run.to_owned(), ends, arrivals }
    }

    async fn read(&mut self, start: impl Fn(&End) -> i64) -> Result<Vec<SinkRow>, String> {
        let pattern = format!("\"{}\"", self.run);
        let mut rows = Vec::new();
        for (index, end) in self.ends.iter_mut().enumerate() {
            let (run, arrivals) = (&self.run, &mut self.arrivals);
            let mut latest = end.latest;
            end.group
                .read(start(end), &pattern, |event| {
                    latest = latest.max(event.timestamp);
                    for id in ids(&event.message, run) {
                        rows.extend(arrivals.arrived(id, index, event.timestamp).map(|at| row(run, id, at)));
                    }
                })
                .await?;
            end.latest = latest;
        }
        Ok(rows)
    }
}

impl Rows for EndRows {
    async fn fresh(&mut self) -> Result<Vec<SinkRow>, String> {
        self.read(|end| (end.latest - OVERLAP_MS).max(end.from)).await
    }

    async fn rest(&mut self) -> Result<Vec<SinkRow>, String> {
        self.read(|end| end.from).await
    }
}

/// A request that is complete, without what only its sender knows.
pub(super) fn row(run: &str, id: &str, completed: i64) -> SinkRow {
    SinkRow {
        place: (completed, String::new()),
        key: id.to_owned(),
        run: run.to_owned(),
        received: None,
        arrived: None,
        stored: None,
        completed,
        client_latency: None,
        coarse: false,
        invocation: String::new(),
    }
}

/// Which requests have arrived at which ends.
struct Arrivals {
    ends: usize,
    /// By id: the ends at which the request has arrived, and the latest time.
    seen: HashMap<String, (Vec<usize>, i64)>,
}

impl Arrivals {
    fn new(ends: usize) -> Self {
        Self { ends, seen: HashMap::new() }
    }

    /// Notes that a request has arrived at an end. Once it is at all of them, returns the time of the last arrival, but only the
    /// first time.
    fn arrived(&mut self, id: &str, end: usize, at: i64) -> Option<i64> {
        if !self.seen.contains_key(id) {
            self.seen.insert(id.to_owned(), (Vec::new(), at));
        }
        let (ends, latest) = self.seen.get_mut(id)?;
        if ends.contains(&end) {
            return None;
        }
        ends.push(end);
        *latest = at.max(*latest);
        (ends.len() == self.ends).then_some(*latest)
    }
}

#[cfg(test)]
mod tests {
    use super::Arrivals;

    #[test]
    fn a_request_is_complete_once_when_it_is_at_every_end() {
        let mut arrivals = Arrivals::new(2);
        assert_eq!(arrivals.arrived("a", 0, 5), None);
        assert_eq!(arrivals.arrived("a", 0, 9), None, "the same line is read again");
        assert_eq!(arrivals.arrived("b", 1, 7), None);
        assert_eq!(arrivals.arrived("a", 1, 4), Some(5));
        assert_eq!(arrivals.arrived("a", 1, 8), None);
        assert_eq!(arrivals.arrived("b", 0, 8), Some(8));
    }
}
