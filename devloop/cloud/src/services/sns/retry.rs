//! Delivery policies: when failed deliveries are retried [Amazon SNS message delivery retries].

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::invalid;
use crate::error::ApiError;

/// The longest total time of all retries, in seconds.
const LONGEST_S: u64 = 3_600;

/// The retry policy of an HTTP endpoint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Policy {
    min_delay_target: u64,
    max_delay_target: u64,
    num_retries: u32,
    num_no_delay_retries: u32,
    num_min_delay_retries: u32,
    num_max_delay_retries: u32,
    backoff_function: Backoff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Backoff {
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min_delay_target: 20,
            max_delay_target: 20,
            num_retries: 3,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            num_max_delay_retries: 0,
            backoff_function: Backoff::Linear,
        }
    }
}

impl Policy {
    /// Parses the delivery policy of a topic or a subscription; an empty text means the default policy. Throttling and
    /// request headers are not supported.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bad = |why: &dyn std::fmt::Display| invalid(format_args!("DeliveryPolicy: {why}"));
        let value: Value = serde_json::from_str(text).map_err(|_| bad(&"failed to parse JSON."))?;
        let http = value.get("http").unwrap_or(&value);
        let refused = ["throttlePolicy", "defaultThrottlePolicy", "requestPolicy", "defaultRequestPolicy"];
        if let Some(name) = refused.iter().find(|name| http.get(**name).is_some_and(|value| !value.is_null()))
        {
            return Err(ApiError::unsupported(format_args!("{name} of a delivery policy (sns)")));
        }
        let retry = http.get("healthyRetryPolicy").or_else(|| http.get("defaultHealthyRetryPolicy"));
        let Some(retry) = retry.filter(|retry| !retry.is_null()) else { return Ok(Self::default()) };
        let policy: Self = serde_json::from_value(retry.clone()).map_err(|error| bad(&error))?;
        let kinds = policy.num_no_delay_retries + policy.num_min_delay_retries + policy.num_max_delay_retries;
        if policy.num_retries > 100 || kinds > policy.num_retries {
            return Err(bad(
                &"numRetries must be 0 to 100 and at least the sum of the other numbers of retries",
            ));
        }
        if policy.min_delay_target == 0 || policy.min_delay_target > policy.max_delay_target {
            return Err(bad(&"minDelayTarget must be 1 second or more and at most maxDelayTarget"));
        }
        if policy.delays().iter().sum::<Duration>() > Duration::from_secs(LONGEST_S) {
            return Err(bad(&"the retries take more than 3600 seconds"));
        }
        Ok(policy)
    }

    /// The wait before each retry, by phases: immediate, minimum delay, backoff, maximum delay.
    pub(super) fn delays(&self) -> Vec<Duration> {
        let (least, most) = (self.min_delay_target as f64, self.max_delay_target as f64);
        let fixed = self.num_no_delay_retries + self.num_min_delay_retries + self.num_max_delay_retries;
        let growing = self.num_retries.saturating_sub(fixed);
        let mut delays = vec![0.0; self.num_no_delay_retries as usize];
        delays.extend(vec![least; self.num_min_delay_retries as usize]);
        for step in 1..=growing {
            let part = f64::from(step) / f64::from(growing);
            let part = match self.backoff_function {
                Backoff::Linear => part,
                Backoff::Arithmetic => part * part,
                Backoff::Geometric => part.powi(3),
                Backoff::Exponential => (2_f64.powf(part * 10.0) - 1.0) / 1_023.0,
            };
            delays.push(least + (most - least) * part);
        }
        delays.extend(vec![most; self.num_max_delay_retries as usize]);
        delays.into_iter().map(Duration::from_secs_f64).collect()
    }
}

/// The wait before the next try of a queue or a function that exists but fails. Three retries are immediate, two come after
/// a second, ten with waits that grow to twenty seconds, and all others every twenty seconds.
pub(super) fn aws_managed(tries: u32) -> Duration {
    Duration::from_secs(match tries {
        0..=3 => 0,
        4 | 5 => 1,
        6..=15 => u64::from(tries - 5) * 2,
        _ => 20,
    })
}

/// The effective policy, in the form of the API.
pub(super) fn effective(text: Option<&str>) -> String {
    let policy = text.and_then(|text| Policy::read(text).ok()).unwrap_or_default();
    let function = match policy.backoff_function {
        Backoff::Linear => "linear",
        Backoff::Arithmetic => "arithmetic",
        Backoff::Geometric => "geometric",
        Backoff::Exponential => "exponential",
    };
    json!({ "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": policy.min_delay_target,
            "maxDelayTarget": policy.max_delay_target,
            "numRetries": policy.num_retries,
            "numMaxDelayRetries": policy.num_max_delay_retries,
            "numNoDelayRetries": policy.num_no_delay_retries,
            "numMinDelayRetries": policy.num_min_delay_retries,
            "backoffFunction": function,
        },
        "disableSubscriptionOverrides": false,
    } })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_come_in_phases() {
        let check = |text: &str, expected: &[u64]| {
            let seconds: Vec<_> =
                Policy::read(text).unwrap().delays().iter().map(Duration::as_secs).collect();
            assert_eq!(seconds, expected, "{text}");
        };
        check("", &[20, 20, 20]);
        check(
            r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":5,"numRetries":6,"numNoDelayRetries":1,
                "numMinDelayRetries":2,"numMaxDelayRetries":1}}"#,
            &[0, 1, 1, 3, 5, 5],
        );
        assert!(Policy::read(r#"{"healthyRetryPolicy":{"numRetries":101}}"#).is_err());
        assert!(Policy::read(r#"{"throttlePolicy":{"maxReceivesPerSecond":1}}"#).is_err());
    }
}
