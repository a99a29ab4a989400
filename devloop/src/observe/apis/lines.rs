//! Reads Lambda's REPORT lines: starts that a request had to wait for, and durations where no metric has them.

use serde_json::{Value, json};

use super::{Apis, WINDOW, body};
use crate::engine::Millis;
use crate::status::{Distribution, Function};
use devloop_cloud::ReportLine;

const TARGET: &str = "Logs_20140328.FilterLogEvents";

/// The most pages that are read. They hold ten thousand lines each, or a megabyte.
const MAX_PAGES: usize = 20;

/// The operation that shows the newest environment's log.
const STREAMS: &str = "Logs_20140328.DescribeLogStreams";

/// How far back the last report is looked for, in ms: first a short time, then a longer one, because a busy function has very many
/// reports.
const REACHES: [Millis; 2] = [20_000, 180_000];

/// When a report was written, and to which log stream.
type StatusReport = (Millis, String);

/// What was read of a function's reports.
pub(super) enum Reports {
    /// All reports of the last hour were read; this is the newest.
    All(Option<StatusReport>),
    /// Only reports of cold starts were read.
    Some,
}

/// Keeps the newest report of a page, if it is newer.
fn latest(page: &Value, newest: &mut Option<StatusReport>) {
    for event in page["events"].as_array().into_iter().flatten() {
        let (at, stream) = (event["timestamp"].as_u64(), event["logStreamName"].as_str());
        if let (Some(at), Some(stream)) = (at, stream)
            && newest.as_ref().is_none_or(|(latest, _)| at >= *latest)
        {
            *newest = Some((at, stream.to_owned()));
        }
    }
}

impl Apis<'_> {
    /// Counts a function's cold starts, and measures its durations where no metric has them. In the latter case every report of the
    /// last hour is read, and the newest is returned.
    pub(super) async fn read_lines(&self, function: &mut Function, now: Millis) -> Result<Reports, String> {
        // Where CloudWatch has the durations, only the few lines about cold starts are read.
        let reads_all = function.duration_ms.is_none();
        let pattern = if reads_all { "REPORT" } else { "\"Init Duration\"" };
        let group = format!("/aws/lambda/{}", function.name);
        let start = now.saturating_sub(WINDOW * 1_000);
        let mut input = json!({ "logGroupName": group, "filterPattern": pattern, "startTime": start });
        let mut found = Vec::new();
        let mut newest = None;
        for page in 0.. {
            if page == MAX_PAGES {
                return Err(format!(
                    "{group} has more lines than {MAX_PAGES} pages hold; later ones were not read"
                ));
            }
            let Some(answer) = self.logs(TARGET, &input).await? else { break };
            latest(&answer, &mut newest);
            let events = answer["events"].as_array().into_iter().flatten();
            found.extend(events.filter_map(|event| ReportLine::parse(event["message"].as_str()?)));
            match answer["nextToken"].as_str() {
                Some(token) => input["nextToken"] = Value::from(token),
                None => break,
            }
        }
        function.environments.cold_starts = found.iter().filter(|line| line.init_ms.is_some()).count() as u64;
        if function.duration_ms.is_none() {
            function.duration_ms = distribution(found.iter().map(|line| line.duration_ms).collect());
        }
        Ok(if reads_all { Reports::All(newest) } else { Reports::Some })
    }

    /// Finds out when the function last ended a request, and whether the environment that handled it began after the function's
    /// last update. If so, it runs the deployed code. No API says which code answered.
    pub(super) async fn read_newest(
        &self,
        function: &mut Function,
        updated: Option<Millis>,
        reports: Reports,
        now: Millis,
    ) -> Result<(), String> {
        let group = format!("/aws/lambda/{}", function.name);
        let last = match reports {
            Reports::All(newest) => newest,
            Reports::Some => self.newest_report(&group, now).await?,
        };
        let mut input = json!({ "logGroupName": group, "limit": 1 });
        match &last {
            Some((_, stream)) => input["logStreamNamePrefix"] = json!(stream),
            None => {
                input["orderBy"] = json!("LastEventTime");
                input["descending"] = json!(true);
            }
        }
        let Some(answer) = self.logs(STREAMS, &input).await? else { return Ok(()) };
        let newest = &answer["logStreams"][0];
        function.answered_ms = last.map(|(at, _)| at).or(newest["lastEventTimestamp"].as_u64());
        let began = newest["creationTime"].as_u64();
        if function.answered_ms.is_some()
            && began.zip(updated).is_some_and(|(began, updated)| began >= updated)
        {
            function.answers_newest = true;
            function.answering_digest.clone_from(&function.deployed_digest);
        }
        Ok(())
    }

    /// The newest report of the last minutes.
    async fn newest_report(&self, group: &str, now: Millis) -> Result<Option<StatusReport>, String> {
        for reach in REACHES {
            let last = self.last_report(group, now.saturating_sub(reach)).await?;
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    async fn last_report(&self, group: &str, since: Millis) -> Result<Option<StatusReport>, String> {
        let mut input = json!({ "logGroupName": group, "filterPattern": "REPORT", "startTime": since });
        let mut last = None;
        for _ in 0..MAX_PAGES {
            let Some(answer) = self.logs(TARGET, &input).await? else { break };
            latest(&answer, &mut last);
            match answer["nextToken"].as_str() {
                Some(token) => input["nextToken"] = Value::from(token),
                None => break,
            }
        }
        Ok(last)
    }

    /// Calls CloudWatch Logs; `None` where there is no such group, as for a function that was never called.
    async fn logs(&self, target: &str, input: &Value) -> Result<Option<Value>, String> {
        let answer = self.call("logs", target, input).await?;
        let body_of_refusal = answer.json().unwrap_or_default();
        let kind = body_of_refusal["__type"].as_str();
        if kind.is_some_and(|kind| kind.ends_with("ResourceNotFoundException")) {
            return Ok(None);
        }
        body("CloudWatch Logs", &answer).map(Some)
    }
}

/// The distribution of the values. Each percentile is one of the values: the smallest that this share of them does not exceed.
fn distribution(mut values: Vec<f64>) -> Option<Distribution> {
    values.sort_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let at = |share: f64| {
        let rank = (share * values.len() as f64).ceil() as usize;
        values[rank.clamp(1, values.len()) - 1]
    };
    Some(Distribution {
        count: values.len() as u64,
        sum: values.iter().sum(),
        min,
        max,
        p50: at(0.50),
        p95: at(0.95),
        p99: at(0.99),
    })
}

#[cfg(test)]
mod tests {
    use super::distribution;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let spread = distribution((1..=200).rev().map(f64::from).collect()).unwrap();
        assert_eq!((spread.count, spread.min, spread.max, spread.sum), (200, 1.0, 200.0, 20_100.0));
        assert_eq!((spread.p50, spread.p95, spread.p99), (100.0, 190.0, 198.0));
        let one = distribution(vec![7.0]).unwrap();
        assert_eq!((one.p50, one.p99), (7.0, 7.0));
        assert_eq!(distribution(Vec::new()), None);
    }
}
