//! The lines that the pipeline's functions log: one JSON object for each record and one for each invocation. They show what became
//! of a request.

use serde::Deserialize;

/// An event of a log group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    /// The service's id of the event.
    #[serde(default)]
    pub(crate) event_id: String,
    /// When it was logged, in ms since the epoch.
    #[serde(default)]
    pub(crate) timestamp: i64,
    /// Its log stream, which one environment writes, one invocation after the other.
    #[serde(default)]
    pub(crate) log_stream_name: String,
    #[serde(default)]
    pub(crate) message: String,
}

/// A JSON line of a function; members that a line does not have are `None`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    /// When it was written.
    pub(crate) ts: i64,
    /// Lambda's id of the invocation.
    pub(crate) request_id: String,
    /// The id of the request's item.
    pub(crate) key: Option<String>,
    /// What happened, in one word.
    pub(crate) outcome: String,
    /// How long the record, or the invocation, took until the line was written.
    pub(crate) ms: f64,
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
    /// Whether the client's clock counts in seconds.
    pub(crate) coarse: Option<bool>,
}

impl Line {
    /// Parses a function's line; `None` if the text is something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok().filter(|line: &Self| !line.outcome.is_empty())
    }

    /// When the record, or the invocation, began, in ms since the epoch.
    pub(crate) fn began(&self) -> f64 {
        self.ts as f64 - self.ms
    }
}

/// A request at the sink: a line of its log, or a row of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SinkRow {
    /// Its position among all rows.
    pub(crate) place: (i64, String),
    /// The id of the request's item.
    pub(crate) key: String,
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
    /// Whether the client's clock counts in seconds.
    pub(crate) coarse: bool,
    /// Lambda's id of the sink's invocation.
    pub(crate) invocation: String,
}

impl SinkRow {
    /// Reads the row from an event of the sink's log group.
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

    /// The latency in ms, from the gateway's receipt to the sink; from the client's clock where the receipt is not known.
    pub(crate) fn latency(&self) -> i64 {
        self.received.map_or(self.client_latency.unwrap_or(0), |received| self.completed - received).max(0)
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
            log_stream_name: String::new(),
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
}
