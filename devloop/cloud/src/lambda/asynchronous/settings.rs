//! The settings of asynchronous invocations for a function, version or alias [PutFunctionEventInvokeConfig, Lambda API
//! reference].

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{error::ApiError, lambda::destination};

/// The settings for one qualifier. `None` means Lambda's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventSettings {
    /// Tries after the first one when the function fails, 0 to 2.
    pub(super) retries: Option<u32>,
    /// The maximum age of an event, 60 to 21,600 s.
    pub(super) age_s: Option<u64>,
    pub(super) on_success: Option<String>,
    pub(super) on_failure: Option<String>,
    pub(super) modified_ms: i64,
}

impl EventSettings {
    /// How many tries follow the first one when the function fails.
    pub(super) fn retries(&self) -> u32 {
        self.retries.unwrap_or(2)
    }

    /// The maximum age of an event.
    pub(super) fn age(&self) -> Duration {
        Duration::from_secs(self.age_s.unwrap_or(21_600))
    }

    /// Reads `PutFunctionEventInvokeConfig`: members that the input omits get their defaults.
    pub(crate) fn put(input: &Value, function_arn: &str, now_ms: i64) -> Result<Self, ApiError> {
        Self::default().update(input, function_arn, now_ms)
    }

    /// Reads `UpdateFunctionEventInvokeConfig`: members that the input omits keep their values.
    pub(crate) fn update(&self, input: &Value, function_arn: &str, now_ms: i64) -> Result<Self, ApiError> {
        let given = |name: &str| input.get(name).filter(|value| !value.is_null());
        let names = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];
        if names.iter().all(|name| given(name).is_none()) {
            return Err(invalid("You must specify at least one of error handling or destination setting."));
        }
        let mut settings = Self { modified_ms: now_ms, ..self.clone() };
        if let Some(value) = given("MaximumRetryAttempts") {
            settings.retries = Some(within(value, "maximumRetryAttempts", 0, 2)? as u32);
        }
        if let Some(value) = given("MaximumEventAgeInSeconds") {
            settings.age_s = Some(within(value, "maximumEventAgeInSeconds", 60, 21_600)?);
        }
        if let Some(config) = given("DestinationConfig") {
            for (name, place) in
                [("OnSuccess", &mut settings.on_success), ("OnFailure", &mut settings.on_failure)]
            {
                if let Some(target) = config.get(name) {
                    *place = destination::read(name, target, function_arn)?;
                }
            }
        }
        Ok(settings)
    }

    /// The settings as the API shows them.
    pub(crate) fn show(&self, qualified_arn: &str) -> Value {
        let destination = |arn: &Option<String>| match arn {
            Some(arn) => json!({ "Destination": arn }),
            None => json!({}),
        };
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("LastModified", json!(self.modified_ms as f64 / 1000.0));
        put("FunctionArn", qualified_arn.into());
        if let Some(retries) = self.retries {
            put("MaximumRetryAttempts", retries.into());
        }
        if let Some(age) = self.age_s {
            put("MaximumEventAgeInSeconds", age.into());
        }
        put(
            "DestinationConfig",
            json!({ "OnSuccess": destination(&self.on_success), "OnFailure": destination(&self.on_failure) }),
        );
        Value::Object(shown)
    }
}

fn within(value: &Value, shown: &str, low: u64, high: u64) -> Result<u64, ApiError> {
    value.as_u64().filter(|number| (low..=high).contains(number)).ok_or_else(|| {
        let (bound, limit) = if value.as_i64().is_some_and(|number| number < low as i64) {
            ("greater than or equal to", low)
        } else {
            ("less than or equal to", high)
        };
        ApiError::constraint(value, shown, &format!("have value {bound} {limit}"))
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

    #[test]
    fn put_replaces_and_update_changes() {
        let first = json!({"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60});
        let first = EventSettings::put(&first, OWN, 1_500).unwrap();
        let queue = "arn:aws:sqs:us-east-1:000000000000:q";
        let more = json!({"DestinationConfig": {"OnFailure": {"Destination": queue}}});
        let updated = first.update(&more, OWN, 2_000).unwrap();
        assert_eq!(
            updated.show("arn:f:$LATEST"),
            json!({
                "LastModified": 2.0, "FunctionArn": "arn:f:$LATEST", "MaximumRetryAttempts": 1,
                "MaximumEventAgeInSeconds": 60,
                "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": queue}},
            })
        );
        let replaced = EventSettings::put(&more, OWN, 3_000).unwrap();
        assert_eq!((replaced.retries(), replaced.age()), (2, Duration::from_hours(6)));
        let emptied = updated.update(&json!({"DestinationConfig": {"OnFailure": {}}}), OWN, 4_000).unwrap();
        assert_eq!(emptied.on_failure, None);
    }

    #[test]
    fn invalid_settings_are_refused_as_on_lambda() {
        let check = |input: Value, part: &str| {
            let error = EventSettings::put(&input, OWN, 0).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        };
        let to = |arn: &str| json!({"DestinationConfig": {"OnSuccess": {"Destination": arn}}});
        check(json!({}), "at least one");
        check(json!({"MaximumRetryAttempts": 3}), "less than or equal to 2");
        check(json!({"MaximumEventAgeInSeconds": 59}), "greater than or equal to 60");
        check(to(OWN), "itself");
        check(to("queue"), "is invalid");
        check(to("arn:aws:kinesis:us-east-1:000000000000:stream/s"), "kinesis");
        check(to("arn:aws:sqs:us-east-1:000000000000:q.fifo"), "FIFO");
    }
}
