//! The page: one file without a network, in light, dark and on paper. It needs no script; the run's document lies in it as JSON,
//! and every figure that is shown is one of it.

use crate::bench::{Document, Figures, Judgement, Outcome, Stage};
use crate::report::chart::{Axis, Scale, Series, escape, heat, interval, lines};
use crate::report::number;

const STYLE: &str = include_str!("page.css");

/// The classes of the three stages' lines.
const CLASSES: [&str; 3] = ["one", "two", "three"];

/// The page of a run, and of the run that it is compared with.
pub(crate) fn html(run: &Document, before: Option<&Document>) -> String {
    let id = escape(&run.run.id);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{id} · devloop bench</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{}{}{}",
        header(run),
        tiles(run),
        findings(run)
    );
    page.push_str("<h2>Over time</h2>\n<div class=\"grid2\">\n");
    page.push_str(&throughput(run));
    page.push_str(&latency_over_time(run));
    page.push_str(&backlog(run));
    page.push_str(&curves(run, before));
    page.push_str("</div>\n<h2>Where latencies lay when</h2>\n<div class=\"grid3\">\n");
    for stage in &run.stages {
        page.push_str(&stage_heat(stage));
    }
    page.push_str("</div>\n");
    if run.comparison.is_some() {
        page.push_str(&comparison(run));
    }
    page.push_str("<h2>Stages, in ms</h2>\n");
    page.push_str(&stages(run));
    page.push_str("<h2>The client, and what it cost</h2>\n");
    page.push_str(&costs(run));
    page.push_str(&footer(run));
    page.push_str(&embedded("run", run));
    if let Some(before) = before {
        page.push_str(&embedded("before", before));
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// The document as JSON that cannot end the element it lies in.
fn embedded(id: &str, run: &Document) -> String {
    let json = serde_json::to_string(run).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

fn header(run: &Document) -> String {
    let model = match run.run.rate {
        Some(rate) => format!("{} requests a second, open model", number(rate)),
        None => format!("{} users, closed loop", run.run.vus),
    };
    format!(
        "<header><h1>{}</h1><p>{model} · {} s of load, {} s of drain · {}</p></header>\n",
        escape(&run.run.id),
        number(run.run.load_ms / 1_000.0),
        number(run.run.drain_ms / 1_000.0),
        match run.outcome {
            Outcome::Complete => "complete",
            Outcome::Lost => "something is lost",
            Outcome::TimedOut => "timed out, partial",
        }
    )
}

fn tiles(run: &Document) -> String {
    let counts = &run.counts;
    let tile = |metric: &str, value: f64, unit: &str, name: &str, is_bad: bool| {
        format!(
            "<div class=\"tile{}\"><b data-metric=\"{metric}\" data-value=\"{value}\">{}{unit}</b><span>{name}</span></div>",
            if is_bad { " bad" } else { "" },
            number(value)
        )
    };
    let whole = &run.end_to_end_ms;
    [
        "<div class=\"tiles\">\n".to_owned(),
        tile("rates.complete", run.rates.complete, "/s", "complete runs until drained", false),
        tile("end_to_end_ms.p50", whole.p50, " ms", "end to end, median", false),
        tile("end_to_end_ms.p99", whole.p99, " ms", "end to end, p99", false),
        tile("counts.accepted", counts.accepted as f64, "", "accepted", false),
        tile("counts.backlog", counts.backlog as f64, "", "backlog at the load's end", false),
        tile("counts.lost", counts.lost as f64, "", "lost", counts.lost > 0),
        tile("counts.duplicated", counts.duplicated as f64, "", "came twice", counts.duplicated > 0),
        tile("counts.refused", counts.refused as f64, "", "not answered with 200", counts.refused > 0),
        "</div>\n".to_owned(),
    ]
    .concat()
}

fn findings(run: &Document) -> String {
    if run.findings.is_empty() {
        return "<ul class=\"findings none\"><li>Everything that was accepted came through once, and no stage is saturated.</li></ul>\n"
            .to_owned();
    }
    let items: String = run.findings.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
    format!("<ul class=\"findings\">{items}</ul>\n")
}

fn figure(id: &str, caption: &str, small: &str, content: &str) -> String {
    format!(
        "<figure id=\"{id}\"><figcaption>{caption} <small>{small}</small></figcaption>{content}</figure>\n"
    )
}

/// The middles of the steps, in s.
fn seconds(run: &Document) -> impl Fn(usize) -> f64 {
    let step = run.timeline.step_ms as f64 / 1_000.0;
    move |index| (index as f64 + 0.5) * step
}

fn time_axis(run: &Document) -> Axis {
    let end = run.timeline.accepted.len() as f64 * run.timeline.step_ms as f64 / 1_000.0;
    Axis { end: end.max(0.001), scale: Scale::Linear, unit: " s" }
}

fn load_end(run: &Document) -> (f64, &'static str) {
    (run.timeline.load_ms as f64 / 1_000.0, "load ends")
}

fn throughput(run: &Document) -> String {
    let at = seconds(run);
    let per_second = 1_000.0 / run.timeline.step_ms.max(1) as f64;
    let series = |name, class, values: &[u64]| Series {
        name,
        class,
        points: values
            .iter()
            .enumerate()
            .map(|(index, count)| Some((at(index), *count as f64 * per_second)))
            .collect(),
        area: false,
    };
    let series =
        [series("accepted", "one", &run.timeline.accepted), series("complete", "done", &run.timeline.sunk)];
    let up = Axis::linear(values(&series), "/s");
    figure(
        "throughput",
        "Throughput",
        "requests a second",
        &lines(&series, &time_axis(run), &up, Some(load_end(run))),
    )
}

fn latency_over_time(run: &Document) -> String {
    let at = seconds(run);
    let series = |name, class, values: &[Option<f64>]| Series {
        name,
        class,
        points: values.iter().enumerate().map(|(index, ms)| ms.map(|ms| (at(index), ms))).collect(),
        area: false,
    };
    let line = &run.timeline;
    let series = [
        series("p50", "one", &line.p50_ms),
        series("p95", "two", &line.p95_ms),
        series("p99", "three", &line.p99_ms),
    ];
    let up = Axis::linear(values(&series), " ms");
    figure(
        "latency",
        "End-to-end latency",
        "of what was complete then",
        &lines(&series, &time_axis(run), &up, Some(load_end(run))),
    )
}

fn backlog(run: &Document) -> String {
    let step = run.timeline.step_ms as f64 / 1_000.0;
    let series = |name, class, values: &[u64]| Series {
        name,
        class,
        points: std::iter::once(Some((0.0, 0.0)))
            .chain(
                values
                    .iter()
                    .enumerate()
                    .map(|(index, count)| Some(((index + 1) as f64 * step, *count as f64))),
            )
            .collect(),
        area: true,
    };
    let series = [
        series("accepted, not stored", "two", &run.timeline.backlog_stream),
        series("stored, not complete", "three", &run.timeline.backlog_table),
    ];
    let up = Axis::linear(values(&series), "");
    figure(
        "backlog",
        "Backlog",
        "requests on their way",
        &lines(&series, &time_axis(run), &up, Some(load_end(run))),
    )
}

fn curves(run: &Document, before: Option<&Document>) -> String {
    let points = |curve: &[(f64, f64)]| curve.iter().map(|(ms, share)| Some((*ms, share * 100.0))).collect();
    let mut series: Vec<Series<'_>> = run
        .stages
        .iter()
        .zip(CLASSES)
        .map(|(stage, class)| Series {
            name: title(&stage.name),
            class,
            points: points(&stage.curve),
            area: false,
        })
        .collect();
    let whole = end_to_end(run);
    series.push(Series { name: "end to end", class: "all", points: points(&whole), area: false });
    let then = before.map(end_to_end).unwrap_or_default();
    if !then.is_empty() {
        series.push(Series {
            name: "end to end, before",
            class: "before",
            points: points(&then),
            area: false,
        });
    }
    let most =
        series.iter().flat_map(|line| line.points.iter().flatten()).map(|(ms, _)| *ms).fold(10.0, f64::max);
    let across = Axis { end: most, scale: Scale::Logarithmic, unit: " ms" };
    let up = Axis { end: 100.0, scale: Scale::Linear, unit: " %" };
    figure("cdf", "Share of requests within a time", "logarithmic", &lines(&series, &across, &up, None))
}

/// The cumulative distribution of the end-to-end latency, from the document's own blocks.
fn end_to_end(run: &Document) -> Vec<(f64, f64)> {
    let mut counts = std::collections::BTreeMap::<u32, u64>::new();
    for (latency, count) in run.blocks.iter().flat_map(|block| &block.latencies) {
        *counts.entry(*latency).or_default() += u64::from(*count);
    }
    let total = counts.values().sum::<u64>().max(1) as f64;
    let mut so_far = 0;
    counts
        .into_iter()
        .map(|(latency, count)| {
            so_far += count;
            (f64::from(latency), so_far as f64 / total)
        })
        .collect()
}

fn values<'a>(series: &'a [Series<'_>]) -> impl Iterator<Item = f64> + 'a {
    series.iter().flat_map(|line| line.points.iter().flatten().map(|(_, value)| *value))
}

fn stage_heat(stage: &Stage) -> String {
    let map = &stage.heat;
    figure(
        &format!("heat-{}", stage.name),
        title(&stage.name),
        &format!("{} · stronger is more", escape(&stage.function)),
        &heat(title(&stage.name), map.step_ms, &map.edges_ms, &map.counts),
    )
}

fn title(stage: &str) -> &'static str {
    match stage {
        "gateway_to_stream" => "gateway to stream",
        "stream_to_store" => "stream to table",
        _ => "table to sink",
    }
}

fn comparison(run: &Document) -> String {
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

fn stages(run: &Document) -> String {
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

fn costs(run: &Document) -> String {
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

fn footer(run: &Document) -> String {
    let code: Vec<String> = run
        .run
        .functions
        .iter()
        .map(|function| {
            let digest = function.digest.as_deref().map_or("?", |digest| digest.get(..12).unwrap_or(digest));
            format!("{} {digest}", escape(&function.name))
        })
        .collect();
    let began =
        jiff::Timestamp::from_millisecond(run.run.began_ms).map_or(String::new(), |at| at.to_string());
    format!(
        "<footer>{began} · {} · {} cores, load average {} · code: {}</footer>\n",
        escape(&run.run.api),
        run.run.cores,
        run.run.load_average.map_or("unknown".to_owned(), number),
        code.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_one_file_that_holds_its_document() {
        let mut run = Document::default();
        run.run.id = "</script><b>".to_owned();
        run.stages = vec![Stage { name: "gateway_to_stream".to_owned(), ..Stage::default() }];
        let page = html(&run, None);
        let json = page.split("id=\"run\">").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<Document>(json).unwrap(), run);
        for foreign in ["http://", "https://", "url(", "@import", "<link", "src="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("&lt;/script&gt;&lt;b&gt;"), "texts are escaped");
    }
}
