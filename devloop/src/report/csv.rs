//! The figures of the tables, one in each row:

use crate::bench::{Document, Figures};

/// The run as CSV with a header `[RFC 4180]`.
pub(crate) fn csv(run: &Document) -> String {
    let mut text = "section,name,metric,value\r\n".to_owned();
    let mut row = |section: &str, name: &str, metric: &str, value: String| {
        text.push_str(&[section, name, metric, &value].map(field).join(","));
        text.push_str("\r\n");
    };
    row("run", "run", "id", run.run.id.clone());
    for (metric, value) in [
        ("sent", run.counts.sent),
        ("missed", run.counts.missed),
        ("accepted", run.counts.accepted),
        ("refused", run.counts.refused),
        ("stored", run.counts.stored),
        ("sunk", run.counts.sunk),
        ("lost", run.counts.lost),
        ("duplicated", run.counts.duplicated),
        ("reordered", run.counts.reordered),
        ("backlog", run.counts.backlog),
    ] {
        row("counts", "requests", metric, value.to_string());
    }
    row("rates", "accepted", "per_second", run.rates.accepted.to_string());
    row("rates", "complete", "per_second", run.rates.complete.to_string());
    let mut figures = |section: &str, name: &str, seen: &Figures| {
        row(section, name, "count", seen.count.to_string());
        for (metric, value) in [
            ("mean", seen.mean),
            ("std", seen.std),
            ("min", seen.min),
            ("p50", seen.p50),
            ("p90", seen.p90),
            ("p95", seen.p95),
            ("p99", seen.p99),
            ("p99.9", seen.p99_9),
            ("max", seen.max),
        ] {
            row(section, name, &format!("{metric}_ms"), value.to_string());
        }
    };
    figures("http", "http_req_duration", &run.http.duration_ms);
    figures("http", "iteration_duration", &run.http.iteration_ms);
    figures("pipeline", "end_to_end", &run.end_to_end_ms);
    for stage in &run.stages {
        figures("stage", &stage.name, &stage.time_ms);
        if let Some(wait) = &stage.wait_ms {
            figures("stage wait", &stage.name, wait);
        }
        if let Some(handler) = &stage.handler_ms {
            figures("stage handler", &stage.name, handler);
        }
    }
    for function in run.chain.iter().flat_map(|chain| &chain.functions) {
        let all = [
            ("handler", &function.handler_ms),
            ("begins after", &function.begins_after_ms),
            ("done after", &function.done_after_ms),
        ];
        for (section, seen) in all {
            if let Some(seen) = seen {
                figures(section, &function.function, seen);
            }
        }
    }
    for function in run.chain.iter().flat_map(|chain| &chain.functions) {
        for (metric, value) in [
            ("invocations", Some(function.invocations)),
            ("errors", function.errors),
            ("cold_starts", Some(function.cold_starts)),
            ("backlog", function.backlog),
            ("seen", function.seen),
        ] {
            if let Some(value) = value {
                row("function", &function.function, metric, value.to_string());
            }
        }
    }
    text
}

/// A field, quoted if it contains a comma, a quote or a line break.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_four_fields_and_odd_texts_are_quoted() {
        let mut run = Document::default();
        run.run.id = "a,\"b\"".to_owned();
        run.counts.lost = 3;
        let text = csv(&run);
        assert!(text.contains("run,run,id,\"a,\"\"b\"\"\"\r\n"));
        assert!(text.contains("counts,requests,lost,3\r\n"));
        assert!(text.lines().skip(2).all(|line| line.split(',').count() == 4), "{text}");
    }
}
