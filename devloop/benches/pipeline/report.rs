//! The results, for people.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::options::Options;
use crate::rows::Rows;
use crate::usage::{Process, Usage};

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    /// From the program's start to its `ready` line, once for each start.
    pub(crate) ready: Vec<Duration>,
    /// Requests that were answered with 200.
    pub(crate) accepted: u64,
    /// Requests that were answered otherwise.
    pub(crate) refused: u64,
    /// How long requests were sent.
    pub(crate) elapsed: Duration,
    /// The client's answer times in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// What downstream saw.
    pub(crate) rows: Rows,
    /// How long after the load the mappings were seen empty.
    pub(crate) drained: Duration,
    /// What load and drain cost.
    pub(crate) used: Usage,
    /// As it was when the load ended.
    pub(crate) at_end: Usage,
    /// What doing nothing cost, and for how long nothing was done.
    pub(crate) idle: (Duration, Usage),
    /// The machine's load average.
    pub(crate) load_average: String,
}

impl Report {
    /// Accepted messages that downstream never saw.
    pub(crate) fn lost(&self) -> u64 {
        self.accepted.saturating_sub(self.rows.complete)
    }

    /// Everything that was accepted came through once, and everything was accepted.
    pub(crate) fn is_complete(&self) -> bool {
        self.lost() == 0 && self.rows.duplicates == 0 && self.refused == 0
    }

    /// Prints the table.
    pub(crate) fn print(&self, options: &Options) {
        let Self { rows, used, at_end, .. } = self;
        let seconds = self.elapsed.as_secs_f64();
        let until_drained = seconds + self.rest().as_secs_f64();
        let load = match options.rate {
            Some(rate) => format!("{rate}/s, open model"),
            None => format!("{} users, closed loop", options.vus),
        };
        let line = |name: &str, value: String| println!("{name:<28}{value}");
        line("load", format!("{load}, {seconds:.1} s, functions built with `{}`", options.profile));
        line("load average", self.load_average.clone());
        line(
            "accepted",
            format!("{} ({:.0}/s), {} refused", self.accepted, self.accepted as f64 / seconds, self.refused),
        );
        line(
            "complete runs",
            format!("{} ({:.0}/s until drained)", rows.complete, rows.complete as f64 / until_drained),
        );
        line(
            "backlog at the load's end",
            format!("{} (gone after {:.2} s)", rows.backlog, self.rest().as_secs_f64()),
        );
        line("lost, twice", format!("{}, {}", self.lost(), rows.duplicates));
        line("end to end, ms", quantiles(&rows.end_to_end, 1.0));
        for (name, stage) in
            ["  gateway to stream", "  stream to table", "  table to sink"].iter().zip(&rows.stages)
        {
            line(name, quantiles(stage, 1.0));
        }
        line("client, ms", quantiles(&self.latency, 1000.0));
        let runs = rows.complete.max(1) as f64;
        let cost = |name: &str, used: &Process, at_end: &Process, note: &str| {
            let cpu = used.cpu.as_secs_f64();
            line(
                name,
                format!(
                    "{:.0} % of a core, {:.2} ms and {:.1} waits a run, {:.0} MB{note}",
                    cpu / until_drained * 100.0,
                    cpu * 1000.0 / runs,
                    used.waits as f64 / runs,
                    at_end.memory,
                ),
            );
        };
        cost("cloud", &used.cloud, &at_end.cloud, "");
        cost(
            "functions",
            &used.functions,
            &at_end.functions,
            &format!(", {} environments", at_end.environments),
        );
        cost("generator", &used.generator, &at_end.generator, "");
        let (idle, nothing) = &self.idle;
        let percent = |process: &Process| process.cpu.as_secs_f64() / idle.as_secs_f64() * 100.0;
        line(
            "idle",
            format!(
                "cloud {:.1} %, functions {:.1} % of a core; {:.1} and {:.1} waits a second",
                percent(&nothing.cloud),
                percent(&nothing.functions),
                nothing.cloud.waits as f64 / idle.as_secs_f64(),
                nothing.functions.waits as f64 / idle.as_secs_f64(),
            ),
        );
        let mut ready: Vec<u128> = self.ready.iter().map(Duration::as_millis).collect();
        ready.sort_unstable();
        if let (Some(last), Some(median)) = (ready.last(), ready.get(ready.len() / 2)) {
            line("start to ready, ms", format!("{median} (median of {}, at most {last})", ready.len()));
        }
    }

    /// How long after the load's end the last run was complete.
    fn rest(&self) -> Duration {
        Duration::from_millis((self.rows.last_ms - self.rows.load_ended_ms).max(0) as u64).min(self.drained)
    }
}

fn quantiles(histogram: &Histogram<u64>, unit: f64) -> String {
    let value = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / unit;
    let digits = usize::from(unit > 1.0);
    format!(
        "p50 {:.digits$}, p99 {:.digits$}, max {:.digits$}",
        value(0.5),
        value(0.99),
        histogram.max() as f64 / unit
    )
}
