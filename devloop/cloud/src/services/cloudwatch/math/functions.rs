//! The functions of metric math [Using math expressions with CloudWatch metrics: functions].

use super::{
    evaluate::Metrics,
    value::{
        Outcome::{self, Array, Number, Word},
        Series,
    },
};

/// The supported functions.
pub(super) const KNOWN: &[&str] = &[
    "ABS",
    "AVG",
    "CEIL",
    "DATE",
    "DAY",
    "DIFF",
    "DIFF_TIME",
    "EPOCH",
    "FILL",
    "FIRST",
    "FLOOR",
    "HOUR",
    "IF",
    "LAST",
    "LOG",
    "LOG10",
    "MAX",
    "METRICS",
    "METRIC_COUNT",
    "MIN",
    "MINUTE",
    "MONTH",
    "PERIOD",
    "RATE",
    "REMOVE_EMPTY",
    "RUNNING_SUM",
    "SLICE",
    "SORT",
    "STDDEV",
    "SUM",
    "TIME_SERIES",
    "YEAR",
];

/// Functions of CloudWatch that are not supported.
pub(super) const REFUSED: &[&str] = &[
    "ANOMALY_DETECTION_BAND",
    "DB_PERF_INSIGHTS",
    "INSIGHT_RULE_METRIC",
    "LAMBDA",
    "SEARCH",
    "SERVICE_QUOTA",
];

/// Calls a function; the error says that the inputs do not fit.
pub(super) fn call(name: &str, inputs: &[Outcome], metrics: &dyn Metrics) -> Result<Outcome, String> {
    if let Some(result) = of_values(name, inputs).or_else(|| of_series(name, inputs)) {
        return Ok(result);
    }
    let result = match (name, inputs) {
        ("METRICS", []) => Some(Array(metrics.all().into_iter().map(|(_, series)| series).collect())),
        ("METRICS", [Word(part)]) => {
            let wanted = metrics.all().into_iter().filter(|(id, _)| id.contains(part.as_str()));
            Some(Array(wanted.map(|(_, series)| series).collect()))
        }
        ("METRIC_COUNT", [Array(all)]) => Some(Number(all.len() as f64)),
        ("TIME_SERIES", [Number(value)]) => Some(constant(*value, metrics)),
        ("FILL", [Outcome::Series(series), how]) => fill(series, how, metrics).map(Outcome::Series),
        ("FILL", [Array(all), how]) => {
            all.iter().map(|one| fill(one, how, metrics)).collect::<Option<Vec<_>>>().map(Array)
        }
        ("FIRST", [Array(all)]) => all.first().cloned().map(Outcome::Series),
        ("LAST", [Array(all)]) => all.last().cloned().map(Outcome::Series),
        ("REMOVE_EMPTY", [Array(all)]) => {
            Some(Array(all.iter().filter(|one| !one.points.is_empty()).cloned().collect()))
        }
        ("SLICE", [Array(all), Number(start)]) => Some(Array(slice(all, *start, all.len() as f64))),
        ("SLICE", [Array(all), Number(start), Number(end)]) => Some(Array(slice(all, *start, *end))),
        ("SORT", [Array(all), Word(by), Word(order)]) => sort(all, by, order, all.len()),
        ("SORT", [Array(all), Word(by), Word(order), Number(most)]) => sort(all, by, order, *most as usize),
        ("IF", [condition, yes]) => choose(condition, yes, None),
        ("IF", [condition, yes, no]) => choose(condition, yes, Some(no)),
        _ => None,
    };
    result.ok_or_else(|| format!("{name} takes other inputs than these"))
}

/// Functions that compute each value alone, from the value and its time.
fn of_values(name: &str, inputs: &[Outcome]) -> Option<Outcome> {
    let change: fn(i64, f64) -> Option<f64> = match name {
        "ABS" => |_, value| Some(value.abs()),
        "CEIL" => |_, value| Some(value.ceil()),
        "FLOOR" => |_, value| Some(value.floor()),
        "LOG" => |_, value| Some(value.ln()),
        "LOG10" => |_, value| Some(value.log10()),
        "EPOCH" => |at, _| Some(at as f64),
        "MINUTE" => |at, _| utc(at, |time| time.minute().into()),
        "HOUR" => |at, _| utc(at, |time| time.hour().into()),
        // Monday is 1.
        "DAY" => |at, _| utc(at, |time| time.weekday().to_monday_one_offset().into()),
        "DATE" => |at, _| utc(at, |time| time.day().into()),
        "MONTH" => |at, _| utc(at, |time| time.month().into()),
        "YEAR" => |at, _| utc(at, |time| time.year().into()),
        _ => return None,
    };
    let of_time = matches!(name, "EPOCH" | "MINUTE" | "HOUR" | "DAY" | "DATE" | "MONTH" | "YEAR");
    match inputs {
        [Number(number)] if !of_time => change(0, *number).map(Number),
        [Outcome::Series(series)] => Some(Outcome::Series(series.map(change))),
        [Array(all)] if !of_time => Some(Array(all.iter().map(|one| one.map(change)).collect())),
        _ => None,
    }
}

fn utc(at: i64, part: impl Fn(jiff::civil::DateTime) -> i32) -> Option<f64> {
    let at = jiff::Timestamp::from_second(at).ok()?;
    Some(f64::from(part(at.to_zoned(jiff::tz::TimeZone::UTC).datetime())))
}

/// Functions that compute from a whole series, or from each of several series.
fn of_series(name: &str, inputs: &[Outcome]) -> Option<Outcome> {
    let [input] = inputs else { return None };
    if let Some(sum_up) = aggregate(name) {
        return match input {
            Outcome::Series(series) => {
                let values: Vec<_> = series.points.values().copied().collect();
                (!values.is_empty()).then(|| Number(sum_up(&values)))
            }
            Array(all) => Some(Outcome::Series(across(name, all, sum_up))),
            Number(_) | Word(_) => None,
        };
    }
    let change: fn(&Series) -> Series = match name {
        "DIFF" => |series| pairwise(series, |(_, before), (_, value)| value - before),
        "DIFF_TIME" => |series| pairwise(series, |(then, _), (at, _)| (at - then) as f64),
        "RATE" => {
            |series| pairwise(series, |(then, before), (at, value)| (value - before) / (at - then) as f64)
        }
        "RUNNING_SUM" => |series| {
            let mut sum = 0.0;
            series.with(series.points.iter().map(|(at, value)| {
                sum += value;
                (*at, sum)
            }))
        },
        "PERIOD" => {
            let Outcome::Series(series) = input else { return None };
            return Some(Number(series.period as f64));
        }
        _ => return None,
    };
    match input {
        Outcome::Series(series) => Some(Outcome::Series(change(series))),
        Array(all) => Some(Array(all.iter().map(change).collect())),
        Number(_) | Word(_) => None,
    }
}

fn aggregate(name: &str) -> Option<fn(&[f64]) -> f64> {
    Some(match name {
        "AVG" => average,
        "MAX" => |values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "MIN" => |values| values.iter().copied().fold(f64::INFINITY, f64::min),
        "STDDEV" => |values| {
            let mean = average(values);
            (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
        },
        "SUM" => |values| values.iter().sum(),
        _ => return None,
    })
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Combines all series into one value for every time that any of them has.
fn across(name: &str, all: &[Series], sum_up: impl Fn(&[f64]) -> f64) -> Series {
    let times: std::collections::BTreeSet<_> =
        all.iter().flat_map(|one| one.points.keys().copied()).collect();
    let points = times.into_iter().map(|at| {
        let values: Vec<_> = all.iter().filter_map(|one| one.points.get(&at).copied()).collect();
        (at, sum_up(&values))
    });
    let period = all.first().map_or(60, |one| one.period);
    Series { label: name.to_owned(), period, points: points.collect() }
}

fn pairwise(series: &Series, compute: impl Fn((i64, f64), (i64, f64)) -> f64) -> Series {
    let points: Vec<_> = series.points.iter().map(|(at, value)| (*at, *value)).collect();
    series.with(points.windows(2).map(|pair| (pair[1].0, compute(pair[0], pair[1]))))
}

fn constant(value: f64, metrics: &dyn Metrics) -> Outcome {
    let period = metrics.all().first().map_or(60, |(_, series)| series.period);
    let points = metrics.starts(period).into_iter().map(|at| (at, value)).collect();
    Outcome::Series(Series { label: "TIME_SERIES".to_owned(), period, points })
}

/// Fills in the times without a value: with a number, the value of another series, the last value, or a value interpolated
/// towards the next one.
fn fill(series: &Series, how: &Outcome, metrics: &dyn Metrics) -> Option<Series> {
    let before = |at: i64| series.points.range(..=at).next_back().map(|(at, value)| (*at, *value));
    let behind = |at: i64| series.points.range(at..).next().map(|(at, value)| (*at, *value));
    let value = |at: i64| match how {
        Number(number) => Some(*number),
        Outcome::Series(other) => other.points.get(&at).copied(),
        Word(word) if word == "REPEAT" => before(at).map(|(_, value)| value),
        _ => {
            let ((then, from), (later, to)) = (before(at)?, behind(at)?);
            Some(from + (to - from) * (at - then) as f64 / (later - then).max(1) as f64)
        }
    };
    match how {
        Number(_) | Outcome::Series(_) => {}
        Word(word) if word == "REPEAT" || word == "LINEAR" => {}
        Word(_) | Array(_) => return None,
    }
    let starts = metrics.starts(series.period).into_iter();
    Some(
        series
            .with(starts.filter_map(|at| Some((at, series.points.get(&at).copied().or_else(|| value(at))?)))),
    )
}

fn slice(all: &[Series], start: f64, end: f64) -> Vec<Series> {
    let end = (end.max(0.0) as usize).min(all.len());
    all.get(start.max(0.0) as usize..end).unwrap_or_default().to_vec()
}

/// Sorts series by a statistic of each; series without data come last.
fn sort(all: &[Series], by: &str, order: &str, most: usize) -> Option<Outcome> {
    let sum_up = aggregate(by)?;
    let descending = match order {
        "ASC" => false,
        "DESC" => true,
        _ => return None,
    };
    let mut known: Vec<(Option<f64>, &Series)> = all
        .iter()
        .map(|one| {
            let values: Vec<_> = one.points.values().copied().collect();
            ((!values.is_empty()).then(|| sum_up(&values)), one)
        })
        .collect();
    known.sort_by(|(one, _), (other, _)| match (one, other) {
        (Some(one), Some(other)) if descending => other.total_cmp(one),
        (Some(one), Some(other)) => one.total_cmp(other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    Some(Array(known.into_iter().take(most).map(|(_, one)| one.clone()).collect()))
}

/// The value of `yes` where the condition is true and of `no` where it is not; no value where the chosen one has none.
fn choose(condition: &Outcome, yes: &Outcome, no: Option<&Outcome>) -> Option<Outcome> {
    let at_time = |of: &Outcome, at: i64| match of {
        Number(number) => Some(*number),
        Outcome::Series(series) => series.points.get(&at).copied(),
        Array(_) | Word(_) => None,
    };
    if [Some(yes), no].into_iter().flatten().any(|one| matches!(one, Array(_) | Word(_))) {
        return None;
    }
    match condition {
        Number(number) if *number != 0.0 => Some(yes.clone()),
        Number(_) => no.cloned(),
        Outcome::Series(series) => Some(Outcome::Series(series.map(|at, value| {
            if value == 0.0 { no.and_then(|no| at_time(no, at)) } else { at_time(yes, at) }
        }))),
        Array(_) | Word(_) => None,
    }
}
