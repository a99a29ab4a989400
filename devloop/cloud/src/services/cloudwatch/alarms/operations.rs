//! The operations on alarms.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        errors::{bad_token, exclusive, missing, too_many, validation},
        put::{Dimension, dimensions},
        store::Key,
    },
    alarm::Alarm,
    decide::State,
    history::{Entry, History},
    settings::{Settings, Source},
    store::{ALARMS, Alarms, not_found},
    tags,
};
use crate::{
    context::Context,
    error::{ApiError, detected, violation},
    wire,
};

/// The most names in one call, and the most entries in one answer.
const NAMES: usize = 100;
const PAGE: i64 = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default, deserialize_with = "wire::list")]
    alarm_names: Vec<String>,
    alarm_name: Option<String>,
    alarm_name_prefix: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    alarm_types: Vec<String>,
    alarm_contributor_id: Option<String>,
    state_value: Option<String>,
    state_reason: Option<String>,
    state_reason_data: Option<String>,
    action_prefix: Option<String>,
    children_of_alarm_name: Option<String>,
    parents_of_alarm_name: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_records: Option<i64>,
    next_token: Option<String>,
    history_item_type: Option<String>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    start_date: Option<i64>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    end_date: Option<i64>,
    scan_by: Option<String>,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
    #[serde(default, deserialize_with = "wire::integer")]
    period: Option<i64>,
    unit: Option<String>,
}

impl Input {
    /// Whether metric alarms are meant, as they are where no type is given.
    fn wants_metric_alarms(&self) -> bool {
        self.alarm_types.is_empty() || self.alarm_types.iter().any(|kind| kind == "MetricAlarm")
    }
}

impl Alarms {
    /// Runs an operation by its API name.
    pub(in super::super) fn call(
        self: &Arc<Self>,
        cx: &Context,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "DeleteAlarms" => self.delete(cx, wire::read(input)?),
            "DescribeAlarmHistory" => self.describe_history(cx, &wire::read(input)?),
            "DescribeAlarms" => self.describe(cx, &wire::read(input)?),
            "DescribeAlarmsForMetric" => self.describe_for_metric(cx, wire::read(input)?),
            "DisableAlarmActions" => self.enable_actions(cx, wire::read(input)?, false),
            "EnableAlarmActions" => self.enable_actions(cx, wire::read(input)?, true),
            "ListTagsForResource" => tags::list(self, cx, &input),
            "PutMetricAlarm" => self.put(cx, input),
            "SetAlarmState" => self.set_state(cx, wire::read(input)?),
            "TagResource" => tags::tag(self, cx, &input),
            "UntagResource" => tags::untag(self, cx, &input),
            _ => Err(ApiError::unknown_operation("monitoring", operation)),
        }
    }

    /// [PutMetricAlarm, CloudWatch API reference]: creates an alarm, or changes one, which keeps its state.
    fn put(self: &Arc<Self>, cx: &Context, input: Value) -> Result<Value, ApiError> {
        let mut new_tags = BTreeMap::new();
        tags::add(&mut new_tags, &input)?;
        let settings = Settings::read(input)?;
        let now_ms = self.clock.now_ms();
        let actions_enabled = settings.shown.get("ActionsEnabled").and_then(Value::as_bool).unwrap_or(true);
        let region = self.regions.of(&cx.region);
        let mut alarms = region.0.lock();
        let now = now_ms.div_euclid(1_000);
        if let Some(alarm) = alarms.get_mut(&settings.name) {
            let data = json!({ "version": "1.0", "type": "Update", "updatedAlarm": settings.shown });
            alarm.history.add(
                now_ms,
                "ConfigurationUpdate",
                format!("Alarm \"{}\" updated", settings.name),
                data,
            );
            alarm.settings = settings;
            (alarm.configured_ms, alarm.actions_enabled) = (now_ms, actions_enabled);
            alarm.evaluated = now - now.rem_euclid(alarm.interval());
        } else {
            if alarms.len() >= ALARMS {
                return Err(ApiError::client(
                    "LimitExceededFault",
                    "The quota for alarms for this customer has already been reached.",
                ));
            }
            let mut history = History::default();
            let data = json!({ "version": "1.0", "type": "Create", "createdAlarm": settings.shown });
            history.add(now_ms, "ConfigurationUpdate", format!("Alarm \"{}\" created", settings.name), data);
            let mut alarm = Alarm {
                arn: cx.arn("cloudwatch", &format!("alarm:{}", settings.name)),
                cx: cx.clone(),
                actions_enabled,
                configured_ms: now_ms,
                state: State::InsufficientData,
                reason: "Unchecked: Initial alarm creation".to_owned(),
                reason_data: None,
                updated_ms: now_ms,
                transitioned_ms: now_ms,
                evaluated: 0,
                tags: new_tags,
                history,
                settings,
            };
            alarm.evaluated = now - now.rem_euclid(alarm.interval());
            alarms.insert(alarm.settings.name.clone(), alarm);
        }
        drop(alarms);
        self.wake();
        Ok(json!({}))
    }

    /// [DeleteAlarms, CloudWatch API reference]: deletes all of them, or none if one does not exist.
    fn delete(&self, cx: &Context, input: Input) -> Result<Value, ApiError> {
        let names = named(input.alarm_names)?;
        let region = self.regions.of(&cx.region);
        let mut alarms = region.0.lock();
        if let Some(unknown) = names.iter().find(|name| !alarms.contains_key(*name)) {
            return Err(not_found(unknown));
        }
        alarms.retain(|name, _| !names.contains(name));
        drop(alarms);
        self.changed.notify_one();
        Ok(json!({}))
    }

    /// [DescribeAlarms, CloudWatch API reference]: sorted by name.
    fn describe(&self, cx: &Context, input: &Input) -> Result<Value, ApiError> {
        if !input.alarm_names.is_empty() && input.alarm_name_prefix.is_some() {
            return Err(exclusive("AlarmNames", "AlarmNamePrefix"));
        }
        if input.alarm_names.len() > NAMES {
            return Err(too_many("AlarmNames", NAMES));
        }
        if input.children_of_alarm_name.is_some() || input.parents_of_alarm_name.is_some() {
            return Err(ApiError::unsupported("composite alarms"));
        }
        let state = input.state_value.as_deref().map(state_named).transpose()?;
        let (limit, after) = (page(input)?, input.next_token.as_deref().map(from_token).transpose()?);
        let wants_metric_alarms = input.wants_metric_alarms();
        let region = self.regions.of(&cx.region);
        let alarms = region.0.lock();
        let wanted = |alarm: &&Alarm| {
            let name = &alarm.settings.name;
            let has_action = |prefix: &String| {
                let states = [State::Ok, State::Alarm, State::InsufficientData];
                states
                    .iter()
                    .any(|state| alarm.settings.actions(*state).iter().any(|arn| arn.starts_with(prefix)))
            };
            wants_metric_alarms
                && after.as_ref().is_none_or(|after| name > after)
                && (input.alarm_names.is_empty() || input.alarm_names.contains(name))
                && input.alarm_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && state.is_none_or(|state| alarm.state == state)
                && input.action_prefix.as_ref().is_none_or(has_action)
        };
        let mut found: Vec<_> = alarms.values().filter(wanted).take(limit + 1).collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let shown: Vec<_> = found.iter().map(|alarm| alarm.describe()).collect();
        let mut output = json!({ "MetricAlarms": shown, "CompositeAlarms": [] });
        if let Some(last) = found.last().filter(|_| more) {
            output["NextToken"] = to_token(&last.settings.name).into();
        }
        Ok(output)
    }

    /// [DescribeAlarmsForMetric, CloudWatch API reference]: alarms with exactly this metric.
    fn describe_for_metric(&self, cx: &Context, input: Input) -> Result<Value, ApiError> {
        let name = input.metric_name.ok_or_else(|| missing("MetricName"))?;
        let namespace = input.namespace.ok_or_else(|| missing("Namespace"))?;
        let key = Key::new(&namespace, &name, dimensions(&input.dimensions, "", 30)?);
        let region = self.regions.of(&cx.region);
        let alarms = region.0.lock();
        let fits = |alarm: &&Alarm| {
            let shown = |member: &str, wanted: &Option<String>| {
                wanted.as_ref().is_none_or(|wanted| {
                    alarm.settings.shown.get(member).and_then(Value::as_str) == Some(wanted.as_str())
                })
            };
            let Source::Stat(stat) = &alarm.settings.source else { return false };
            stat.key == key
                && input.period.is_none_or(|period| period == stat.period)
                && shown("Statistic", &input.statistic)
                && shown("ExtendedStatistic", &input.extended_statistic)
                && shown("Unit", &input.unit)
        };
        Ok(json!({ "MetricAlarms": alarms.values().filter(fits).map(Alarm::describe).collect::<Vec<_>>() }))
    }

    /// [DescribeAlarmHistory, CloudWatch API reference]. Here an alarm's history is deleted with the alarm.
    fn describe_history(&self, cx: &Context, input: &Input) -> Result<Value, ApiError> {
        let limit = page(input)?;
        let skip =
            input.next_token.as_deref().map_or(Ok(0), |token| token.parse().map_err(|_| bad_token()))?;
        let descending = match input.scan_by.as_deref() {
            None | Some("TimestampDescending") => true,
            Some("TimestampAscending") => false,
            Some(other) => {
                return Err(validation(format!("The value {other} for parameter ScanBy is invalid.")));
            }
        };
        // There are no composite alarms, and no contributors of an alarm.
        let has_metric_alarms = input.wants_metric_alarms() && input.alarm_contributor_id.is_none();
        let region = self.regions.of(&cx.region);
        let alarms = region.0.lock();
        let wanted = |entry: &&Entry| {
            input.history_item_type.as_deref().is_none_or(|kind| kind == entry.kind)
                && input.start_date.is_none_or(|from| entry.at_ms >= from)
                && input.end_date.is_none_or(|to| entry.at_ms <= to)
        };
        let mut all: Vec<(&str, &Entry)> = alarms
            .values()
            .filter(|alarm| {
                has_metric_alarms && input.alarm_name.as_ref().is_none_or(|name| *name == alarm.settings.name)
            })
            .flat_map(|alarm| {
                alarm.history.entries().filter(wanted).map(|entry| (&*alarm.settings.name, entry))
            })
            .collect();
        all.sort_by_key(|(_, entry)| entry.at_ms);
        if descending {
            all.reverse();
        }
        let items: Vec<_> =
            all.iter().skip(skip).take(limit).map(|(name, entry)| entry.describe(name)).collect();
        let mut output = Map::new();
        if all.len() > skip + items.len() {
            output.insert("NextToken".to_owned(), (skip + items.len()).to_string().into());
        }
        output.insert("AlarmHistoryItems".to_owned(), items.into());
        Ok(output.into())
    }

    /// [SetAlarmState, CloudWatch API reference]: the state stays until the next evaluation.
    fn set_state(self: &Arc<Self>, cx: &Context, input: Input) -> Result<Value, ApiError> {
        let name = input.alarm_name.ok_or_else(|| missing("AlarmName"))?;
        let state = state_named(&input.state_value.ok_or_else(|| missing("StateValue"))?)?;
        let reason = input.state_reason.ok_or_else(|| missing("StateReason"))?;
        if reason.chars().count() > 1_023 {
            return Err(validation("The parameter StateReason must not be longer than 1023 characters."));
        }
        if let Some(data) = &input.state_reason_data
            && serde_json::from_str::<Value>(data).is_err()
        {
            return Err(ApiError::client(
                "InvalidFormatFault",
                "StateReasonData was not properly formatted JSON",
            ));
        }
        let region = self.regions.of(&cx.region);
        let mut alarms = region.0.lock();
        let alarm = alarms.get_mut(&name).ok_or_else(|| not_found(&name))?;
        self.set(alarm, state, reason, input.state_reason_data);
        Ok(json!({}))
    }

    /// [EnableAlarmActions and DisableAlarmActions, CloudWatch API reference]; ignores names without an alarm.
    fn enable_actions(&self, cx: &Context, input: Input, enabled: bool) -> Result<Value, ApiError> {
        let names = named(input.alarm_names)?;
        let region = self.regions.of(&cx.region);
        let mut alarms = region.0.lock();
        for name in names {
            if let Some(alarm) = alarms.get_mut(&name) {
                alarm.actions_enabled = enabled;
            }
        }
        Ok(json!({}))
    }
}

fn named(names: Vec<String>) -> Result<Vec<String>, ApiError> {
    match names.len() {
        0 => Err(missing("AlarmNames")),
        1..=NAMES => Ok(names),
        _ => Err(too_many("AlarmNames", NAMES)),
    }
}

fn state_named(name: &str) -> Result<State, ApiError> {
    State::named(name).ok_or_else(|| {
        let must = "satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]";
        validation(detected(&[violation(name, "stateValue", must)]))
    })
}

fn page(input: &Input) -> Result<usize, ApiError> {
    match input.max_records {
        None => Ok(if input.alarm_name.is_some() { PAGE as usize } else { 50 }),
        Some(most) if (1..=PAGE).contains(&most) => Ok(most as usize),
        Some(_) => Err(validation(format!("The parameter MaxRecords must be between 1 and {PAGE}."))),
    }
}

/// A token names the last alarm of its page, so that alarms created between two calls do not move the next page.
fn to_token(name: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE};
    BASE64_URL_SAFE.encode(name)
}

fn from_token(token: &str) -> Result<String, ApiError> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE};
    let bytes = BASE64_URL_SAFE.decode(token).map_err(|_| bad_token())?;
    String::from_utf8(bytes).map_err(|_| bad_token())
}
