//! A report in Prometheus' text format `[Prometheus: Exposition formats]`, with its names and base units
//! `[Prometheus: Metric and label naming]`.

use std::fmt::Write as _;

use crate::status::{Distribution, StatusReport};

/// The whole page. Totals count from the cloud's start.
pub(crate) fn exposition(report: &StatusReport) -> String {
    let mut page = Page::default();
    page.family("devloop_up", "gauge", "Whether the cloud answers.");
    page.sample("devloop_up", &[], 1.0);
    page.family("devloop_problems", "gauge", "Things that devloop status finds wrong.");
    page.sample("devloop_problems", &[], report.problems.len() as f64);
    functions(&mut page, report);
    mappings(&mut page, report);
    page.family("devloop_queue_messages", "gauge", "Messages of a queue.");
    for queue in &report.queues {
        let counts = &queue.counts;
        for (state, number) in
            [("visible", counts.visible), ("in_flight", counts.in_flight), ("delayed", counts.delayed)]
        {
            page.sample("devloop_queue_messages", &[("queue", &queue.name), ("state", state)], number as f64);
        }
    }
    page.family(
        "devloop_queue_oldest_message_seconds",
        "gauge",
        "How long a queue's oldest message has been there.",
    );
    for queue in &report.queues {
        if let Some(oldest) = queue.oldest_ms {
            page.sample(
                "devloop_queue_oldest_message_seconds",
                &[("queue", &queue.name)],
                oldest as f64 / 1_000.0,
            );
        }
    }
    if let Some(latency) = &report.latency {
        let window = (latency.window_ms / 1_000).to_string();
        page.family(
            "devloop_latency_seconds",
            "gauge",
            "End-to-end latency of the requests that were complete in the window.",
        );
        for (quantile, value) in [("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99)] {
            let labels = [("window_seconds", window.as_str()), ("quantile", quantile)];
            page.sample("devloop_latency_seconds", &labels, value / 1_000.0);
        }
        page.family("devloop_latency_requests", "gauge", "Requests that were complete in the window.");
        page.sample("devloop_latency_requests", &[("window_seconds", &window)], latency.count as f64);
    }
    if let Some(retained) = &report.retained {
        page.family("devloop_retained_bytes", "gauge", "What the cloud keeps in memory.");
        for (what, number) in [
            ("streams", retained.stream_bytes),
            ("tables", retained.table_bytes),
            ("table_streams", retained.table_stream_bytes),
            ("logs", retained.log_bytes),
            ("secrets", retained.secret_bytes),
            ("parameters", retained.parameter_bytes),
        ] {
            page.sample("devloop_retained_bytes", &[("what", what)], number as f64);
        }
    }
    page.0
}

/// The page for a cloud that does not answer.
pub(crate) fn silence() -> String {
    let mut page = Page::default();
    page.family("devloop_up", "gauge", "Whether the cloud answers.");
    page.sample("devloop_up", &[], 0.0);
    page.0
}

fn functions(page: &mut Page, report: &StatusReport) {
    type Total = fn(&crate::status::Function) -> u64;
    let label = |name: &str| report.label(name).to_owned();
    let totals: [(&str, &str, Total); 4] = [
        ("devloop_function_invocations_total", "Requests that were begun.", |f| f.invocations),
        ("devloop_function_errors_total", "Requests that failed.", |f| f.errors),
        ("devloop_function_throttles_total", "Requests that were turned away.", |f| f.throttles),
        ("devloop_function_cold_starts_total", "Starts that a request had to wait for.", |f| {
            f.environments.cold_starts
        }),
    ];
    for (name, help, total) in totals {
        page.family(name, "counter", help);
        for function in &report.functions {
            page.sample(name, &[("function", &label(&function.name))], total(function) as f64);
        }
    }
    let name = "devloop_function_duration_seconds";
    page.family(name, "summary", "The handler's time.");
    for function in &report.functions {
        let function_label = label(&function.name);
        let Some(Distribution { count, sum, p50, p95, p99, .. }) = &function.duration_ms else { continue };
        for (quantile, value) in [("0.5", p50), ("0.95", p95), ("0.99", p99)] {
            page.sample(name, &[("function", &function_label), ("quantile", quantile)], value / 1_000.0);
        }
        page.sample(&format!("{name}_sum"), &[("function", &function_label)], sum / 1_000.0);
        page.sample(&format!("{name}_count"), &[("function", &function_label)], *count as f64);
    }
    page.family("devloop_function_environments", "gauge", "Processes of a function.");
    for function in &report.functions {
        let environments = &function.environments;
        let states =
            [("idle", environments.idle), ("busy", environments.busy), ("starting", environments.starting)];
        for (state, number) in states {
            let labels = [("function", &*label(&function.name)), ("state", state)];
            page.sample("devloop_function_environments", &labels, number as f64);
        }
    }
    page.family("devloop_function_waiting_requests", "gauge", "Requests that wait for a process.");
    for function in &report.functions {
        let waiting = function.environments.waiting as f64;
        page.sample("devloop_function_waiting_requests", &[("function", &label(&function.name))], waiting);
    }
}

fn mappings(page: &mut Page, report: &StatusReport) {
    type Value = fn(&crate::status::Mapping) -> Option<f64>;
    let families: [(&str, &str, Value); 3] = [
        ("devloop_mapping_enabled", "Whether an event source mapping is enabled.", |mapping| {
            Some(f64::from(u8::from(mapping.state == "Enabled")))
        }),
        ("devloop_mapping_lag_records", "Records of the source that are not settled.", |mapping| {
            Some(mapping.lag_records as f64)
        }),
        ("devloop_mapping_oldest_record_age_seconds", "How long the oldest of them has waited.", |mapping| {
            mapping.oldest_unprocessed_ms.map(|age| age as f64 / 1_000.0)
        }),
    ];
    for (name, help, value) in families {
        page.family(name, "gauge", help);
        for mapping in &report.mappings {
            let function = report.label(&mapping.function).to_owned();
            let labels = [("source", mapping.source_name()), ("function", &function)];
            if let Some(value) = value(mapping) {
                page.sample(name, &labels, value);
            }
        }
    }
}

/// The text so far.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{exposition, silence};
    use crate::status::StatusReport;

    #[test]
    fn a_report_has_a_line_for_each_value() {
        let report: StatusReport = serde_json::from_value(json!({
            "functions": [{
                "name": "odd\"name\\", "invocations": 3, "errors": 1, "environments": { "idle": 2, "cold_starts": 1 },
                "duration_ms": { "count": 3, "sum": 6.0, "p50": 2.0, "p95": 3.0, "p99": 3.5 },
            }],
            "mappings": [{ "function": "f", "source": "arn:aws:kinesis:r:1:stream/S", "state": "Enabled", "lag_records": 4 }],
            "queues": [{ "name": "q", "counts": { "visible": 5 } }],
            "latency": { "window_ms": 300_000, "count": 9, "p50": 11.0, "p95": 20.0, "p99": 30.0 },
        }))
        .unwrap();
        let page = exposition(&report);
        for line in [
            "devloop_up 1",
            "# TYPE devloop_function_invocations_total counter",
            r#"devloop_function_invocations_total{function="odd\"name\\"} 3"#,
            r#"devloop_function_duration_seconds{function="odd\"name\\",quantile="0.99"} 0.0035"#,
            r#"devloop_function_duration_seconds_sum{function="odd\"name\\"} 0.006"#,
            r#"devloop_function_environments{function="odd\"name\\",state="idle"} 2"#,
            r#"devloop_mapping_lag_records{source="S",function="f"} 4"#,
            r#"devloop_queue_messages{queue="q",state="visible"} 5"#,
            r#"devloop_latency_seconds{window_seconds="300",quantile="0.5"} 0.011"#,
        ] {
            assert!(page.lines().any(|each| each == line), "{line}\n{page}");
        }
        assert!(!page.contains("oldest_record_age_seconds{"), "what is not known is left out");
        assert!(silence().ends_with("devloop_up 0\n"));
    }
}
