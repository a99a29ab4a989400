//! Queries for metric data: the metrics and expressions of GetMetricData, or of an alarm on metric math.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    errors::validation,
    math::{self, Expression, Outcome, Series},
    points::{self, Statistic},
    put::{Dimension, dimensions},
    store::{Key, Store},
    units,
};
use crate::{error::ApiError, wire};

/// The most queries in one call.
const QUERIES: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query {
    id: Option<String>,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    #[serde(default, deserialize_with = "wire::boolean")]
    return_data: Option<bool>,
    #[serde(default, deserialize_with = "wire::integer")]
    period: Option<i64>,
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
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) id: String,
    pub(super) returned: bool,
    label: String,
    what: What,
    /// The order of evaluation: a query needs only queries of lower ranks.
    rank: usize,
}

#[derive(Debug, Clone)]
enum What {
    Stat(Stat),
    Math(Expression),
}

/// A statistic of one metric.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) key: Key,
    /// The period, in s.
    pub(super) period: i64,
    pub(super) statistic: Statistic,
    pub(super) unit: Option<String>,
}

impl Stat {
    /// The values by the second at which their period starts. Data in different units are combined, unless the query names
    /// one unit.
    pub(super) fn points(&self, store: &Store, from_ms: i64, to_ms: i64, now_ms: i64) -> BTreeMap<i64, f64> {
        let mut found = BTreeMap::new();
        let metric = store.find(&self.key);
        for (_, series) in metric.map(|metric| metric.all(self.unit.as_deref())).unwrap_or_default() {
            let values = self.statistic.wants_values();
            points::points(&series.lock(), from_ms, to_ms, self.period, now_ms, values, &mut found);
        }
        let value = |point: &super::distribution::Distribution| {
            let ranked = self.statistic.wants_values().then(|| point.ranked()).flatten();
            self.statistic.of(point, ranked.as_ref())
        };
        found.iter().filter_map(|(at, point)| Some((*at, value(point)?))).collect()
    }
}

impl Checked {
    /// The period of a metric; `None` for an expression.
    pub(super) fn period(&self) -> Option<i64> {
        match &self.what {
            What::Stat(stat) => Some(stat.period),
            What::Math(_) => None,
        }
    }
}

/// The results of a request's queries.
pub(super) struct Answers<'a> {
    queries: &'a [Checked],
    from_ms: i64,
    to_ms: i64,
    outcomes: BTreeMap<&'a str, Result<Outcome, String>>,
}

impl<'a> Answers<'a> {
    /// Computes each query once for the time range `[from_ms, to_ms)`.
    pub(super) fn new(
        store: &Store,
        queries: &'a [Checked],
        (from_ms, to_ms): (i64, i64),
        now_ms: i64,
    ) -> Result<Self, ApiError> {
        let mut answers = Self { queries, from_ms, to_ms, outcomes: BTreeMap::new() };
        let mut ranked: Vec<_> = queries.iter().collect();
        ranked.sort_by_key(|query| query.rank);
        let mut points = 0;
        for query in ranked {
            let outcome = match &query.what {
                What::Stat(stat) => Ok(Outcome::Series(Series {
                    label: query.label.clone(),
                    period: stat.period,
                    points: stat.points(store, from_ms, to_ms, now_ms),
                })),
                What::Math(expression) => math::evaluate(expression, &answers),
            };
            points += match &outcome {
                Ok(Outcome::Series(series)) => series.points.len(),
                Ok(Outcome::Array(all)) => all.iter().map(|one| one.points.len()).sum(),
                Ok(Outcome::Number(_) | Outcome::Word(_)) | Err(_) => 1,
            };
            if points > MOST_POINTS {
                return Err(validation(format!("The queries come to more than {MOST_POINTS} datapoints.")));
            }
            answers.outcomes.insert(&query.id, outcome);
        }
        Ok(answers)
    }

    /// The series of a query: one, or several for an expression that returns an array.
    pub(super) fn series(&self, query: &Checked) -> Result<Vec<Series>, ApiError> {
        let wrong = |why: &str| validation(format!("Error in expression '{}': {why}.", query.id));
        match math::Metrics::by_id(self, &query.id).map_err(|why| wrong(&why))? {
            Outcome::Series(series) => Ok(vec![Series { label: query.label.clone(), ..series }]),
            Outcome::Array(all) => {
                let named = |one: Series| Series { label: format!("{} {}", query.label, one.label), ..one };
                Ok(all.into_iter().map(named).collect())
            }
            Outcome::Number(_) | Outcome::Word(_) => {
                Err(wrong("the expression must return a time series or an array of time series"))
            }
        }
    }
}

impl math::Metrics for Answers<'_> {
    fn by_id(&self, id: &str) -> Result<Outcome, String> {
        self.outcomes.get(id).cloned().unwrap_or_else(|| Err(format!("there is no query {id}")))
    }

    fn all(&self) -> Vec<(String, Series)> {
        let stats = self.queries.iter().filter(|query| matches!(query.what, What::Stat(_)));
        let series = |query: &Checked| match self.outcomes.get(query.id.as_str()) {
            Some(Ok(Outcome::Series(series))) => Some((query.id.clone(), series.clone())),
            _ => None,
        };
        stats.filter_map(series).collect()
    }

    fn starts(&self, period: i64) -> Vec<i64> {
        let start = points::origin(self.from_ms, period);
        let count = points::periods(self.from_ms, self.to_ms, period).clamp(0, MOST_STARTS);
        (0..count).map(|number| start + number * period).collect()
    }
}

/// The most points of all queries of one request together.
const MOST_POINTS: usize = 2_000_000;

/// The most points that a series is filled with: as many as one answer has.
const MOST_STARTS: i64 = 100_800;

/// Checks the queries of the list `parameter` of a request.
pub(super) fn check(queries: Vec<Query>, parameter: &str) -> Result<Vec<Checked>, ApiError> {
    if queries.is_empty() {
        return Err(validation(format!("The parameter {parameter} is required.")));
    }
    if queries.len() > QUERIES {
        return Err(validation(format!(
            "The collection {parameter} must not have a size greater than {QUERIES}."
        )));
    }
    let mut checked = queries
        .into_iter()
        .enumerate()
        .map(|(index, query)| one(query, &format!("{parameter}.member.{}", index + 1)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = checked.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(validation(format!(
            "The value {} for parameter {parameter} is not a unique Id.",
            twice.id
        )));
    }
    rank(&mut checked)?;
    Ok(checked)
}

/// Ranks the queries. Refuses expressions that refer to an unknown query or, through others, to themselves.
fn rank(queries: &mut [Checked]) -> Result<(), ApiError> {
    let wrong = |id: &str, why: String| validation(format!("Error in expression '{id}': {why}."));
    let known: BTreeSet<String> = queries.iter().map(|query| query.id.clone()).collect();
    let mut left: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for query in queries.iter() {
        let mut needed = BTreeSet::new();
        if let What::Math(expression) = &query.what {
            expression.ids(&mut |id| {
                needed.insert(id.to_owned());
            });
            if let Some(unknown) = needed.iter().find(|needed| !known.contains(*needed)) {
                return Err(wrong(&query.id, format!("there is no query {unknown}")));
            }
            left.insert(query.id.clone(), needed);
        }
    }
    // The next rank are the expressions that need none of those which are left. Expressions that are left at the end refer
    // to themselves.
    for rank in 1.. {
        let is_free = |needed: &BTreeSet<String>| !needed.iter().any(|needed| left.contains_key(needed));
        let free: BTreeSet<_> =
            left.iter().filter(|(_, needed)| is_free(needed)).map(|(id, _)| id.clone()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|id, _| !free.contains(id));
        queries.iter_mut().filter(|query| free.contains(&query.id)).for_each(|query| query.rank = rank);
    }
    match left.keys().next() {
        None => Ok(()),
        Some(id) => Err(wrong(id, "it refers to itself".to_owned())),
    }
}

fn one(query: Query, at: &str) -> Result<Checked, ApiError> {
    let required = |name: &str| validation(format!("The parameter {at}.{name} is required."));
    let id = query.id.ok_or_else(|| required("Id"))?;
    let is_id = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_id {
        return Err(validation(format!("The value {id} for parameter {at}.Id is invalid.")));
    }
    let returned = query.return_data.unwrap_or(true);
    if let Some(text) = query.expression {
        if query.metric_stat.is_some() {
            return Err(validation(format!(
                "The parameters {at}.Expression and {at}.MetricStat are mutually exclusive and you have specified both."
            )));
        }
        if query.period.is_some_and(|period| !points::is_period(period)) {
            return Err(validation(format!(
                "The parameter {at}.Period must be 1, 5, 10, 20, 30, or a multiple of 60."
            )));
        }
        let expression = math::parse(&id, &text)?;
        return Ok(Checked {
            label: query.label.unwrap_or_else(|| id.clone()),
            what: What::Math(expression),
            id,
            returned,
            rank: 0,
        });
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
    let statistic =
        Statistic::plain(&stat_name).or_else(|| Statistic::extended(&stat_name)).ok_or_else(|| {
            validation(format!("The value {stat_name} for parameter {at}.MetricStat.Stat is invalid."))
        })?;
    if let Some(unit) = stat.unit.as_deref().filter(|unit| units::unit(unit).is_none()) {
        return Err(validation(format!("The value {unit} for parameter {at}.MetricStat.Unit is invalid.")));
    }
    let dimensions = dimensions(&metric.dimensions, &format!("{at}.MetricStat.Metric"), 30)?;
    let key = Key::new(&namespace, &name, dimensions);
    Ok(Checked {
        label: query.label.unwrap_or(name),
        what: What::Stat(Stat { key, period, statistic, unit: stat.unit }),
        id,
        returned,
        rank: 0,
    })
}
