//! Lambda's own lines in a function's log, its report at the end of an invocation above all: written here, and read again by queries
//! and by the tool.

use std::fmt;

use serde_json::Value;

/// What Lambda reports at the end of an invocation. A member that the line does not have is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportLine {
    /// The invocation's request id.
    pub request_id: String,
    /// How long the handler took, in ms.
    pub duration_ms: f64,
    /// The duration that AWS charges for, in ms.
    pub billed_ms: Option<f64>,
    /// The memory that the function may use, in MB.
    pub memory_size_mb: Option<u64>,
    /// The memory that the environment has used at most, in MB.
    pub max_memory_used_mb: Option<u64>,
    /// How long the start of the environment took, in ms; only of an environment's first invocation, when that had to wait for
    /// the start.
    pub init_ms: Option<f64>,
}

/// The line as AWS writes it to logs of the text format.
impl fmt::Display for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "REPORT RequestId: {}\tDuration: {:.2} ms", self.request_id, self.duration_ms)?;
        if let Some(billed) = self.billed_ms {
            write!(f, "\tBilled Duration: {billed} ms")?;
        }
        if let Some(memory) = self.memory_size_mb {
            write!(f, "\tMemory Size: {memory} MB")?;
        }
        if let Some(peak) = self.max_memory_used_mb {
            write!(f, "\tMax Memory Used: {peak} MB")?;
        }
        self.init_ms.map_or(Ok(()), |init| write!(f, "\tInit Duration: {init:.2} ms"))
    }
}

impl ReportLine {
    /// Reads a line of a log; `None` if it is not a report. Both log formats are understood: `REPORT RequestId: …` with fields
    /// between tabs, and JSON of the type `platform.report` [Lambda developer guide, "Viewing CloudWatch logs" and "JSON log
    /// format"].
    pub fn parse(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            return Self::parse_json(line);
        }
        let mut fields = line.trim_end().split('\t').map(str::trim);
        let request_id = fields.next()?.strip_prefix("REPORT RequestId: ")?.to_owned();
        let fields: Vec<&str> = fields.collect();
        let value = |name, unit| fields.iter().find_map(|field| field.strip_prefix(name)?.strip_suffix(unit));
        let ms = |name| value(name, " ms")?.parse::<f64>().ok();
        let megabytes = |name| value(name, " MB")?.parse::<u64>().ok();
        Some(Self {
            request_id,
            duration_ms: ms("Duration: ")?,
            billed_ms: ms("Billed Duration: "),
            memory_size_mb: megabytes("Memory Size: "),
            max_memory_used_mb: megabytes("Max Memory Used: "),
            init_ms: ms("Init Duration: "),
        })
    }

    fn parse_json(line: &str) -> Option<Self> {
        // Most JSON lines are the function's own; only Lambda's are worth reading.
        if !line.contains("\"platform.report\"") {
            return None;
        }
        let line: Value = serde_json::from_str(line).ok()?;
        if line["type"] != "platform.report" {
            return None;
        }
        let record = &line["record"];
        let metrics = &record["metrics"];
        Some(Self {
            request_id: record["requestId"].as_str()?.to_owned(),
            duration_ms: metrics["durationMs"].as_f64()?,
            billed_ms: metrics["billedDurationMs"].as_f64(),
            memory_size_mb: metrics["memorySizeMB"].as_u64(),
            max_memory_used_mb: metrics["maxMemoryUsedMB"].as_u64(),
            init_ms: metrics["initDurationMs"].as_f64(),
        })
    }

    /// The report in a few words: `took 2.31 ms, cold start 20.11 ms, 17 MB`.
    pub fn in_short(&self) -> String {
        let mut words = format!("took {} ms", self.duration_ms);
        if let Some(init) = self.init_ms {
            words.push_str(&format!(", cold start {init} ms"));
        }
        if let Some(memory) = self.max_memory_used_mb {
            words.push_str(&format!(", {memory} MB"));
        }
        words
    }
}

/// A line that Lambda itself has written.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnLine {
    /// An invocation with this request id begins. The lines of the stream up to the next such line belong to it.
    Start(String),
    /// The report of an invocation.
    Report(ReportLine),
    /// Any other line of Lambda.
    Other,
}

impl OwnLine {
    /// Reads a line of a log in either format; `None` for a line of the function.
    pub fn parse(line: &str) -> Option<Self> {
        if let Some(report) = ReportLine::parse(line) {
            return Some(Self::Report(report));
        }
        if line.starts_with('{') {
            return Self::parse_json(line);
        }
        if let Some(rest) = line.strip_prefix("START RequestId: ") {
            return rest.split_whitespace().next().map(|request| Self::Start(request.to_owned()));
        }
        let starts = ["START ", "END ", "REPORT ", "INIT_START "];
        starts.iter().any(|start| line.starts_with(start)).then_some(Self::Other)
    }

    fn parse_json(line: &str) -> Option<Self> {
        if !line.contains("\"platform.") {
            return None;
        }
        let line: Value = serde_json::from_str(line).ok()?;
        let kind = line["type"].as_str()?.strip_prefix("platform.")?;
        let request = line["record"]["requestId"].as_str();
        let start = request.filter(|_| kind == "start").map(|request| Self::Start(request.to_owned()));
        Some(start.unwrap_or(Self::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnLine, ReportLine};

    #[test]
    fn lambda_s_own_lines_are_told_from_the_function_s() {
        let start = Some(OwnLine::Start("a-1".to_owned()));
        for (line, expected) in [
            ("START RequestId: a-1 Version: 1\n", start.clone()),
            (r#"{"time":"t","type":"platform.start","record":{"requestId":"a-1"}}"#, start),
            ("INIT_START Runtime Version: x", Some(OwnLine::Other)),
            (r#"{"type":"platform.runtimeDone","record":{"requestId":"a-1"}}"#, Some(OwnLine::Other)),
            (r#"{"message":"\"platform.start\" of mine"}"#, None),
            ("did it for a-1", None),
        ] {
            assert_eq!(OwnLine::parse(line), expected, "{line}");
        }
    }

    fn check(line: &str, expected: Option<(&str, f64, Option<f64>)>) {
        let seen = ReportLine::parse(line);
        let seen = seen.as_ref().map(|seen| (seen.request_id.as_str(), seen.duration_ms, seen.init_ms));
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn a_report_tells_the_duration_and_the_start_that_it_had_to_wait_for() {
        let warm = "REPORT RequestId: a-1\tDuration: 7.60 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB";
        check(warm, Some(("a-1", 7.6, None)));
        check(&format!("{warm}\tInit Duration: 99.51 ms\t\n"), Some(("a-1", 7.6, Some(99.51))));
        check("REPORT RequestId: a-1\tBilled Duration: 8 ms", None);
        for other in ["START RequestId: a-1 Version: $LATEST", "END RequestId: a-1", "REPORT of mine", ""] {
            check(other, None);
        }
    }

    #[test]
    fn a_report_in_json_tells_the_same() {
        let report = r#"{"time":"2026-11-28T10:00:00.000Z","type":"platform.report","record":{"requestId":"a-1",
            "metrics":{"durationMs":7.6,"billedDurationMs":8,"initDurationMs":99.51},"status":"success"}}"#;
        check(&report.replace('\n', ""), Some(("a-1", 7.6, Some(99.51))));
        check(r#"{"type":"platform.start","record":{"requestId":"a-1"}}"#, None);
        check(r#"{"message":"a \"platform.report\" of mine"}"#, None);
    }

    #[test]
    fn a_report_is_shortened_to_a_few_words() {
        let told = |line: &str| ReportLine::parse(line).map(|report| report.in_short());
        let warm = "REPORT RequestId: a-1\tDuration: 2.31 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB\t";
        assert_eq!(told(warm).as_deref(), Some("took 2.31 ms, 17 MB"));
        let cold = format!("{warm}Init Duration: 20.11 ms\t");
        assert_eq!(told(&cold).as_deref(), Some("took 2.31 ms, cold start 20.11 ms, 17 MB"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let report = ReportLine {
            request_id: "a-1".to_owned(),
            duration_ms: 7.6,
            billed_ms: Some(8.0),
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(17),
            init_ms: Some(99.51),
        };
        let line = report.to_string();
        let fields = "Duration: 7.60 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB\tInit Duration: 99.51 ms";
        assert_eq!(line, format!("REPORT RequestId: a-1\t{fields}"));
        assert_eq!(ReportLine::parse(&line), Some(report));
    }
}
