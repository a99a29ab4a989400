//! The settings of a schedule: the input of `CreateSchedule`. Unknown members are refused.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    arn::Arn,
    error::ApiError,
    services::events::{Expression, Patience, check_dead_letters},
    wire,
};

/// A schedule's settings, as users give them and as they are shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) name: String,
    #[serde(default = "default_group")]
    pub(super) group_name: String,
    pub(super) schedule_expression: String,
    #[serde(default = "utc")]
    pub(super) schedule_expression_timezone: String,
    #[serde(
        default,
        deserialize_with = "wire::timestamp",
        serialize_with = "seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) start_date: Option<i64>,
    #[serde(
        default,
        deserialize_with = "wire::timestamp",
        serialize_with = "seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) end_date: Option<i64>,
    pub(super) flexible_time_window: Window,
    pub(super) target: Target,
    #[serde(default = "enabled")]
    pub(super) state: String,
    #[serde(default = "nothing")]
    pub(super) action_after_completion: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

/// A time as the API shows it: seconds since the epoch.
#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn seconds<S: serde::Serializer>(ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(&ms.map(|ms| ms as f64 / 1_000.0))
}

fn default_group() -> String {
    "default".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}

fn enabled() -> String {
    "ENABLED".to_owned()
}

fn nothing() -> String {
    "NONE".to_owned()
}

/// The flexible time window. Here a schedule always runs at its time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Window {
    mode: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maximum_window_in_minutes: Option<u32>,
}

/// The target of a schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Target {
    pub(super) arn: String,
    role_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_policy: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event_bridge_parameters: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kinesis_parameters: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sqs_parameters: Option<Value>,
}

/// The parsed parts of the settings.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) expression: Expression,
    pub(super) zone: TimeZone,
    pub(super) patience: Patience,
    pub(super) dead_letters: Option<String>,
}

impl Settings {
    /// Reads and checks an input, in which `Name` comes from the path.
    pub(super) fn read(input: &Value) -> Result<(Self, Checked), ApiError> {
        let mut members = input.as_object().cloned().unwrap_or_else(Map::new);
        members.remove("ClientToken");
        members.retain(|_, value| !value.is_null());
        let settings: Self = serde_json::from_value(Value::Object(members)).map_err(|error| {
            let text = error.to_string();
            match text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
                Some(field) => ApiError::unsupported(format_args!("{field} of schedules (scheduler)")),
                None => ApiError::validation(text),
            }
        })?;
        let checked = settings.check()?;
        Ok((settings, checked))
    }

    fn check(&self) -> Result<Checked, ApiError> {
        let name = &self.name;
        let valid = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !valid {
            return Err(ApiError::validation(format!(
                "`{name}` is no name of a schedule: [0-9a-zA-Z-_.]+, 64 at most"
            )));
        }
        let expression = Expression::read(&self.schedule_expression).map_err(|error| {
            ApiError::validation(format!(
                "Invalid Schedule Expression {}: {error}.",
                self.schedule_expression
            ))
        })?;
        let zone = TimeZone::get(&self.schedule_expression_timezone).map_err(|error| {
            ApiError::validation(format!(
                "The ScheduleExpressionTimezone {} is not valid: {error}",
                self.schedule_expression_timezone
            ))
        })?;
        let one_of = |name: &str, value: &str, known: &[&str]| {
            if known.contains(&value) {
                Ok(())
            } else {
                Err(ApiError::validation(format!("{name} must be one of {}, not {value}", known.join(", "))))
            }
        };
        one_of("State", &self.state, &["ENABLED", "DISABLED"])?;
        one_of("ActionAfterCompletion", &self.action_after_completion, &["NONE", "DELETE"])?;
        one_of("FlexibleTimeWindow.Mode", &self.flexible_time_window.mode, &["OFF", "FLEXIBLE"])?;
        let minutes = self.flexible_time_window.maximum_window_in_minutes;
        if (self.flexible_time_window.mode == "FLEXIBLE") != minutes.is_some() {
            return Err(ApiError::validation(
                "MaximumWindowInMinutes belongs to the mode FLEXIBLE, which needs it",
            ));
        }
        if self.start_date.zip(self.end_date).is_some_and(|(start, end)| start >= end) {
            return Err(ApiError::validation("The EndDate must come after the StartDate."));
        }
        let arn = Arn::parse(&self.target.arn);
        let service = arn.map_or("", |arn| arn.service);
        if !["lambda", "sqs", "sns", "kinesis", "events", "scheduler"].contains(&service) {
            let arn = &self.target.arn;
            return Err(ApiError::unsupported(format_args!("targets in the service `{service}` ({arn})")));
        }
        if service == "events" && self.target.event_bridge_parameters.is_none() {
            return Err(ApiError::validation("a bus needs EventBridgeParameters with DetailType and Source"));
        }
        if service == "scheduler" && !arn.is_some_and(|arn| arn.resource.starts_with("aws-sdk:")) {
            return Err(ApiError::validation(format!("{} is no target", self.target.arn)));
        }
        let dead_letters = self.target.dead_letter_config.as_ref().and_then(|given| given["Arn"].as_str());
        check_dead_letters(dead_letters)?;
        Ok(Checked {
            expression,
            zone,
            patience: Patience::read(self.target.retry_policy.as_ref())?,
            dead_letters: dead_letters.map(str::to_owned),
        })
    }
}
