//! GetMetricStatistics: points of one metric.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    distribution::Distribution,
    errors::{bad, combination, invalid, missing},
    points::{self, Statistic},
    put::{Dimension, dimensions},
    store::{Key, Store},
    units,
};
use crate::{error::ApiError, wire};

/// The most points that one call may return.
const POINTS: i64 = 1_440;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    end_time: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    period: Option<i64>,
    #[serde(default, deserialize_with = "wire::list")]
    statistics: Vec<String>,
    #[serde(default, deserialize_with = "wire::list")]
    extended_statistics: Vec<String>,
    unit: Option<String>,
}

/// [GetMetricStatistics, CloudWatch API reference]
pub(crate) fn get(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let get: Get = wire::read(input)?;
    let namespace = required(get.namespace, "Namespace")?;
    let name = required(get.metric_name, "MetricName")?;
    let from_ms = get.start_time.ok_or_else(|| missing("StartTime"))?;
    let to_ms = get.end_time.ok_or_else(|| missing("EndTime"))?;
    let period = get.period.ok_or_else(|| missing("Period"))?;
    if !points::is_period(period) {
        return Err(bad("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60."));
    }
    if from_ms >= to_ms {
        return Err(bad("The parameter StartTime must be less than the parameter EndTime."));
    }
    let statistics = statistics(&get.statistics, &get.extended_statistics)?;
    if let Some(unit) = get.unit.as_deref()
        && units::unit(unit).is_none()
    {
        return Err(bad(format!("The parameter Unit must be a value in the set [ {} ].", units::all())));
    }
    let asked = points::periods(from_ms, to_ms, period);
    if asked > POINTS {
        return Err(combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range.",
            grouped(asked)
        )));
    }
    let key = Key::new(&namespace, &name, dimensions(&get.dimensions, "", 30)?);
    let mut datapoints = Vec::new();
    let values = statistics.iter().any(|(_, statistic)| statistic.wants_values());
    for (unit, series) in store.find(&key).map(|metric| metric.all(get.unit.as_deref())).unwrap_or_default() {
        let mut found = BTreeMap::new();
        points::points(&series.lock(), from_ms, to_ms, period, now_ms, values, &mut found);
        datapoints.extend(found.iter().filter_map(|(at, point)| datapoint(*at, point, unit, &statistics)));
    }
    Ok(json!({"Label": name, "Datapoints": datapoints}))
}

fn required(text: Option<String>, name: &str) -> Result<String, ApiError> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

/// The requested statistics with their names.
fn statistics<'a>(
    plain: &'a [String],
    extended: &'a [String],
) -> Result<Vec<(&'a str, Statistic)>, ApiError> {
    if plain.is_empty() && extended.is_empty() {
        return Err(combination("Must specify either Statistics or ExtendedStatistics"));
    }
    if !plain.is_empty() && !extended.is_empty() {
        return Err(combination("Must specify either Statistics or ExtendedStatistics, but not both"));
    }
    let mut found = Vec::new();
    for (index, name) in plain.iter().enumerate() {
        let statistic = Statistic::plain(name).ok_or_else(|| {
            bad(format!(
                "The parameter Statistics.member.{} must be a value in the set \
                 [ Average, SampleCount, Sum, Minimum, Maximum ].",
                index + 1
            ))
        })?;
        found.push((name.as_str(), statistic));
    }
    for (index, name) in extended.iter().enumerate() {
        let parameter = format!("ExtendedStatistics.member.{}", index + 1);
        let statistic = Statistic::extended(name).ok_or_else(|| invalid(name, &parameter))?;
        found.push((name.as_str(), statistic));
    }
    Ok(found)
}

/// A point with the requested statistics; `None` when a requested percentile has no value.
fn datapoint(at: i64, point: &Distribution, unit: &str, statistics: &[(&str, Statistic)]) -> Option<Value> {
    let mut members = Map::new();
    members.insert("Timestamp".to_owned(), wire::time(at * 1_000));
    members.insert("Unit".to_owned(), unit.into());
    let ranked = statistics.iter().any(|(_, statistic)| statistic.wants_values()).then(|| point.ranked());
    if matches!(ranked, Some(None)) {
        return None;
    }
    let ranked = ranked.flatten();
    let mut extended = Map::new();
    for (name, statistic) in statistics {
        let value = statistic.of(point, ranked.as_ref())?.into();
        if statistic.wants_values() {
            extended.insert((*name).to_owned(), value);
        } else {
            members.insert((*name).to_owned(), value);
        }
    }
    if !extended.is_empty() {
        members.insert("ExtendedStatistics".to_owned(), extended.into());
    }
    Some(members.into())
}

/// A number with commas as thousands separators.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let check = |number: i64, expected: &str| assert_eq!(grouped(number), expected);
        check(1, "1");
        check(1_441, "1,441");
        check(123_456, "123,456");
        check(1_234_567, "1,234,567");
    }
}
