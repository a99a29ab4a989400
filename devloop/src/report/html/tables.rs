//! The page's tables.

use super::figures::title;
use crate::bench::{ChainReport, Document, Figures, Judgement};
use crate::report::chart::{escape, interval};
use crate::report::number;

pub(super) fn comparison(run: &Document) -> String {
    let Some(compared) = &run.comparison else { return String::new() };
    let widest = compared
        .metrics
        .iter()
        .flat_map(|change| [change.low.abs(), change.high.abs()])
        .filter(|share| *share < 10.0)
        .fold(0.05, f64::max);
    let rows: String = compared
        .metrics
        .iter()
        .map(|change| {
            let (class, word) = match change.judgement {
                Judgement::Better => ("better", "better"),
                Judgement::Worse => ("worse", "worse"),
                Judgement::Noise => ("noise", "noise"),
            };
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:+.1} %</td><td>{:+.1} % to {:+.1} %</td><td>{}</td><td class=\"text {class}\">{word}</td></tr>",
                escape(&change.metric),
                number(change.before),
                number(change.after),
                change.change * 100.0,
                change.low * 100.0,
                change.high * 100.0,
                interval(change.low, change.change, change.high, widest),
            )
        })
        .collect();
    format!(
        "<h2>Against <span>{}</span></h2>\n<div class=\"card\" id=\"comparison\"><table><tr><th>metric</th><th>before</th><th>now</th><th>change</th><th>95 % interval</th><th></th><th class=\"text\">judgement</th></tr>{rows}</table></div>\n<p class=\"legend\">{}</p>\n",
        escape(&compared.against),
        escape(&compared.method)
    )
}

pub(super) fn stages(run: &Document) -> String {
    let pair = |figures: Option<&Figures>| {
        figures.map_or("–".to_owned(), |seen| format!("{} / {}", number(seen.p50), number(seen.p99)))
    };
    let cells = |name: &str, seen: &Figures| {
        [("p50", seen.p50), ("p90", seen.p90), ("p99", seen.p99), ("p99_9", seen.p99_9), ("max", seen.max)]
            .iter()
            .map(|(metric, value)| {
                format!("<td data-metric=\"{name}.{metric}\" data-value=\"{value}\">{}</td>", number(*value))
            })
            .collect::<String>()
    };
    let rows: String = run
        .stages
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            format!(
                "<tr><td>{}</td><td class=\"text\">{}</td>{}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                title(&stage.name),
                escape(&stage.function),
                cells(&format!("stages.{index}.time_ms"), &stage.time_ms),
                pair(stage.wait_ms.as_ref()),
                pair(stage.handler_ms.as_ref()),
                stage.backlog,
                stage.lost.count,
                stage.duplicated.count,
                stage.reordered.count,
            )
        })
        .collect();
    let counts = &run.counts;
    format!(
        "<div class=\"card\"><table id=\"stages\"><tr><th>stage</th><th class=\"text\">function</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th><th>wait p50 / p99</th><th>handler p50 / p99</th><th>backlog</th><th>lost</th><th>twice</th><th>overtaken</th></tr>{rows}<tr class=\"total\"><td>end to end</td><td></td>{}<td></td><td></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table></div>\n",
        cells("end_to_end_ms", &run.end_to_end_ms),
        counts.backlog,
        counts.lost,
        counts.duplicated,
        counts.reordered
    )
}

pub(super) fn costs(run: &Document) -> String {
    let row = |name: &str, value: String| format!("<tr><td>{name}</td><td class=\"text\">{value}</td></tr>");
    let mut rows = String::new();
    for check in &run.checks {
        rows += &row(&escape(&check.name), format!("{} passed, {} failed", check.passes, check.fails));
    }
    let seen = &run.http.duration_ms;
    rows += &row(
        "http_req_duration",
        match &run.http.generator_saturated {
            Some(reason) => format!("generator saturated: {}", escape(reason)),
            None => format!(
                "avg {} ms, min {}, med {}, max {}, p(90) {}, p(95) {}, p(99) {}",
                number(seen.mean),
                number(seen.min),
                number(seen.p50),
                number(seen.max),
                number(seen.p90),
                number(seen.p95),
                number(seen.p99)
            ),
        },
    );
    rows += &row("http_reqs", format!("{} ({}/s accepted)", run.counts.sent, number(run.rates.accepted)));
    for (name, used) in [
        ("cloud", &run.usage.cloud),
        ("functions", &run.usage.functions),
        ("generator", &run.usage.generator),
    ] {
        let text = used.as_ref().map_or("unknown".to_owned(), |used| {
            format!(
                "{} % of a core, {} MB, {} processes",
                number(used.cpu_share * 100.0),
                number(used.rss_mb),
                used.processes
            )
        });
        rows += &row(name, text);
    }
    format!("<div class=\"card\"><table>{rows}</table></div>\n")
}

/// The functions of a chain, and what is not known of them.
pub(super) fn chain(chain: &ChainReport) -> String {
    let pair = |figures: Option<&Figures>| {
        figures.map_or("–".to_owned(), |seen| format!("{} / {}", number(seen.p50), number(seen.p99)))
    };
    let count = |value: Option<u64>| value.map_or("?".to_owned(), |value| value.to_string());
    let rows: String = chain
        .functions
        .iter()
        .map(|function| {
            format!(
                "<tr><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(&function.function),
                escape(&function.sources.join(", ")),
                escape(&function.after.join(", ")),
                function.invocations,
                count(function.errors),
                function.cold_starts,
                pair(function.handler_ms.as_ref()),
                count(function.seen),
                pair(function.begins_after_ms.as_ref()),
                pair(function.done_after_ms.as_ref()),
            )
        })
        .collect();
    let unknown: String =
        chain.unknown.iter().map(|text| format!("<li>not known: {}</li>", escape(text))).collect();
    let unknown =
        if unknown.is_empty() { String::new() } else { format!("<ul class=\"findings\">{unknown}</ul>\n") };
    format!(
        "<div class=\"card\"><table id=\"functions\"><tr><th>function</th><th class=\"text\">events from</th><th class=\"text\">after</th><th>calls</th><th>failed</th><th>cold starts</th><th>handler p50 / p99</th><th>requests</th><th>begins p50 / p99</th><th>done p50 / p99</th></tr>{rows}</table></div>\n<p class=\"legend\">begins and done: from the sending of a request, by its id in the function's log</p>\n{unknown}"
    )
}
