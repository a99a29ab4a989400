//! Reads and checks the input of PutMetricAlarm.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        errors::{bad, combination, exclusive, missing, too_many, validation},
        points::{self, Statistic},
        put::{Dimension, dimensions},
        queries::{self, Checked, Stat},
        store::Key,
        units,
    },
    decide::{Absent, Rule, State},
};
use crate::{error::ApiError, wire};

/// Members of PutMetricAlarm that are not supported.
const REFUSED: [&str; 7] = [
    "ActionConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationWindow",
    "LogGroupIdentifier",
    "ThresholdMetricId",
    "WarmUpConfiguration",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    alarm_name: Option<String>,
    alarm_description: Option<String>,
    #[serde(default, rename = "OKActions", deserialize_with = "wire::list")]
    ok_actions: Vec<String>,
    #[serde(default, deserialize_with = "wire::list")]
    alarm_actions: Vec<String>,
    #[serde(default, deserialize_with = "wire::list")]
    insufficient_data_actions: Vec<String>,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
    #[serde(default, deserialize_with = "wire::integer")]
    period: Option<i64>,
    unit: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    evaluation_periods: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    datapoints_to_alarm: Option<i64>,
    #[serde(default, deserialize_with = "wire::number")]
    threshold: Option<f64>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
    evaluate_low_sample_count_percentile: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    metrics: Vec<Value>,
}

/// A comparison with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    AtLeast,
    Greater,
    Less,
    AtMost,
}

impl Comparison {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "GreaterThanOrEqualToThreshold" => Self::AtLeast,
            "GreaterThanThreshold" => Self::Greater,
            "LessThanThreshold" => Self::Less,
            "LessThanOrEqualToThreshold" => Self::AtMost,
            _ => return None,
        })
    }

    /// Whether the value breaches the threshold.
    pub(super) fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    /// The comparison in the words of a state's reason.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::AtMost => "less than or equal to",
        }
    }
}

/// The source of an alarm's values.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Stat(Stat),
    /// Metric math: queries of which exactly one returns data.
    Math(Vec<Checked>),
}

/// The settings of an alarm.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) source: Source,
    /// The period, in s.
    pub(super) period: i64,
    pub(super) rule: Rule,
    pub(super) threshold: f64,
    pub(super) comparison: Comparison,
    actions: [Vec<String>; 3],
    /// The given members, as DescribeAlarms shows them.
    pub(super) shown: Map<String, Value>,
}

impl Settings {
    /// The actions for a change to this state.
    pub(super) fn actions(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.actions[0],
            State::Alarm => &self.actions[1],
            State::InsufficientData => &self.actions[2],
        }
    }

    /// Reads and checks the input of PutMetricAlarm.
    pub(super) fn read(input: Value) -> Result<Self, ApiError> {
        if let Some(name) =
            REFUSED.iter().find(|name| input.get(**name).is_some_and(|value| !value.is_null()))
        {
            return Err(ApiError::unsupported(format_args!("{name} in PutMetricAlarm")));
        }
        let given = input.as_object().cloned().unwrap_or_default();
        let input: Input = wire::read(input)?;
        let name = input.alarm_name.clone().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| missing("AlarmName"))?;
        if name.chars().count() > 255 {
            return Err(validation("The parameter AlarmName must not be longer than 255 characters."));
        }
        if input.alarm_description.as_ref().is_some_and(|text| text.chars().count() > 1_024) {
            return Err(validation(
                "The parameter AlarmDescription must not be longer than 1024 characters.",
            ));
        }
        let operator = input.comparison_operator.as_deref().ok_or_else(|| missing("ComparisonOperator"))?;
        let comparison = Comparison::named(operator).ok_or_else(|| {
            if [
                "LessThanLowerOrGreaterThanUpperThreshold",
                "LessThanLowerThreshold",
                "GreaterThanUpperThreshold",
            ]
            .contains(&operator)
            {
                ApiError::unsupported(format_args!("{operator}: there is no anomaly detection"))
            } else {
                validation(format!("The value {operator} for parameter ComparisonOperator is invalid."))
            }
        })?;
        let threshold = input.threshold.ok_or_else(|| missing("Threshold"))?;
        let periods = input.evaluation_periods.ok_or_else(|| missing("EvaluationPeriods"))?;
        let datapoints = input.datapoints_to_alarm.unwrap_or(periods);
        if periods < 1 {
            return Err(validation("The parameter EvaluationPeriods must be greater than or equal to 1."));
        }
        if datapoints < 1 || datapoints > periods {
            return Err(validation(
                "The parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.",
            ));
        }
        let treatment = match input.treat_missing_data.as_deref() {
            None | Some("missing") => Absent::Missing,
            Some("ignore") => Absent::Ignore,
            Some("breaching") => Absent::Breaching,
            Some("notBreaching") => Absent::NotBreaching,
            Some(other) => {
                return Err(validation(format!(
                    "The value {other} is not supported for TreatMissingData parameter. \
                     Supported values are [breaching, notBreaching, ignore, missing]."
                )));
            }
        };
        match input.evaluate_low_sample_count_percentile.as_deref() {
            None | Some("evaluate") => {}
            Some("ignore") => {
                return Err(ApiError::unsupported("the value ignore of EvaluateLowSampleCountPercentile"));
            }
            Some(other) => {
                return Err(validation(format!(
                    "The value {other} for parameter EvaluateLowSampleCountPercentile is invalid."
                )));
            }
        }
        let (source, period) = source(&input)?;
        let longest = if period >= 3_600 { 7 * 86_400 } else { 86_400 };
        if period.checked_mul(periods).is_none_or(|all| all > longest) {
            return Err(validation(format!(
                "Metrics cannot be checked across more than {} (EvaluationPeriods * Period must be <= {longest}).",
                if longest > 86_400 { "seven days" } else { "a day" }
            )));
        }
        let actions = [input.ok_actions, input.alarm_actions, input.insufficient_data_actions];
        for (list, parameter) in actions.iter().zip(["OKActions", "AlarmActions", "InsufficientDataActions"])
        {
            if list.len() > 5 {
                return Err(too_many(parameter, 5));
            }
            list.iter().try_for_each(|arn| super::actions::check(arn, parameter))?;
        }
        Ok(Self {
            name,
            source,
            period,
            rule: Rule { periods: periods as usize, datapoints: datapoints as usize, absent: treatment },
            threshold,
            comparison,
            actions,
            shown: shown(given),
        })
    }
}

/// The metric or the queries of the alarm, and its period.
fn source(input: &Input) -> Result<(Source, i64), ApiError> {
    if !input.metrics.is_empty() {
        if input.metric_name.is_some() {
            return Err(exclusive("MetricName", "Metrics"));
        }
        if input.period.is_some() || input.statistic.is_some() || input.extended_statistic.is_some() {
            return Err(combination(
                "Period, Statistic and ExtendedStatistic belong to a MetricName, not to Metrics.",
            ));
        }
        if input.metrics.len() > 20 {
            return Err(too_many("Metrics", 20));
        }
        let given = wire::read(Value::Array(input.metrics.clone()))?;
        let checked = queries::check(given, "Metrics")?;
        if checked.iter().filter(|query| query.returned).count() != 1 {
            return Err(validation("Exactly one element of the metrics list should return data."));
        }
        let period = checked.iter().filter_map(Checked::period).max();
        let period =
            period.ok_or_else(|| validation("At least one element of the metrics list must be a metric."))?;
        is_watched(period, "Metrics")?;
        return Ok((Source::Math(checked), period));
    }
    let required = |text: &Option<String>, name: &str| text.clone().ok_or_else(|| missing(name));
    let name = required(&input.metric_name, "MetricName")?;
    let namespace = required(&input.namespace, "Namespace")?;
    let period = input.period.ok_or_else(|| missing("Period"))?;
    is_watched(period, "Period")?;
    let statistic = match (input.statistic.as_deref(), input.extended_statistic.as_deref()) {
        (Some(_), Some(_)) => return Err(exclusive("Statistic", "ExtendedStatistic")),
        (Some(name), None) => Statistic::plain(name)
            .ok_or_else(|| validation(format!("The value {name} for parameter Statistic is invalid.")))?,
        (None, Some(name)) => Statistic::extended(name).ok_or_else(|| {
            validation(format!("The value {name} for parameter ExtendedStatistic is invalid."))
        })?,
        (None, None) => return Err(missing("Statistic")),
    };
    if let Some(unit) = input.unit.as_deref().filter(|unit| units::unit(unit).is_none()) {
        return Err(bad(format!("The value {unit} for parameter Unit is invalid.")));
    }
    let key = Key::new(&namespace, &name, dimensions(&input.dimensions, "", 30)?);
    Ok((Source::Stat(Stat { key, period, statistic, unit: input.unit.clone() }), period))
}

/// Refuses the periods 1 and 5 s, which alarms do not support [PutMetricAlarm, `Period`].
fn is_watched(period: i64, parameter: &str) -> Result<(), ApiError> {
    if points::is_period(period) && period >= 10 {
        return Ok(());
    }
    Err(validation(format!(
        "The period of an alarm must be 10, 20, 30 or a multiple of 60 (parameter {parameter})."
    )))
}

/// The members as DescribeAlarms shows them. Numbers and booleans that arrived as text get their own type.
fn shown(given: Map<String, Value>) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in given {
        if value.is_null() || name == "Tags" {
            continue;
        }
        members.insert(name.clone(), typed(&name, value));
    }
    for list in ["OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions"] {
        let is_list = members.get(list).is_some_and(Value::is_array);
        let is_of_math = list == "Dimensions" && members.contains_key("Metrics");
        if !is_list && !is_of_math {
            members.insert(list.to_owned(), json!([]));
        }
    }
    members
}

fn typed(name: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name.clone(), typed(&name, value))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| typed("", item)).collect(),
        Value::String(text) => match name {
            "Period" | "EvaluationPeriods" | "DatapointsToAlarm" => {
                text.parse::<i64>().map_or(Value::String(text), Value::from)
            }
            "Threshold" => text.parse::<f64>().map_or(Value::String(text), Value::from),
            "ReturnData" | "ActionsEnabled" => {
                text.to_ascii_lowercase().parse::<bool>().map_or(Value::String(text), Value::from)
            }
            _ => Value::String(text),
        },
        other => other,
    }
}
