//! A chain of functions that is not the pipeline, as tables.

use crate::bench::{ChainFunction, ChainReport, Document, Figures, FollowedBy};
use crate::report::number;

/// The tables of a chain: what each function did, and when requests got there.
pub(crate) fn chain(run: &Document, chain: &ChainReport) -> String {
    let mut text = format!("{} ▸ {}\n\n", chain.head, order(chain));
    text.push_str(
        "FUNCTION           EVENTS FROM               CALLS    FAILED  COLD  HANDLER      MAX     WAITED\n",
    );
    for function in &chain.functions {
        text.push_str(&calls(function));
    }
    text.push_str(
        "calls since the load began; handler as p50/p99 and max in ms; waited: records before it when the load ended\n\n",
    );
    if chain.functions.iter().any(|function| function.seen.is_some()) {
        text.push_str("FUNCTION           AFTER                     REQUESTS  AGAIN  BEGINS       DONE P50  P90    P99    MAX\n");
        for function in &chain.functions {
            text.push_str(&arrivals(function));
        }
        text.push_str("from the sending of a request, in ms; begins as p50/p99; by the requests' ids in the functions' logs\n\n");
    }
    text.push_str(&whole(run, chain));
    for function in &chain.functions {
        if let (Some(share), Some(handler)) = (function.share_of_answer, &function.handler_ms) {
            text.push_str(&format!(
                "{:<18} {:.0} % of the answer's time is {}'s handler: {} of {} ms on average\n",
                "share",
                share * 100.0,
                function.function,
                number(handler.mean),
                number(run.http.duration_ms.mean),
            ));
        }
    }
    text
}

/// The functions in one line; a bar separates branches.
fn order(chain: &ChainReport) -> String {
    let mut text = String::new();
    for (place, function) in chain.functions.iter().enumerate() {
        if place > 0 {
            let before = &chain.functions[place - 1].function;
            text.push_str(if function.after.contains(before) { " ▸ " } else { " | " });
            text.push_str(&format!("{} ▸ ", function.sources.join(", ")));
        }
        text.push_str(&function.function);
    }
    text
}

fn calls(function: &ChainFunction) -> String {
    let handler = function.handler_ms.as_ref();
    let unknown = |value: Option<u64>| value.map_or("?".to_owned(), |value| value.to_string());
    let line = format!(
        "{:<18} {:<25} {:<8} {:<7} {:<5} {:<12} {:<7} {}",
        cut(&function.function, 18),
        cut(&function.sources.join(", "), 25),
        function.invocations,
        unknown(function.errors),
        function.cold_starts,
        pair(handler),
        handler.map_or("-".to_owned(), |handler| number(handler.max)),
        function.backlog.map_or("-".to_owned(), |backlog| backlog.to_string()),
    );
    line.trim_end().to_owned() + "\n"
}

fn arrivals(function: &ChainFunction) -> String {
    let again = function.again.as_ref().map_or("-".to_owned(), |again| again.count.to_string());
    let done = function.done_after_ms.as_ref().map_or("-".to_owned(), |done| {
        format!(
            "{:<9} {:<6} {:<6} {}",
            number(done.p50),
            number(done.p90),
            number(done.p99),
            number(done.max)
        )
    });
    format!(
        "{:<18} {:<25} {:<9} {:<6} {:<12} {done}\n",
        cut(&function.function, 18),
        cut(&function.after.join(", "), 25),
        function.seen.map_or("unknown".to_owned(), |seen| seen.to_string()),
        again,
        pair(function.begins_after_ms.as_ref()),
    )
}

/// The time from the sending of a request to its end.
fn whole(run: &Document, chain: &ChainReport) -> String {
    let whole = &run.end_to_end_ms;
    let times = || [whole.p50, whole.p90, whole.p99, whole.p99_9, whole.max].map(number).join(", ");
    let (name, means) = match chain.followed_by {
        FollowedBy::Answers => ("answer", "to the answer, which is the end of the chain"),
        FollowedBy::Rows => ("end to end", "to the end of the last function that logs the request's id"),
        FollowedBy::Metric => {
            let metric = chain.metric.clone().unwrap_or_default();
            return format!(
                "{:<18} not known one by one; the metric {} got {} values\n",
                "end to end", metric.name, metric.values
            );
        }
        FollowedBy::Ends => {
            return format!(
                "{:<18} not known one by one; {} ms after the load nothing waited and nothing was at work\n",
                "end to end",
                number(run.run.drain_ms)
            );
        }
    };
    format!(
        "{name:<18} {} ms (p50, p90, p99, p99.9, max of {}): from the sending {means}\n",
        times(),
        whole.count
    )
}

/// What is not known, one line each.
pub(crate) fn unknown(chain: &ChainReport) -> String {
    chain.unknown.iter().map(|text| format!("  ? not known: {text}\n")).collect()
}

fn pair(figures: Option<&Figures>) -> String {
    figures.map_or("-".to_owned(), |figures| format!("{}/{}", number(figures.p50), number(figures.p99)))
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(p50: f64) -> Figures {
        Figures {
            count: 20,
            mean: p50,
            p50,
            p90: p50,
            p99: p50 * 2.0,
            p99_9: p50 * 2.0,
            max: p50 * 3.0,
            ..Figures::default()
        }
    }

    #[test]
    fn branches_and_what_is_not_known_are_shown() {
        let function = |name: &str, source: &str, after: &[&str]| ChainFunction {
            function: name.into(),
            sources: vec![source.into()],
            after: after.iter().map(|name| (*name).to_owned()).collect(),
            invocations: 20,
            errors: Some(0),
            handler_ms: Some(figures(2.0)),
            ..ChainFunction::default()
        };
        let mut entry = function("entry", "function URL entry", &[]);
        entry.share_of_answer = Some(0.5);
        let mut left = function("left", "stream orders", &["entry"]);
        (left.seen, left.done_after_ms, left.backlog) = (Some(20), Some(figures(9.0)), Some(3));
        let right = function("right-with-a-rather-long-name", "stream orders", &["entry"]);
        let report = ChainReport {
            head: "function URL entry".into(),
            followed_by: FollowedBy::Rows,
            metric: None,
            functions: vec![entry, left, right],
            unknown: vec!["what right does: no log says it".into()],
            ..ChainReport::default()
        };
        let mut run = Document { end_to_end_ms: figures(9.0), ..Document::default() };
        run.http.duration_ms = figures(4.0);
        let seen = chain(&run, &report) + &unknown(&report);
        insta::assert_snapshot!(seen);
    }
}
