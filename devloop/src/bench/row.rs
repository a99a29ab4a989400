//! The functions' own log lines, which are the record of truth: one JSON object a record and one an invocation, and Lambda's
//! REPORT lines between them.

use serde::Deserialize;

/// An event of a log group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    /// The service's identity of it.
    #[serde(default)]
    pub(crate) event_id: String,
    /// When it was logged, in ms since the epoch.
    #[serde(default)]
    pub(crate) timestamp: i64,
    /// The line.
    #[serde(default)]
    pub(crate) message: String,
}

/// A JSON line of a function; what a line does not have is absent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    /// When it was written.
    pub(crate) ts: i64,
    /// Lambda's id of the invocation.
    pub(crate) request_id: String,
    /// The id of the request's item.
    pub(crate) key: Option<String>,
    /// One word.
    pub(crate) outcome: String,
    /// How long the record, or the invocation, took until the line was written.
    pub(crate) ms: f64,
    /// The run.
    #[serde(rename = "runId")]
    pub(crate) run: Option<String>,
    /// When the gateway took the request, and so on through the pipeline; ms since the epoch.
    #[serde(rename = "receivedMs")]
    pub(crate) received: Option<i64>,
    /// Arrival in the stream.
    #[serde(rename = "arrivedMs")]
    pub(crate) arrived: Option<i64>,
    /// The write to the table.
    #[serde(rename = "storedMs")]
    pub(crate) stored: Option<i64>,
    /// At the sink.
    #[serde(rename = "completedMs")]
    pub(crate) completed: Option<i64>,
    /// From the client's clock to the sink.
    #[serde(rename = "clientLatencyMs")]
    pub(crate) client_latency: Option<i64>,
    /// The client's clock counts in seconds.
    pub(crate) coarse: Option<bool>,
}

impl Line {
    /// The line of a function; none where the text is something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok().filter(|line: &Self| !line.outcome.is_empty())
    }

    /// When what the line tells of began.
    pub(crate) fn began(&self) -> f64 {
        self.ts as f64 - self.ms
    }
}

/// A request as the sink saw it, from whatever kept it: a log line or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SinkRow {
    /// Where it stands among all rows.
    pub(crate) place: (i64, String),
    /// The id of the request's item.
    pub(crate) key: String,
    /// The run.
    pub(crate) run: String,
    /// When the gateway took the request; ms since the epoch, like all that follow.
    pub(crate) received: Option<i64>,
    /// Arrival in the stream.
    pub(crate) arrived: Option<i64>,
    /// The write to the table.
    pub(crate) stored: Option<i64>,
    /// At the sink.
    pub(crate) completed: i64,
    /// From the client's clock to the sink.
    pub(crate) client_latency: Option<i64>,
    /// The client's clock counts in seconds.
    pub(crate) coarse: bool,
    /// Lambda's id of the sink's invocation.
    pub(crate) invocation: String,
}

impl SinkRow {
    /// The row in an event of the sink's log group.
    pub(crate) fn from_event(event: LogEvent) -> Option<Self> {
        let line = Line::parse(&event.message).filter(|line| line.outcome == "measured")?;
        Some(Self {
            place: (event.timestamp, event.event_id),
            key: line.key?,
            run: line.run.unwrap_or_default(),
            received: line.received,
            arrived: line.arrived,
            stored: line.stored,
            completed: line.completed?,
            client_latency: line.client_latency,
            coarse: line.coarse.unwrap_or(false),
            invocation: line.request_id,
        })
    }

    /// The primary latency in ms: between two instants of the servers; without the gateway's, from the client's.
    pub(crate) fn latency(&self) -> i64 {
        self.received.map_or(self.client_latency.unwrap_or(0), |received| self.completed - received).max(0)
    }
}

/// What Lambda reports of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    /// Lambda's id of it.
    pub(crate) id: String,
    /// The handler's time in ms.
    pub(crate) duration: f64,
    /// The start of its process, where it had to wait for one.
    pub(crate) init: Option<f64>,
}

impl Invocation {
    /// The invocation in a REPORT line `[Lambda, "Viewing CloudWatch logs": fields are separated by tabs]`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.trim_end().split('\t');
        let id = fields.next()?.strip_prefix("REPORT RequestId: ")?.trim().to_owned();
        let (mut duration, mut init) = (None, None);
        for field in fields {
            let ms = |prefix| field.strip_prefix(prefix)?.strip_suffix(" ms")?.parse::<f64>().ok();
            duration = duration.or_else(|| ms("Duration: "));
            init = init.or_else(|| ms("Init Duration: "));
        }
        Some(Self { id, duration: duration?, init })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_s_line_is_a_row() {
        let message = r#"{"level":"info","ts":17,"fn":"downstream","request_id":"q","record_id":"e","key":"r-1-0",
            "outcome":"measured","ms":4.7,"runId":"r","latencyMs":16,"clientLatencyMs":20,"receivedMs":1,"arrivedMs":5,
            "storedMs":6,"completedMs":17,"coarse":false}"#;
        let event = |message: &str| LogEvent {
            event_id: "7".into(),
            timestamp: 18,
            message: message.replace('\n', ""),
        };
        let row = SinkRow::from_event(event(message)).unwrap();
        assert_eq!((row.key.as_str(), row.run.as_str(), row.latency()), ("r-1-0", "r", 16));
        assert_eq!((row.received, row.arrived, row.stored, row.completed), (Some(1), Some(5), Some(6), 17));
        for other in [
            &*message.replace("measured", "already_measured"),
            &message.replace("\"key\":\"r-1-0\",", ""),
            "START RequestId: q",
            "{}",
            "[1]",
        ] {
            assert_eq!(SinkRow::from_event(event(other)), None, "{other}");
        }
    }

    #[test]
    fn a_report_says_how_long_the_handler_took() {
        let check = |line: &str, expected: Option<(f64, Option<f64>)>| {
            assert_eq!(Invocation::parse(line).map(|seen| (seen.duration, seen.init)), expected, "{line}");
        };
        check(
            "REPORT RequestId: a-1\tDuration: 7.60 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB",
            Some((7.6, None)),
        );
        check(
            "REPORT RequestId: a-1\tDuration: 7.60 ms\tBilled Duration: 108 ms\tInit Duration: 99.51 ms\t\n",
            Some((7.6, Some(99.51))),
        );
        check("END RequestId: a-1", None);
        check("REPORT RequestId: a-1\tBilled Duration: 8 ms", None);
    }
}
