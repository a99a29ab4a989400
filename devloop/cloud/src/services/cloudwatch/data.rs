//! GetMetricData: points of many metrics, in order and in pages. Queries are `MetricStat`s; metric math is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, validation},
    points::{self, Statistic},
    put::{Dimension, dimensions},
    store::{Key, Store},
    units,
};
use crate::{error::ApiError, wire};

/// Queries of one call, and points of one answer at most.
const QUERIES: usize = 500;
const POINTS: usize = 100_800;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    #[serde(default, deserialize_with = "wire::list")]
    metric_data_queries: Vec<Query>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    end_time: Option<i64>,
    next_token: Option<String>,
    scan_by: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_datapoints: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: Option<String>,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    #[serde(default, deserialize_with = "wire::boolean")]
    return_data: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Option<Metric>,
    #[serde(default, deserialize_with = "wire::integer")]
    period: Option<i64>,
    stat: Option<String>,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: Option<String>,
    #[serde(rename = "MetricName")]
    name: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
}

/// A query that passed every check.
struct Checked {
    id: String,
    label: String,
    key: Key,
    period: i64,
    statistic: Statistic,
    unit: Option<String>,
    returned: bool,
}

/// [GetMetricData, CloudWatch API reference]
pub(crate) fn get(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let get: Get = wire::read(input)?;
    let required = |name: &str| validation(format!("The parameter {name} is required."));
    let from_ms = get.start_time.ok_or_else(|| required("StartTime"))?;
    let to_ms = get.end_time.ok_or_else(|| required("EndTime"))?;
    if from_ms >= to_ms {
        return Err(validation("The parameter EndTime must be greater than StartTime."));
    }
    let descending = match get.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => return Err(validation(format!("The value {other} for parameter ScanBy is invalid."))),
    };
    let limit = match get.max_datapoints {
        None => POINTS,
        Some(limit) if (1..=POINTS as i64).contains(&limit) => limit as usize,
        Some(_) => return Err(validation("The parameter MaxDatapoints must be between 1 and 100800.")),
    };
    if get.metric_data_queries.is_empty() {
        return Err(required("MetricDataQueries"));
    }
    if get.metric_data_queries.len() > QUERIES {
        return Err(validation(format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES}."
        )));
    }
    let queries = get
        .metric_data_queries
        .into_iter()
        .enumerate()
        .map(|(index, query)| check(query, &format!("MetricDataQueries.member.{}", index + 1)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = queries.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(validation(format!(
            "The value {} for parameter MetricDataQueries is not a unique Id.",
            twice.id
        )));
    }
    let skip = match get.next_token.as_deref() {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| bad_token())?,
    };
    let mut page = Page { skip, left: limit, shown: skip };
    let mut results = Vec::new();
    for query in queries.iter().filter(|query| query.returned) {
        let mut points = query.points(store, from_ms, to_ms, now_ms);
        if descending {
            points.reverse();
        }
        results.extend(page.take(query, &points));
    }
    let mut output = Map::new();
    output.insert("MetricDataResults".to_owned(), results.iter().map(|(result, _)| result.clone()).collect());
    output.insert("Messages".to_owned(), json!([]));
    if results.iter().any(|(_, cut)| *cut) {
        output.insert("NextToken".to_owned(), page.shown.to_string().into());
    }
    Ok(output.into())
}

/// How much of all points, query after query, an answer shows. A token is the number of points shown before.
struct Page {
    skip: usize,
    left: usize,
    shown: usize,
}

impl Page {
    /// The part of a query's points that belongs to this page, and whether points are left for the next one. A query
    /// whose points were all shown by earlier pages is not repeated.
    fn take(&mut self, query: &Checked, points: &[(i64, f64)]) -> Option<(Value, bool)> {
        let before = self.skip.min(points.len());
        if self.skip > 0 && before == points.len() {
            self.skip -= before;
            return None;
        }
        self.skip = 0;
        let rest = &points[before..];
        let here = &rest[..rest.len().min(self.left)];
        self.left -= here.len();
        self.shown += here.len();
        let cut = here.len() < rest.len();
        let result = json!({
            "Id": query.id,
            "Label": query.label,
            "Timestamps": here.iter().map(|(at, _)| wire::time(at * 1_000)).collect::<Vec<_>>(),
            "Values": here.iter().map(|(_, value)| value).collect::<Vec<_>>(),
            "StatusCode": if cut { "PartialData" } else { "Complete" },
        });
        Some((result, cut))
    }
}

impl Checked {
    /// The second that each point starts with and its value, in ascending order. Data in several units count together
    /// unless the query names one.
    fn points(&self, store: &Store, from_ms: i64, to_ms: i64, now_ms: i64) -> Vec<(i64, f64)> {
        let mut found = BTreeMap::new();
        for (_, series) in
            store.find(&self.key).map(|metric| metric.all(self.unit.as_deref())).unwrap_or_default()
        {
            let values = self.statistic.wants_values();
            points::points(&series.lock(), from_ms, to_ms, self.period, now_ms, values, &mut found);
        }
        found
            .iter()
            .filter_map(|(at, point)| {
                let ranked = self.statistic.wants_values().then(|| point.ranked()).flatten();
                Some((*at, self.statistic.of(point, ranked.as_ref())?))
            })
            .collect()
    }
}

fn check(query: Query, at: &str) -> Result<Checked, ApiError> {
    let required = |name: &str| validation(format!("The parameter {at}.{name} is required."));
    let id = query.id.ok_or_else(|| required("Id"))?;
    let is_id = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_id {
        return Err(validation(format!("The value {id} for parameter {at}.Id is invalid.")));
    }
    if query.expression.is_some() {
        return Err(ApiError::unsupported(format_args!("metric math (the Expression of query {id})")));
    }
    let stat = query.metric_stat.ok_or_else(|| required("MetricStat"))?;
    let metric = stat.metric.ok_or_else(|| required("MetricStat.Metric"))?;
    let namespace = metric.namespace.ok_or_else(|| required("MetricStat.Metric.Namespace"))?;
    let name = metric.name.ok_or_else(|| required("MetricStat.Metric.MetricName"))?;
    let period = stat.period.ok_or_else(|| required("MetricStat.Period"))?;
    if !points::is_period(period) {
        return Err(validation(format!(
            "The parameter {at}.MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60."
        )));
    }
    let stat_name = stat.stat.ok_or_else(|| required("MetricStat.Stat"))?;
    let statistic = match Statistic::plain(&stat_name) {
        Some(statistic) => statistic,
        None => Statistic::extended(&stat_name)?.ok_or_else(|| {
            validation(format!("The value {stat_name} for parameter {at}.MetricStat.Stat is invalid."))
        })?,
    };
    if let Some(unit) = stat.unit.as_deref().filter(|unit| units::unit(unit).is_none()) {
        return Err(validation(format!("The value {unit} for parameter {at}.MetricStat.Unit is invalid.")));
    }
    let dimensions = dimensions(&metric.dimensions, &format!("{at}.MetricStat.Metric"), 30)?;
    Ok(Checked {
        label: query.label.unwrap_or_else(|| name.clone()),
        key: Key::new(&namespace, &name, dimensions),
        id,
        period,
        statistic,
        unit: stat.unit,
        returned: query.return_data.unwrap_or(true),
    })
}
