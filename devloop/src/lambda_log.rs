//! Lambda's own lines in a function's log, as `bench` and `status` read them: how long an invocation took, and whether it had to
//! wait for the start of its environment.

use std::fmt;

use serde_json::Value;

/// What Lambda reports at the end of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReportLine {
    /// The invocation's request id.
    pub(crate) request_id: String,
    /// How long the handler took, in ms.
    pub(crate) duration_ms: f64,
    /// How long the start of the environment took, in ms; only for an environment's first invocation, if that had to wait for
    /// the start.
    pub(crate) init_ms: Option<f64>,
    /// The memory that the environment has used at most, in MB.
    pub(crate) memory_mb: Option<u64>,
}

impl fmt::Display for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "took {} ms", self.duration_ms)?;
        if let Some(init) = self.init_ms {
            write!(f, ", cold start {init} ms")?;
        }
        self.memory_mb.map_or(Ok(()), |memory| write!(f, ", {memory} MB"))
    }
}

impl ReportLine {
    /// Reads a line of a log; `None` if it is not a report. Both log formats are understood: `REPORT RequestId: …` with fields
    /// between tabs, and JSON of the type `platform.report` `[Lambda developer guide, "Viewing CloudWatch logs" and "JSON log
    /// format"]`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            return Self::parse_json(line);
        }
        let mut fields = line.trim_end().split('\t').map(str::trim);
        let request_id = fields.next()?.strip_prefix("REPORT RequestId: ")?.to_owned();
        let (mut duration_ms, mut init_ms, mut memory_mb) = (None, None, None);
        for field in fields {
            let ms = |name| field.strip_prefix(name)?.strip_suffix(" ms")?.parse::<f64>().ok();
            duration_ms = duration_ms.or_else(|| ms("Duration: "));
            init_ms = init_ms.or_else(|| ms("Init Duration: "));
            let megabytes = field.strip_prefix("Max Memory Used: ").and_then(|used| used.strip_suffix(" MB"));
            memory_mb = memory_mb.or_else(|| megabytes?.parse().ok());
        }
        Some(Self { request_id, duration_ms: duration_ms?, init_ms, memory_mb })
    }

    fn parse_json(line: &str) -> Option<Self> {
        // Most JSON lines are the function's own; only Lambda's are parsed.
        if !line.contains("\"platform.report\"") {
            return None;
        }
        let line: Value = serde_json::from_str(line).ok()?;
        let record = &line["record"];
        let metrics = &record["metrics"];
        let is_report = line["type"] == "platform.report";
        is_report.then_some(())?;
        Some(Self {
            request_id: record["requestId"].as_str()?.to_owned(),
            duration_ms: metrics["durationMs"].as_f64()?,
            init_ms: metrics["initDurationMs"].as_f64(),
            memory_mb: metrics["maxMemoryUsedMB"].as_u64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ReportLine;

    fn check(line: &str, expected: Option<(&str, f64, Option<f64>)>) {
        let seen = ReportLine::parse(line);
        let seen = seen.as_ref().map(|seen| (seen.request_id.as_str(), seen.duration_ms, seen.init_ms));
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn a_report_has_the_duration_and_the_start_that_it_waited_for() {
        let warm = "REPORT RequestId: a-1\tDuration: 7.60 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB";
        check(warm, Some(("a-1", 7.6, None)));
        check(&format!("{warm}\tInit Duration: 99.51 ms\t\n"), Some(("a-1", 7.6, Some(99.51))));
        check("REPORT RequestId: a-1\tBilled Duration: 8 ms", None);
        for other in ["START RequestId: a-1 Version: $LATEST", "END RequestId: a-1", "REPORT of mine", ""] {
            check(other, None);
        }
    }

    #[test]
    fn a_report_in_json_has_the_same_values() {
        let report = r#"{"time":"2026-11-28T10:00:00.000Z","type":"platform.report","record":{"requestId":"a-1",
            "metrics":{"durationMs":7.6,"billedDurationMs":8,"initDurationMs":99.51},"status":"success"}}"#;
        check(&report.replace('\n', ""), Some(("a-1", 7.6, Some(99.51))));
        check(r#"{"type":"platform.start","record":{"requestId":"a-1"}}"#, None);
        check(r#"{"message":"a \"platform.report\" of mine"}"#, None);
    }

    #[test]
    fn a_report_is_shortened_to_a_few_words() {
        let told = |line: &str| ReportLine::parse(line).map(|report| report.to_string());
        let warm = "REPORT RequestId: a-1\tDuration: 2.31 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB\t";
        assert_eq!(told(warm).as_deref(), Some("took 2.31 ms, 17 MB"));
        let cold = format!("{warm}Init Duration: 20.11 ms\t");
        assert_eq!(told(&cold).as_deref(), Some("took 2.31 ms, cold start 20.11 ms, 17 MB"));
    }
}
