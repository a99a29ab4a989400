//! The page's charts.

use crate::bench::{Document, Stage};
use crate::report::chart::{Axis, Scale, Series, escape, heat, lines};

/// The classes of the three stages' lines.
const CLASSES: [&str; 3] = ["one", "two", "three"];

fn figure(id: &str, caption: &str, small: &str, content: &str) -> String {
    format!(
        "<figure id=\"{id}\"><figcaption>{caption} <small>{small}</small></figcaption>{content}</figure>\n"
    )
}

/// Gives the middle of each step of the timeline, in s.
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

pub(super) fn throughput(run: &Document) -> String {
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

pub(super) fn latency_over_time(run: &Document) -> String {
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

pub(super) fn backlog(run: &Document) -> String {
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

pub(super) fn curves(run: &Document, before: Option<&Document>) -> String {
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

pub(super) fn stage_heat(stage: &Stage) -> String {
    let map = &stage.heat;
    figure(
        &format!("heat-{}", stage.name),
        title(&stage.name),
        &format!("{} · stronger is more", escape(&stage.function)),
        &heat(title(&stage.name), map.step_ms, &map.edges_ms, &map.counts),
    )
}

pub(super) fn title(stage: &str) -> &'static str {
    match stage {
        "gateway_to_stream" => "gateway to stream",
        "stream_to_store" => "stream to table",
        _ => "table to sink",
    }
}
