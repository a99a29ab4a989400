//! The reason for an alarm's state: the sentence, and the data behind it.

use serde_json::{Value, json};

use super::{
    alarm::Alarm,
    decide::{Absent, State},
    settings::{Settings, Source},
};

/// The value of the period that starts at the second `start`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) start: i64,
    pub(super) value: Option<f64>,
}

/// A time in the form of reasons and their data.
pub(super) fn stamp(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

fn short(second: i64) -> String {
    let at = jiff::Timestamp::from_second(second).unwrap_or_default();
    at.strftime("%d/%m/%y %H:%M:%S").to_string()
}

fn number(value: f64) -> String {
    format!("{value:?}")
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The reason why the alarm changes from its state to `to`.
pub(super) fn sentence(alarm: &Alarm, points: &[Point], to: State) -> String {
    let Settings { rule, threshold, comparison, .. } = &alarm.settings;
    let known: Vec<_> =
        points.iter().filter_map(|point| Some((point.start, point.value?))).take(rule.periods).collect();
    let filled = rule.periods - known.len();
    if to == State::InsufficientData {
        let (were, word) = (if filled == 1 { "was" } else { "were" }, counted(filled, "datapoint"));
        return format!("Insufficient Data: {word} {were} unknown.");
    }
    let treated = match rule.absent {
        Absent::Breaching => "[Breaching]",
        Absent::NotBreaching => "[NonBreaching]",
        Absent::Ignore | Absent::Missing => "[Missing]",
    };
    if known.is_empty() {
        let (periods, points) = (counted(rule.periods, "period"), counted(filled, "missing datapoint"));
        let were = if filled == 1 { "was" } else { "were" };
        return format!(
            "Threshold Crossed: no datapoints were received for {periods} and {points} {were} treated as {treated}."
        );
    }
    let breaching = to == State::Alarm;
    let shown: Vec<_> =
        known.iter().filter(|(_, value)| comparison.breaches(*value, *threshold) == breaching).collect();
    let list =
        shown.iter().map(|(at, value)| format!("{} ({})", number(*value), short(*at))).collect::<Vec<_>>();
    let needed = match to {
        State::Alarm => rule.datapoints,
        _ => rule.periods - rule.datapoints + 1,
    };
    let (was, not) = (if shown.len() == 1 { "was" } else { "were" }, if breaching { "" } else { " not" });
    format!(
        "Threshold Crossed: {} out of the last {} [{}] {was}{not} {} the threshold ({}) (minimum {} for {} -> {} transition).",
        shown.len(),
        counted(rule.periods, "datapoint"),
        list.join(", "),
        comparison.words(),
        number(*threshold),
        counted(needed, "datapoint"),
        if breaching { "OK" } else { "ALARM" },
        if breaching { "ALARM" } else { "OK" },
    )
}

/// The data behind the reason, for `StateReasonData`.
pub(super) fn data(alarm: &Alarm, points: &[Point], now_ms: i64) -> String {
    let Settings { rule, threshold, period, .. } = &alarm.settings;
    let known: Vec<_> =
        points.iter().filter_map(|point| Some((point.start, point.value?))).take(rule.periods).collect();
    let mut data = json!({
        "version": "1.0",
        "queryDate": stamp(now_ms),
        "period": period,
        "recentDatapoints": known.iter().rev().map(|(_, value)| *value).collect::<Vec<_>>(),
        "threshold": threshold,
        "evaluatedDatapoints": known
            .iter()
            .map(|(at, value)| json!({ "timestamp": stamp(at * 1_000), "value": value }))
            .collect::<Vec<_>>(),
    });
    if let Some((at, _)) = known.last() {
        data["startDate"] = stamp(at * 1_000).into();
    }
    if let Source::Stat(_) = alarm.settings.source {
        let statistic =
            ["Statistic", "ExtendedStatistic"].iter().find_map(|name| alarm.settings.shown.get(*name));
        data["statistic"] = statistic.cloned().unwrap_or(Value::Null);
    }
    data.to_string()
}
