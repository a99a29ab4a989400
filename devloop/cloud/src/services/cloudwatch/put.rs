//! PutMetricData: checks the whole batch, then stores it.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};

use super::{
    distribution::{BUCKET, VALUE},
    errors::{bad, exclusive, invalid, missing, too_many},
    series::Resolution,
    store::{Key, Store},
    units,
};
use crate::{error::ApiError, kept::Budget, wire};

const DATA: usize = 1_000;
const VALUES: usize = 150;
const DIMENSIONS: usize = 30;

/// How far in the past and in the future a data point may be, in ms [MetricDatum, `Timestamp`].
const OLDEST: i64 = 14 * 86_400_000;
const NEWEST: i64 = 2 * 3_600_000;

/// The largest absolute value [MetricDatum, `Value`]: 2 to the power of 360.
const LARGEST: f64 = 2.348_542_582_773_833_2e108;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    namespace: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    metric_data: Vec<Datum>,
    #[serde(default)]
    entity_metric_data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datum {
    metric_name: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "wire::number")]
    value: Option<f64>,
    statistic_values: Option<StatisticSet>,
    #[serde(default, deserialize_with = "wire::list")]
    values: Vec<Number>,
    #[serde(default, deserialize_with = "wire::list")]
    counts: Vec<Number>,
    unit: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    storage_resolution: Option<i64>,
}

/// A dimension: a name and a value that are part of a metric's identity.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSet {
    #[serde(default, deserialize_with = "wire::number")]
    sample_count: Option<f64>,
    #[serde(default, deserialize_with = "wire::number")]
    sum: Option<f64>,
    #[serde(default, deserialize_with = "wire::number")]
    minimum: Option<f64>,
    #[serde(default, deserialize_with = "wire::number")]
    maximum: Option<f64>,
}

/// A number in a list, given as a JSON number or as text.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::number(deserializer)?.map(Self).ok_or_else(|| D::Error::custom("null is not a number"))
    }
}

/// A data point that passed every check.
struct Checked {
    key: Key,
    unit: &'static str,
    at_ms: i64,
    resolution: Resolution,
    measured: Measured,
}

enum Measured {
    Values(Vec<(f64, f64)>),
    Set { count: f64, sum: f64, min: f64, max: f64 },
}

impl Checked {
    /// The most memory that it takes.
    fn bytes(&self) -> usize {
        let values = if let Measured::Values(values) = &self.measured { values.len() } else { 1 };
        BUCKET + values * VALUE
    }
}

/// [PutMetricData, CloudWatch API reference]
pub(crate) fn put(store: &Store, memory: &Arc<Budget>, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let Put { namespace, metric_data, entity_metric_data } = wire::read(input)?;
    if !entity_metric_data.is_null() {
        return Err(ApiError::unsupported("EntityMetricData in PutMetricData"));
    }
    let namespace = custom_namespace(namespace)?;
    if metric_data.is_empty() {
        return Err(missing("MetricData"));
    }
    if metric_data.len() > DATA {
        return Err(too_many("MetricData", DATA));
    }
    let checked = metric_data
        .iter()
        .enumerate()
        .map(|(index, datum)| check(&namespace, &format!("MetricData.member.{}", index + 1), datum, now_ms))
        .collect::<Result<Vec<_>, _>>()?;
    if !memory.has_room(checked.iter().map(Checked::bytes).sum()) {
        let message = "The data of all metrics have no room for more. They are dropped after 15 days, and at the end of the session.";
        return Err(ApiError::client("ThrottlingException", message));
    }
    for Checked { key, unit, at_ms, resolution, measured } in checked {
        let series = store.metric(key).series(unit, memory);
        series.lock().update(at_ms, resolution, now_ms, |bucket| match measured {
            Measured::Values(values) => {
                for (value, count) in values {
                    bucket.add(value, count);
                }
            }
            Measured::Set { count, sum, min, max } => bucket.add_set(count, sum, min, max),
        });
    }
    Ok(json!({}))
}

/// Refuses the namespaces of AWS's own services.
fn custom_namespace(namespace: Option<String>) -> Result<String, ApiError> {
    let namespace = namespace.filter(|name| !name.is_empty()).ok_or_else(|| missing("Namespace"))?;
    if namespace.starts_with("AWS/") || !is_name(&namespace) {
        return Err(invalid(namespace, "Namespace"));
    }
    Ok(namespace)
}

/// Whether a name has at most 255 characters, is not blank, and does not start with a colon.
fn is_name(name: &str) -> bool {
    name.chars().count() <= 255 && !name.trim().is_empty() && !name.starts_with(':')
}

fn check(namespace: &str, at: &str, datum: &Datum, now_ms: i64) -> Result<Checked, ApiError> {
    let parameter = |name: &str| format!("{at}.{name}");
    let name = datum
        .metric_name
        .as_deref()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing(&parameter("MetricName")))?;
    if !is_name(name) {
        return Err(invalid(name, &parameter("MetricName")));
    }
    let unit = match datum.unit.as_deref() {
        None => "None",
        Some(name) => units::unit(name).ok_or_else(|| {
            bad(format!(
                "The parameter {} must be a value in the set [ {} ].",
                parameter("Unit"),
                units::all()
            ))
        })?,
    };
    let resolution = match datum.storage_resolution {
        None | Some(60) => Resolution::Minute,
        Some(1) => Resolution::Second,
        Some(_) => {
            return Err(bad(format!(
                "The parameter {} must be a value in the set [ 1, 60 ].",
                parameter("StorageResolution")
            )));
        }
    };
    let at_ms = datum.timestamp.unwrap_or(now_ms);
    if at_ms < now_ms - OLDEST {
        return Err(bad(format!(
            "The parameter {} must specify a time no more than two weeks in the past.",
            parameter("Timestamp")
        )));
    }
    if at_ms > now_ms + NEWEST {
        return Err(bad(format!(
            "The parameter {} must specify a time no more than two hours in the future.",
            parameter("Timestamp")
        )));
    }
    let dimensions = dimensions(&datum.dimensions, at, DIMENSIONS)?;
    let key = Key::new(namespace, name, dimensions);
    Ok(Checked { key, unit, at_ms, resolution, measured: measured(datum, at)? })
}

/// Reads the dimensions of the list `list`; each name may occur once.
pub(crate) fn dimensions(
    given: &[Dimension],
    at: &str,
    limit: usize,
) -> Result<Vec<(String, String)>, ApiError> {
    let list = if at.is_empty() { "Dimensions".to_owned() } else { format!("{at}.Dimensions") };
    if given.len() > limit {
        return Err(too_many(&list, limit));
    }
    let mut dimensions: Vec<(String, String)> = Vec::with_capacity(given.len());
    for (index, dimension) in given.iter().enumerate() {
        let part = |name: &str, text: &Option<String>, longest: usize| {
            let parameter = format!("{list}.member.{}.{name}", index + 1);
            match text.as_deref() {
                None | Some("") => Err(missing(&parameter)),
                Some(text) if text.trim().is_empty() || text.chars().count() > longest => {
                    Err(invalid(text, &parameter))
                }
                Some(text) => Ok(text.to_owned()),
            }
        };
        let (name, value) = (part("Name", &dimension.name, 255)?, part("Value", &dimension.value, 1_024)?);
        if name.starts_with(':') {
            return Err(invalid(name, &format!("{list}.member.{}.Name", index + 1)));
        }
        if dimensions.iter().any(|(known, _)| *known == name) {
            return Err(bad(format!(
                "The parameter {list} must not name the dimension {name} more than once."
            )));
        }
        dimensions.push((name, value));
    }
    Ok(dimensions)
}

fn measured(datum: &Datum, at: &str) -> Result<Measured, ApiError> {
    let parameter = |name: &str| format!("{at}.{name}");
    let finite = |value: f64, name: &str| {
        if value.is_finite() && value.abs() <= LARGEST {
            Ok(value)
        } else {
            Err(invalid(value, &parameter(name)))
        }
    };
    let given = [datum.value.map(|_| "Value"), datum.statistic_values.as_ref().map(|_| "StatisticValues"), {
        (!datum.values.is_empty()).then_some("Values")
    }];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (None, _) => {
            return Err(ApiError::client(
                "MissingRequiredParameterException",
                "At least one of the parameters must be specified.",
            ));
        }
        (Some(one), Some(other)) => return Err(exclusive(&parameter(one), &parameter(other))),
        _ => {}
    }
    if !datum.counts.is_empty() && datum.counts.len() != datum.values.len() {
        return Err(bad(format!(
            "The parameters {} and {} must be of the same size.",
            parameter("Values"),
            parameter("Counts")
        )));
    }
    if let Some(value) = datum.value {
        return Ok(Measured::Values(vec![(finite(value, "Value")?, 1.0)]));
    }
    if let Some(set) = &datum.statistic_values {
        return statistic_set(set, &parameter("StatisticValues"), finite);
    }
    if datum.values.len() > VALUES {
        return Err(too_many(&parameter("Values"), VALUES));
    }
    let mut pairs = Vec::with_capacity(datum.values.len());
    for (index, Number(value)) in datum.values.iter().enumerate() {
        let value = finite(*value, &format!("Values.member.{}", index + 1))?;
        let count = datum.counts.get(index).map_or(1.0, |Number(count)| *count);
        let name = format!("Counts.member.{}", index + 1);
        if finite(count, &name)? <= 0.0 {
            return Err(invalid(count, &parameter(&name)));
        }
        pairs.push((value, count));
    }
    Ok(Measured::Values(pairs))
}

fn statistic_set(
    set: &StatisticSet,
    at: &str,
    finite: impl Fn(f64, &str) -> Result<f64, ApiError>,
) -> Result<Measured, ApiError> {
    let member = |value: Option<f64>, name: &str| {
        let value = value.ok_or_else(|| missing(&format!("{at}.{name}")))?;
        finite(value, &format!("StatisticValues.{name}"))
    };
    let count = member(set.sample_count, "SampleCount")?;
    let sum = member(set.sum, "Sum")?;
    let (min, max) = (member(set.minimum, "Minimum")?, member(set.maximum, "Maximum")?);
    if count <= 0.0 {
        return Err(bad(format!("The parameter {at}.SampleCount must be greater than 0.")));
    }
    if max < min {
        return Err(bad(format!("The parameter {at}.Maximum must be greater than {at}.Minimum.")));
    }
    Ok(Measured::Set { count, sum, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_without_room_are_refused_and_none_of_them_is_kept() {
        let (store, memory) = (Store::default(), Arc::new(Budget::new(2 * (BUCKET + VALUE))));
        let put = |names: &[&str]| {
            let data: Vec<Value> =
                names.iter().map(|name| json!({ "MetricName": name, "Value": 1 })).collect();
            put(&store, &memory, 0, json!({ "Namespace": "n", "MetricData": data }))
        };
        assert!(put(&["a"]).is_ok());
        assert_eq!(put(&["b", "c"]).unwrap_err().code, "ThrottlingException");
        assert_eq!((store.len(), memory.bytes()), (1, BUCKET + VALUE));
        assert!(put(&["b"]).is_ok());
        assert_eq!(store.len(), 2);
    }
}
