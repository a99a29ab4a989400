//! `AddPermission` and `RemovePermission`: single statements of a queue's policy. Policies are kept and shown without
//! effect, because this cloud does not check callers.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Sqs,
    service::{invalid, missing, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The actions that can be permitted [`AddPermission`, Amazon SQS API reference].
const ACTIONS: [&str; 8] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ReceiveMessage",
    "SendMessage",
];

/// The most actions of one statement.
const MOST_ACTIONS: usize = 7;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    label: Option<String>,
    #[serde(rename = "AWSAccountIds", default, deserialize_with = "wire::list")]
    accounts: Vec<String>,
    #[serde(default, deserialize_with = "wire::list")]
    actions: Vec<String>,
}

/// [`AddPermission`, Amazon SQS API reference].
pub(super) fn add(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let input: Input = wire::read(input)?;
    let label = required(input.label, "Label")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if label.is_empty() || label.len() > 80 || !label.chars().all(plain) {
        return Err(invalid(format!(
            "Value {label} for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or \
             underscores. 1 to 80 in length."
        )));
    }
    if input.accounts.is_empty() {
        return Err(missing("PrincipalId"));
    }
    if input.actions.is_empty() {
        return Err(missing("Actions"));
    }
    if input.actions.len() > MOST_ACTIONS {
        return Err(ApiError::client(
            "OverLimit",
            format!("{} Actions were found, maximum allowed is {MOST_ACTIONS}.", input.actions.len()),
        ));
    }
    if let Some(action) = input.actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
        return Err(invalid(format!(
            "Value SQS:{action} for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a \
             list of valid actions."
        )));
    }
    let principals = input.accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let actions = input.actions.iter().map(|action| format!("SQS:{action}"));
    let statement = json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_list(principals) },
        "Action": one_or_list(actions),
        "Resource": queue.arn(),
    });
    queue.configure(|settings| {
        let mut policy = match &settings.policy {
            Some(text) => parse(text)?,
            None => json!({
                "Version": "2008-10-17",
                "Id": format!("{}/SQSDefaultPolicy", queue.arn()),
                "Statement": [],
            }),
        };
        let statements = statements(&mut policy);
        if statements.iter().any(|statement| statement["Sid"] == *label) {
            return Err(invalid(format!(
                "Value {label} for parameter Label is invalid. Reason: Already exists."
            )));
        }
        statements.push(statement);
        settings.policy = Some(policy.to_string());
        Ok(())
    })?;
    Ok(json!({}))
}

/// [`RemovePermission`, Amazon SQS API reference].
pub(super) fn remove(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let label = required(wire::read::<Input>(input)?.label, "Label")?;
    queue.configure(|settings| {
        let mut policy = settings.policy.as_deref().map_or_else(|| Ok(json!({})), parse)?;
        let statements = statements(&mut policy);
        let before = statements.len();
        statements.retain(|statement| statement["Sid"] != *label);
        if statements.len() == before {
            return Err(invalid(format!(
                "Value {label} for parameter Label is invalid. Reason: can't find label on existing policy."
            )));
        }
        let empty = statements.is_empty();
        settings.policy = (!empty).then(|| policy.to_string());
        Ok(())
    })?;
    Ok(json!({}))
}

fn parse(policy: &str) -> Result<Value, ApiError> {
    serde_json::from_str(policy)
        .map_err(|error| ApiError::internal(format!("the queue's policy is broken: {error}")))
}

/// The statements of a policy as a list; a single statement may be written without a list.
fn statements(policy: &mut Value) -> &mut Vec<Value> {
    if !policy.is_object() {
        *policy = json!({});
    }
    let statements = &mut policy["Statement"];
    if !statements.is_array() {
        let one = statements.take();
        *statements = if one.is_null() { json!([]) } else { json!([one]) };
    }
    match statements {
        Value::Array(statements) => statements,
        _ => unreachable!("it was made a list above"),
    }
}

/// A list as AWS writes it: a list of one item is written as the item.
fn one_or_list(items: impl Iterator<Item = String>) -> Value {
    let mut items: Vec<Value> = items.map(Value::from).collect();
    if items.len() == 1 { items.remove(0) } else { items.into() }
}
