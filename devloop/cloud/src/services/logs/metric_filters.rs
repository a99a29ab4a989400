//! Metric filters: metrics from the events of a group that match a pattern [Creating metrics from log events using
//! filters]. A `defaultValue` is recorded for each event that does not match; AWS records it once for a minute without a
//! match.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, constraint, invalid, missing},
    groups::page_size,
    pattern::{Extracted, Pattern, Selector, number, selector},
    service::Scope,
};
use crate::{
    error::ApiError,
    services::cloudwatch::{self, CloudWatch},
    wire,
};

/// The most filters of a group [CloudWatch Logs quotas].
const FILTERS: usize = 100;

/// The most dimensions of a filter's metric [MetricTransformation].
const DIMENSIONS: usize = 3;

/// The most messages of one test [TestMetricFilter].
const MESSAGES: usize = 50;

/// A parsed filter of a group.
#[derive(Debug)]
pub(crate) struct MetricFilter {
    pattern: Pattern,
    pattern_text: String,
    metric: Transformation,
    value: Source,
    dimensions: Vec<(String, Source)>,
    created_ms: i64,
}

/// The source of a value or a dimension.
#[derive(Debug)]
enum Source {
    Number(f64),
    /// `$.name` of a JSON message.
    Selector(Selector),
    /// `$name` or `$3` of a space-delimited pattern.
    Field(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    metric_name: String,
    metric_namespace: String,
    metric_value: String,
    #[serde(default, deserialize_with = "wire::number")]
    default_value: Option<f64>,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    log_group_name: Option<String>,
    filter_name: Option<String>,
    filter_pattern: Option<String>,
    metric_transformations: Option<Vec<Transformation>>,
    #[serde(default)]
    apply_on_transformed_logs: bool,
    field_selection_criteria: Option<String>,
    #[serde(default)]
    emit_system_field_dimensions: Vec<String>,
}

/// [PutMetricFilter, CloudWatch Logs API reference]
pub(crate) fn put(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let put: Put = wire::read(input)?;
    // Log groups have no transformers and no other accounts' events.
    for (is_given, member) in [
        (put.apply_on_transformed_logs, "applyOnTransformedLogs"),
        (put.field_selection_criteria.is_some(), "fieldSelectionCriteria"),
        (!put.emit_system_field_dimensions.is_empty(), "emitSystemFieldDimensions"),
    ] {
        if is_given {
            return Err(ApiError::unsupported(format_args!("{member} of metric filters")));
        }
    }
    let name = put.filter_name.filter(|name| !name.is_empty()).ok_or_else(|| missing("filterName"))?;
    if name.len() > 512 || name.contains([':', '*']) {
        return Err(constraint(&name, "filterName", "satisfy regular expression pattern: [^:*]*"));
    }
    let pattern_text = put.filter_pattern.ok_or_else(|| missing("filterPattern"))?;
    let transformations = put.metric_transformations.ok_or_else(|| missing("metricTransformations"))?;
    let count = transformations.len();
    let [metric] = <[Transformation; 1]>::try_from(transformations).map_err(|_| {
        constraint(
            count,
            "metricTransformations",
            "have length less than or equal to 1, and greater than or equal to 1",
        )
    })?;
    let filter = MetricFilter::new(pattern_text, metric, scope.now_ms)?;
    let group = scope.group(put.log_group_name.as_deref(), None)?;
    let mut content = group.content.lock();
    if content.metric_filters.len() >= FILTERS && !content.metric_filters.contains_key(name.as_str()) {
        return Err(ApiError::client("LimitExceededException", "Resource limit exceeded."));
    }
    content.metric_filters.insert(name, Arc::new(filter));
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    filter_name: Option<String>,
}

/// [DeleteMetricFilter, CloudWatch Logs API reference]
pub(crate) fn delete(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    let name = named.filter_name.ok_or_else(|| missing("filterName"))?;
    let group = scope.group(named.log_group_name.as_deref(), None)?;
    let removed = group.content.lock().metric_filters.remove(name.as_str());
    removed.map(|_| json!({})).ok_or_else(|| {
        ApiError::client("ResourceNotFoundException", "The specified metric filter does not exist.")
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    filter_name_prefix: Option<String>,
    metric_name: Option<String>,
    metric_namespace: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// [DescribeMetricFilters, CloudWatch Logs API reference]
pub(crate) fn describe(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let describe: Describe = wire::read(input)?;
    let limit = page_size(describe.limit)?;
    let start: usize = match &describe.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| bad_token())?,
    };
    let groups = match &describe.log_group_name {
        Some(name) => vec![scope.group(Some(name), None)?],
        None => scope.store.0.read().values().cloned().collect(),
    };
    let is_wanted = |name: &str, filter: &MetricFilter| {
        describe.filter_name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
            && describe.metric_name.as_ref().is_none_or(|name| *name == filter.metric.metric_name)
            && describe
                .metric_namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == filter.metric.metric_namespace)
    };
    let mut found = Vec::new();
    for group in &groups {
        for (name, filter) in &group.content.lock().metric_filters {
            if is_wanted(name, filter) {
                found.push(filter.show(name, &group.name));
            }
        }
    }
    let more = found.len() > start + limit;
    let page: Vec<Value> = found.into_iter().skip(start).take(limit).collect();
    let mut output = json!({ "metricFilters": page });
    if more {
        output["nextToken"] = (start + limit).to_string().into();
    }
    Ok(output)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    filter_pattern: Option<String>,
    #[serde(default)]
    log_event_messages: Vec<String>,
}

/// [TestMetricFilter, CloudWatch Logs API reference], whose examples count messages from 0.
pub(crate) fn test(input: Value) -> Result<Value, ApiError> {
    let test: Test = wire::read(input)?;
    let pattern = Pattern::parse(&test.filter_pattern.ok_or_else(|| missing("filterPattern"))?)?;
    let messages = test.log_event_messages;
    if messages.is_empty() || messages.len() > MESSAGES {
        return Err(constraint(
            messages.len(),
            "logEventMessages",
            &format!("have length less than or equal to {MESSAGES}, and greater than or equal to 1"),
        ));
    }
    let matches = messages.iter().enumerate().filter_map(|(index, message)| {
        let extracted = pattern.extract(message)?;
        let values: Map<_, _> =
            extracted.fields.into_iter().map(|(name, value)| (format!("${name}"), value)).collect();
        Some(json!({ "eventNumber": index, "eventMessage": message, "extractedValues": values }))
    });
    Ok(json!({ "matches": matches.collect::<Vec<_>>() }))
}

impl Transformation {
    /// Checks the constraints of the API's model [MetricTransformation].
    fn check(&self) -> Result<(), ApiError> {
        const PLACE: &str = "metricTransformations.1.member.";
        for (value, member) in
            [(&self.metric_name, "metricName"), (&self.metric_namespace, "metricNamespace")]
        {
            if value.contains([':', '*', '$']) {
                return Err(constraint(
                    value,
                    &format!("{PLACE}{member}"),
                    "satisfy regular expression pattern: [^:*$]*",
                ));
            }
        }
        for (value, member, longest) in [
            (&self.metric_name, "metricName", 255),
            (&self.metric_namespace, "metricNamespace", 255),
            (&self.metric_value, "metricValue", 100),
        ] {
            if value.chars().count() > longest {
                let limit = format!("have length less than or equal to {longest}");
                return Err(constraint(value, &format!("{PLACE}{member}"), &limit));
            }
        }
        match self.unit.as_deref().filter(|name| cloudwatch::unit(name).is_none()) {
            Some(name) => Err(constraint(
                name,
                &format!("{PLACE}unit"),
                &format!("satisfy enum value set: [{}]", cloudwatch::units()),
            )),
            None => Ok(()),
        }
    }
}

impl MetricFilter {
    fn new(pattern_text: String, metric: Transformation, created_ms: i64) -> Result<Self, ApiError> {
        let pattern = Pattern::parse(&pattern_text)?;
        if metric.metric_name.is_empty() || metric.metric_namespace.is_empty() {
            return Err(invalid("A metric filter needs a metricName and a metricNamespace."));
        }
        metric.check()?;
        if metric.dimensions.len() > DIMENSIONS {
            return Err(invalid(format!("A metric filter can have up to {DIMENSIONS} dimensions.")));
        }
        if metric.default_value.is_some() && !metric.dimensions.is_empty() {
            return Err(invalid("A metric filter with dimensions cannot have a defaultValue."));
        }
        let value = Source::read(&metric.metric_value)?;
        let dimensions = metric.dimensions.iter().map(|(name, source)| match Source::read(source)? {
            Source::Number(_) => Err(invalid(format!(
                "The dimension {name} takes its value from a field, such as $.name or $name, not from `{source}`."
            ))),
            source => Ok((name.clone(), source)),
        });
        let dimensions = dimensions.collect::<Result<_, _>>()?;
        Ok(Self { pattern, pattern_text, metric, value, dimensions, created_ms })
    }

    fn show(&self, name: &str, group: &str) -> Value {
        let mut metric = json!({
            "metricName": self.metric.metric_name,
            "metricNamespace": self.metric.metric_namespace,
            "metricValue": self.metric.metric_value,
            "unit": self.unit(),
        });
        if let Some(value) = self.metric.default_value {
            metric["defaultValue"] = value.into();
        }
        if !self.metric.dimensions.is_empty() {
            metric["dimensions"] = json!(self.metric.dimensions);
        }
        json!({
            "filterName": name,
            "filterPattern": self.pattern_text,
            "metricTransformations": [metric],
            "creationTime": self.created_ms,
            "logGroupName": group,
        })
    }

    fn unit(&self) -> &str {
        self.metric.unit.as_deref().unwrap_or("None")
    }

    /// Records the metric for one event. An event without the value or one of the dimensions is ignored. For an event that
    /// does not match, `defaultValue` is recorded [PutMetricFilter; MetricTransformation].
    pub(crate) fn observe(&self, metrics: &CloudWatch, region: &str, at_ms: i64, message: &str) {
        let extracted = self.pattern.extract(message);
        let mut dimensions = Vec::new();
        let value = match extracted {
            None => self.metric.default_value,
            Some(extracted) => {
                for (name, source) in &self.dimensions {
                    let Some(value) = source.text(&extracted, message) else { return };
                    dimensions.push((name.as_str(), value));
                }
                self.value.number(&extracted, message)
            }
        };
        let Some(value) = value else { return };
        let dimensions: Vec<(&str, &str)> =
            dimensions.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let Transformation { metric_name, metric_namespace, .. } = &self.metric;
        metrics.record(region, metric_namespace, metric_name, &dimensions, self.unit(), value, at_ms);
    }
}

impl Source {
    fn read(text: &str) -> Result<Self, ApiError> {
        match text.strip_prefix('$') {
            Some(rest) if rest.starts_with(['.', '[']) => selector(text).map(Self::Selector),
            Some(name) if !name.is_empty() => Ok(Self::Field(name.to_owned())),
            _ => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Number).ok_or_else(|| {
                invalid(format!("The metric value `{text}` is neither a number nor a field, such as $.latency or $bytes."))
            }),
        }
    }

    fn find(&self, extracted: &Extracted, message: &str) -> Option<Value> {
        match self {
            Self::Number(number) => Some((*number).into()),
            Self::Field(name) => extracted.fields.get(name).cloned(),
            Self::Selector(selector) => match &extracted.document {
                Some(document) => selector.find(document).cloned(),
                None => selector.find(&serde_json::from_str(message).ok()?).cloned(),
            },
        }
    }

    fn number(&self, extracted: &Extracted, message: &str) -> Option<f64> {
        number(&self.find(extracted, message)?)
    }

    fn text(&self, extracted: &Extracted, message: &str) -> Option<String> {
        match self.find(extracted, message)? {
            Value::String(text) => Some(text),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }
}
