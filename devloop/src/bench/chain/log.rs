//! Reads a function's log of a run, whoever wrote the function: Lambda's reports of its invocations, and lines that contain the ids
//! of the run's requests. A line belongs to the invocation whose report comes next in its log stream, because an environment works
//! on one invocation at a time. Pure except for the reading.

use std::collections::HashMap;

use crate::bench::follow::LogGroup;
use crate::bench::row::LogEvent;
use devloop_cloud::ReportLine;

/// An invocation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    /// When it ended, in ms since the epoch.
    pub(crate) ended: i64,
    /// Lambda's report of it.
    pub(crate) report: ReportLine,
}

impl Invocation {
    /// When its handler began, in ms since the epoch.
    pub(crate) fn began(&self) -> f64 {
        self.ended as f64 - self.report.duration_ms
    }
}

/// A request in a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// When its id was logged first, in ms since the epoch.
    pub(crate) logged: i64,
    /// The invocation that logged it first; `None` if no report of that invocation was found.
    pub(crate) invocation: Option<usize>,
    /// How many invocations logged it.
    pub(crate) times: u64,
    /// The last invocation that logged it, so that each is counted once.
    latest: Option<usize>,
}

/// The contents of a function's log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FunctionLog {
    /// Its invocations, ordered by their end.
    pub(crate) invocations: Vec<Invocation>,
    /// The requests whose ids it logged, by the id.
    pub(crate) sightings: HashMap<String, Sighting>,
}

impl FunctionLog {
    /// Reads the log from this time on, in ms since the epoch.
    pub(crate) async fn read(group: &LogGroup, from: i64, run: &str) -> Result<Self, String> {
        let mut log = Reading::new(run);
        group
            .read(from, &format!("?REPORT ?\"platform.report\" ?\"{run}\""), |event| log.take(&event))
            .await?;
        Ok(log.end())
    }

    /// When the request was done here: when its invocation ended, or when it was logged if that is not known.
    pub(crate) fn done(&self, sighting: &Sighting) -> i64 {
        sighting
            .invocation
            .and_then(|index| self.invocations.get(index))
            .map_or(sighting.logged, |seen| seen.ended)
    }
}

/// A log that is being read.
struct Reading<'a> {
    run: &'a str,
    log: FunctionLog,
    /// The ids that were logged since the last report, by log stream, with the time.
    open: HashMap<String, Vec<(String, i64)>>,
}

impl<'a> Reading<'a> {
    fn new(run: &'a str) -> Self {
        Self { run, log: FunctionLog::default(), open: HashMap::new() }
    }

    fn take(&mut self, event: &LogEvent) {
        if let Some(report) = ReportLine::parse(&event.message) {
            let index = self.log.invocations.len();
            self.log.invocations.push(Invocation { ended: event.timestamp, report });
            for (id, logged) in self.open.remove(&event.log_stream_name).unwrap_or_default() {
                self.sight(id, logged, Some(index));
            }
            return;
        }
        for id in ids(&event.message, self.run) {
            let open = self.open.entry(event.log_stream_name.clone()).or_default();
            open.push((id.to_owned(), event.timestamp));
        }
    }

    fn sight(&mut self, id: String, logged: i64, invocation: Option<usize>) {
        let first = Sighting { logged, invocation, times: 0, latest: None };
        let sighting = self.log.sightings.entry(id).or_insert(first);
        if sighting.times == 0 || sighting.latest != invocation {
            sighting.times += 1;
        }
        sighting.latest = invocation;
        if logged < sighting.logged {
            (sighting.logged, sighting.invocation) = (logged, invocation);
        }
    }

    fn end(mut self) -> FunctionLog {
        for (id, logged) in std::mem::take(&mut self.open).into_values().flatten() {
            self.sight(id, logged, None);
        }
        self.log
    }
}

/// The ids of the run's requests in a line: `<run>-<user>-<iteration>`.
pub(crate) fn ids<'a>(line: &'a str, run: &'a str) -> impl Iterator<Item = &'a str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let bytes = line.as_bytes();
    line.match_indices(run).filter_map(move |(at, _)| {
        let is_start = at == 0 || !is_word(bytes[at - 1]);
        let mut end = at + run.len();
        for _ in 0..2 {
            let digits = line.get(end..)?.strip_prefix('-')?.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            end += 1 + digits;
        }
        // A full stop after an id ends a sentence; further letters or digits make it another id.
        let is_end = bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte));
        (is_start && is_end).then(|| &line[at..end])
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand_in_a_line() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(ids(line, "r-1").collect::<Vec<_>>(), expected, "{line}");
        };
        check("r-1-2-3", &["r-1-2-3"]);
        check(r#"{"id":"r-1-2-3","other":"r-1-10-0"}"#, &["r-1-2-3", "r-1-10-0"]);
        check("took r-1-2-3.", &["r-1-2-3"]);
        for other in ["r-1-warm-up-2-3", "xr-1-2-3", "a-r-1-2-3", "r-1-2-3x", "r-1-2-3-4", "r-1-2", "r-1", ""]
        {
            check(other, &[]);
        }
    }

    pub(in crate::bench::chain) fn log(lines: &[(i64, &str, &str)]) -> FunctionLog {
        let mut reading = Reading::new("r");
        for (timestamp, stream, message) in lines {
            reading.take(&LogEvent {
                timestamp: *timestamp,
                log_stream_name: (*stream).to_owned(),
                message: (*message).to_owned(),
                ..LogEvent::default()
            });
        }
        reading.end()
    }

    #[test]
    fn a_line_belongs_to_the_next_report_of_its_stream() {
        let seen = log(&[
            (10, "a", "got r-1-0"),
            (11, "b", "got r-2-0"),
            (12, "a", "wrote r-1-0 and r-1-1"),
            (15, "b", "REPORT RequestId: two\tDuration: 6.00 ms\t"),
            (20, "a", "REPORT RequestId: one\tDuration: 12.00 ms\tInit Duration: 9.00 ms\t"),
            (30, "a", "got r-1-2"),
        ]);
        let id = |index: usize| seen.invocations[index].report.request_id.as_str();
        assert_eq!((id(0), id(1), seen.invocations[1].began()), ("two", "one", 8.0));
        let check = |key: &str, logged: i64, invocation: Option<usize>, times: u64, done: i64| {
            let sighting = &seen.sightings[key];
            assert_eq!(
                (sighting.logged, sighting.invocation, sighting.times),
                (logged, invocation, times),
                "{key}"
            );
            assert_eq!(seen.done(sighting), done, "{key}");
        };
        check("r-1-0", 10, Some(1), 1, 20);
        check("r-1-1", 12, Some(1), 1, 20);
        check("r-2-0", 11, Some(0), 1, 15);
        check("r-1-2", 30, None, 1, 30);
    }

    #[test]
    fn a_request_that_comes_again_is_counted_once_an_invocation() {
        let report = "REPORT RequestId: x\tDuration: 1.00 ms\t";
        let seen = log(&[
            (1, "a", "r-1-0"),
            (2, "a", report),
            (3, "a", "r-1-0"),
            (3, "a", "r-1-0 again"),
            (4, "a", report),
        ]);
        assert_eq!((seen.sightings["r-1-0"].times, seen.sightings["r-1-0"].invocation), (2, Some(0)));
    }
}
