//! `AddPermission` and `RemovePermission`: single statements of a topic's policy, which is kept without effect.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    input::{self, invalid, required},
    service::Sns,
    topics::default_policy,
};
use crate::{context::Context, error::ApiError, wire};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    topic_arn: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountId", default, deserialize_with = "wire::list")]
    accounts: Vec<String>,
    #[serde(rename = "ActionName", default, deserialize_with = "wire::list")]
    actions: Vec<String>,
}

/// [`AddPermission`, Amazon SNS API reference].
pub(super) fn add(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let label = required(input.label, "Label")?;
    if input.accounts.is_empty() {
        return Err(invalid("AWSAccountId"));
    }
    if input.actions.is_empty() {
        return Err(invalid("ActionName"));
    }
    let principals: Vec<_> =
        input.accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let actions: Vec<_> = input.actions.iter().map(|action| format!("SNS:{action}")).collect();
    change(sns, cx, &topic.arn, |statements| {
        if statements.iter().any(|statement| statement["Sid"] == *label) {
            return Err(invalid("Statement already exists"));
        }
        statements.push(json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": actions,
            "Resource": topic.arn,
        }));
        Ok(())
    })
}

/// [`RemovePermission`, Amazon SNS API reference].
pub(super) fn remove(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let label = required(input.label, "Label")?;
    change(sns, cx, &topic.arn, |statements| {
        statements.retain(|statement| statement["Sid"] != *label);
        Ok(())
    })
}

fn change(
    sns: &Sns,
    cx: &Context,
    arn: &str,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), ApiError>,
) -> Result<Value, ApiError> {
    let topic = sns.topic(cx, Some(arn))?;
    let mut settings = topic.settings.write();
    let text = settings.policy.clone().unwrap_or_else(|| default_policy(cx, arn));
    let mut policy: Value = serde_json::from_str(&text).map_err(|_| invalid("Policy"))?;
    let mut statements = match policy["Statement"].take() {
        Value::Array(statements) => statements,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    change(&mut statements)?;
    policy["Statement"] = statements.into();
    settings.policy = Some(policy.to_string());
    Ok(json!({}))
}
