//! The tables of a run: first k6's rows under k6's names, so that people can compare; below them what happened behind the answer.

use crate::bench::{
    Comparison, Described, Document, Figures, FollowedBy, Judgement, Phase, ProcessUse, Progress, Stage,
};
use crate::report::chain;

/// The width of k6's names, in columns.
const WIDTH: usize = 31;

/// The whole report of a run.
pub(crate) fn summary(run: &Document) -> String {
    let mut text = client(run);
    text.push('\n');
    text.push_str(&behind(run));
    for finding in &run.findings {
        text.push_str(&format!("  ! {finding}\n"));
    }
    for said in &run.http.refusals {
        text.push_str(&format!("  answered {said}\n"));
    }
    if let Some(chain) = &run.chain {
        text.push_str(&chain::unknown(chain));
    }
    for judged in &run.thresholds {
        let value = judged
            .value
            .map_or("nothing was measured".to_owned(), |value| format!("it is {}", number(value)));
        let word = if judged.failed { "FAILED" } else { "ok" };
        text.push_str(&format!("  {word}: fail if {} ({value})\n", judged.fail_if));
    }
    if let Some(compared) = &run.comparison {
        text.push('\n');
        text.push_str(&comparison(compared));
    }
    text
}

/// k6's end-of-test summary.
fn client(run: &Document) -> String {
    let mut text = String::new();
    for check in &run.checks {
        let share = percent(check.passes, check.passes + check.fails);
        if check.fails == 0 {
            text.push_str(&format!("     ✓ {}\n", check.name));
        } else {
            text.push_str(&format!(
                "     ✗ {}\n      ↳  {share:.0}% — ✓ {} / ✗ {}\n",
                check.name, check.passes, check.fails
            ));
        }
    }
    text.push('\n');
    let mut row = |name: &str, value: String| {
        text.push_str(&format!("     {name:.<WIDTH$}: {value}\n"));
    };
    let passes: u64 = run.checks.iter().map(|check| check.passes).sum();
    let fails: u64 = run.checks.iter().map(|check| check.fails).sum();
    row("checks", format!("{:.2}% ✓ {passes} ✗ {fails}", percent(passes, passes + fails)));
    let saturated = run.http.generator_saturated.is_some();
    let times = |figures: &Figures| {
        if saturated { "generator saturated".to_owned() } else { k6_times(figures) }
    };
    row("http_req_duration", times(&run.http.duration_ms));
    let (sent, refused) = (run.counts.sent, run.counts.refused);
    // k6 counts for this rate how often it is true, so ✓ counts the failed requests.
    row(
        "http_req_failed",
        format!("{:.2}% ✓ {refused} ✗ {}", percent(refused, sent), sent - refused.min(sent)),
    );
    let seconds = (run.run.load_ms / 1_000.0).max(0.001);
    row("http_reqs", format!("{sent} {:.6}/s", sent as f64 / seconds));
    row("iteration_duration", times(&run.http.iteration_ms));
    row("iterations", format!("{sent} {:.6}/s", sent as f64 / seconds));
    row("vus", format!("{} min={} max={}", run.run.vus, run.run.vus, run.run.vus));
    text
}

fn k6_times(figures: &Figures) -> String {
    let Figures { mean, min, p50, max, p90, p95, .. } = figures;
    format!(
        "avg={} min={} med={} max={} p(90)={} p(95)={}",
        k6_time(*mean),
        k6_time(*min),
        k6_time(*p50),
        k6_time(*max),
        k6_time(*p90),
        k6_time(*p95)
    )
}

/// A time as k6 writes it.
fn k6_time(ms: f64) -> String {
    let (value, unit) = match ms {
        ms if ms >= 1_000.0 => (ms / 1_000.0, "s"),
        ms if ms >= 1.0 => (ms, "ms"),
        ms => (ms * 1_000.0, "µs"),
    };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{unit}", if text.is_empty() { "0" } else { text })
}

/// The tables about what happened after the answer.
fn behind(run: &Document) -> String {
    let counts = &run.counts;
    let model = match run.run.rate {
        Some(rate) => format!("{} requests a second, open model", number(rate)),
        None => format!("{} users, closed loop", run.run.vus),
    };
    let mut text = format!(
        "run {}: {model}, {:.1} s of load, {:.2} s of drain{}\n\n",
        run.run.id,
        run.run.load_ms / 1_000.0,
        run.run.drain_ms / 1_000.0,
        if run.run.interrupted { ", ended by Ctrl-C" } else { "" }
    );
    text.push_str(&match &run.chain {
        Some(chain) => chain::chain(run, chain),
        None => stages(run),
    });
    let mut row = |name: &str, value: String| text.push_str(&format!("{name:<18} {value}\n"));
    row(
        "accepted",
        format!(
            "{} ({}/s), {} refused, {} missed",
            counts.accepted,
            number(run.rates.accepted),
            counts.refused,
            counts.missed
        ),
    );
    let is_pipeline = run.chain.is_none();
    let is_counted = run.chain.as_ref().is_none_or(|chain| chain.followed_by != FollowedBy::Ends);
    if is_pipeline {
        let sink = Some(&run.run.sink).filter(|sink| !sink.is_empty());
        let place = sink.map_or(String::new(), |sink| format!(", looked for in {sink}"));
        row("stored, complete", format!("{}, {}{place}", counts.stored, counts.sunk));
    } else if is_counted {
        row("complete", format!("{}, {} lost", counts.sunk, counts.lost));
    }
    let is_followed = run
        .chain
        .as_ref()
        .is_none_or(|chain| matches!(chain.followed_by, FollowedBy::Answers | FollowedBy::Rows));
    if is_followed {
        row(
            "complete runs",
            format!(
                "{}/s until drained; backlog {:.1} % of what was accepted, {:.2} s of work",
                number(run.rates.complete),
                percent(counts.backlog, counts.accepted),
                run.run.drain_ms / 1_000.0
            ),
        );
    }
    let of_stages = run.stages.iter().map(|stage| (&stage.function, stage.iterator_age_ms));
    let of_chain = run.chain.iter().flat_map(|chain| &chain.functions);
    let of_chain = of_chain.map(|function| (&function.function, function.iterator_age_ms));
    let ages: Vec<String> = of_stages
        .chain(of_chain)
        .filter_map(|(function, age)| Some(format!("{function} {} ms", number(age?))))
        .collect();
    if !ages.is_empty() {
        row("iterator age", format!("{} at most, by the minute", ages.join(", ")));
    }
    for (name, used) in [("cloud", &run.usage.cloud), ("functions", &run.usage.functions)] {
        match used {
            Some(used) => row(name, usage(used, if is_counted { counts.sunk } else { counts.accepted })),
            None => row(name, "unknown: not a process on this machine that devloop may inspect".to_owned()),
        }
    }
    if let Some(used) = &run.usage.generator {
        let delay = &run.http.delay_ms;
        row(
            "generator",
            format!(
                "{}; own delay p50 {} ms, p99 {} ms",
                usage(used, counts.sent),
                number(delay.p50),
                number(delay.p99)
            ),
        );
    }
    if let Some(load) = run.run.load_average {
        row("machine", format!("{} cores, load average {load}", run.run.cores));
    }
    text.push('\n');
    text
}

/// The tables of the pipeline's stages.
fn stages(run: &Document) -> String {
    let mut text = String::new();
    text.push_str("STAGE              FUNCTION     P50    P90    P99    P99.9  MAX    WAIT       HANDLER\n");
    for stage in &run.stages {
        text.push_str(&times_line(stage));
    }
    let whole = &run.end_to_end_ms;
    text.push_str(&format!("{:<31} {}\n", "end to end", five(whole).trim_end()));
    text.push_str(&format!(
        "in ms; wait (before the function began) and handler as p50/p99; {} values behind each end-to-end figure\n\n",
        whole.count
    ));
    text.push_str("STAGE              ARRIVED    LOST   TWICE  OVERTAKEN  BACKLOG  AT MOST  COLD STARTS\n");
    for stage in &run.stages {
        text.push_str(&format!(
            "{:<18} {:<10} {:<6} {:<6} {:<10} {:<8} {:<8} {}\n",
            stage.name,
            stage.arrived,
            stage.lost.count,
            stage.duplicated.count,
            stage.reordered.count,
            stage.backlog,
            stage.backlog_max,
            stage.cold_starts
        ));
    }
    text.push_str("backlog before the stage when the load ended, and at most\n\n");
    text
}

fn times_line(stage: &Stage) -> String {
    let pair = |figures: Option<&Figures>| {
        figures.map_or("-".to_owned(), |figures| format!("{}/{}", number(figures.p50), number(figures.p99)))
    };
    format!(
        "{:<18} {:<12} {} {:<10} {}\n",
        stage.name,
        stage.function.chars().take(12).collect::<String>(),
        five(&stage.time_ms),
        pair(stage.wait_ms.as_ref()),
        pair(stage.handler_ms.as_ref()),
    )
}

/// The five figures of a line.
fn five(seen: &Figures) -> String {
    [seen.p50, seen.p90, seen.p99, seen.p99_9, seen.max]
        .map(|value| format!("{:<6}", number(value)))
        .join(" ")
}

fn usage(used: &ProcessUse, runs: u64) -> String {
    format!(
        "{:.0} % of a core, {:.2} ms{} a run, {:.0} MB{}",
        used.cpu_share * 100.0,
        used.cpu_ms / runs.max(1) as f64,
        used.waits
            .map_or_else(String::new, |waits| format!(" and {:.1} waits", waits as f64 / runs.max(1) as f64)),
        used.rss_mb,
        if used.processes == 1 { String::new() } else { format!(", {} processes", used.processes) }
    )
}

/// The changes of a comparison with their intervals.
pub(crate) fn comparison(compared: &Comparison) -> String {
    let mut text = format!(
        "AGAINST {}\nMETRIC   BEFORE     AFTER      CHANGE    95 % INTERVAL         JUDGEMENT\n",
        compared.against
    );
    for change in &compared.metrics {
        let judgement = match change.judgement {
            Judgement::Better => "better",
            Judgement::Worse => "worse",
            Judgement::Noise => "noise",
        };
        text.push_str(&format!(
            "{:<8} {:<10} {:<10} {:<9} {:<21} {judgement}\n",
            change.metric,
            number(change.before),
            number(change.after),
            signed(change.change),
            format!("{} to {}", signed(change.low), signed(change.high)),
        ));
    }
    text.push_str(&format!("{}\n", compared.method));
    text
}

fn signed(share: f64) -> String {
    if share > 100.0 { "more".to_owned() } else { format!("{:+.1} %", share * 100.0) }
}

/// The file of latencies as the reference's snippet prints it.
pub(crate) fn described(seen: &Described) -> String {
    let std = seen.std.map_or("NaN".to_owned(), |std| format!("{std:.6}"));
    format!(
        "count    {}\nmean     {:.6}\nstd      {std}\nmin      {:.6}\n50%      {:.6}\n90%      {:.6}\n95%      {:.6}\n99%      {:.6}\nmax      {:.6}\n",
        seen.count, seen.mean, seen.min, seen.p50, seen.p90, seen.p95, seen.p99, seen.max
    )
}

/// One line of progress.
pub(crate) fn progress(seen: &Progress) -> String {
    let phase = match seen.phase {
        Phase::WarmUp => "warm-up",
        Phase::Load => "load",
        Phase::Drain => "drain",
        Phase::Reading => "reading the stages' lines",
    };
    let latency = seen.latency.as_ref().map_or(String::new(), |latency| {
        format!(
            ", end to end p50 {} p99 {} ms",
            number(latency.quantile(0.5)),
            number(latency.quantile(0.99))
        )
    });
    let lag: Vec<String> =
        seen.waiting().filter_map(|(hop, lag)| Some(format!("{} {}", hop.counted, lag?))).collect();
    let lag = if lag.is_empty() { String::new() } else { format!(" ({})", lag.join(", ")) };
    let refused = if seen.refused > 0 { format!(", {} refused", seen.refused) } else { String::new() };
    format!(
        "{:>6.1} s  {phase}: {} accepted{refused}, {} complete, {} on the way{lag}{latency}",
        seen.elapsed_ms as f64 / 1_000.0,
        seen.accepted,
        seen.sunk,
        seen.on_the_way(),
    )
}

/// A number with about three significant digits: no decimals from 100 on, one from 10 on, otherwise two.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || (size - size.round()).abs() < 1e-9 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_k6_writes_them() {
        let check = |ms: f64, expected: &str| assert_eq!(k6_time(ms), expected);
        check(0.0, "0µs");
        check(0.2513, "251.3µs");
        check(352.5, "352.5ms");
        check(1234.0, "1.23s");
        check(10.0, "10ms");
    }

    #[test]
    fn large_numbers_have_fewer_decimals() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected);
        check(0.123, "0.12");
        check(5.0, "5");
        check(12.34, "12.3");
        check(1234.5, "1234");
    }
}
