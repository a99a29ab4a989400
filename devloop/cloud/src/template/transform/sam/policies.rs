//! `Policies` of a function: managed policies by name, statements, and SAM's policy templates [AWS SAM policy templates,
//! AWS SAM Developer Guide].

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::{Build, Outcome, value::is_call};

/// AWS managed policies whose path is `service-role/`.
const SERVICE_ROLES: [&str; 9] = [
    "AWSLambdaBasicDurableExecutionRolePolicy",
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaENIManagementAccess",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaMSKExecutionRole",
    "AWSLambdaRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
];

/// A policy template: its required parameters, and its statements.
#[derive(serde::Deserialize)]
struct Template {
    parameters: Vec<String>,
    statement: Value,
}

/// SAM's policy templates, by name.
static TEMPLATES: LazyLock<BTreeMap<String, Template>> =
    LazyLock::new(|| serde_json::from_str(include_str!("policy_templates.json")).unwrap_or_default());

/// A parsed policy.
pub(super) enum Policy {
    /// A managed policy, by its ARN.
    Managed(Value),
    /// A policy document.
    Document(Value),
}

/// The ARN of an AWS managed policy.
pub(super) fn managed(name: &str) -> Value {
    let path = if SERVICE_ROLES.contains(&name) { "service-role/" } else { "" };
    format!("arn:aws:iam::aws:policy/{path}{name}").into()
}

/// One policy or a list of them.
pub(super) fn listed(policies: Option<&Value>) -> Vec<Value> {
    match policies {
        None => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
    }
}

/// Parses a policy.
pub(super) fn read(build: &Build<'_>, policy: &Value) -> Outcome<Policy> {
    match policy {
        Value::String(arn) if arn.starts_with("arn:") => Ok(Policy::Managed(policy.clone())),
        Value::String(name) => Ok(Policy::Managed(managed(name))),
        Value::Object(members) if members.contains_key("Statement") => Ok(Policy::Document(policy.clone())),
        Value::Object(_) if policy.get("Fn::If").is_some() => {
            Err("a policy that is chosen by Fn::If is not supported".to_owned())
        }
        Value::Object(_) if is_call(policy) => Ok(Policy::Managed(policy.clone())),
        Value::Object(members) if members.len() == 1 => {
            let (name, values) = members.iter().next().ok_or("a policy is empty")?;
            template(build, name, values).map(Policy::Document)
        }
        _ => Err("a policy is neither a name, nor statements, nor a policy template".to_owned()),
    }
}

/// The document of a policy template with these parameters.
fn template(_: &Build<'_>, name: &str, values: &Value) -> Outcome<Value> {
    let template = TEMPLATES.get(name).ok_or_else(|| {
        let nearest = TEMPLATES.keys().filter(|known| known.get(..4) == name.get(..4));
        let nearest: Vec<&str> = nearest.map(String::as_str).take(5).collect();
        format!("there is no policy template `{name}`; near it are {}", nearest.join(", "))
    })?;
    let given = values.as_object().cloned().unwrap_or_default();
    if let Some(missing) = template.parameters.iter().find(|wanted| !given.contains_key(*wanted)) {
        return Err(format!("the policy template {name} needs {missing}"));
    }
    if let Some(unknown) = given.keys().find(|known| !template.parameters.contains(known)) {
        return Err(format!("the policy template {name} has no parameter {unknown}"));
    }
    let mut statement = template.statement.clone();
    fill(&mut statement, &given);
    Ok(json!({ "Statement": statement }))
}

/// Replaces each `Ref` to a parameter of the policy template by its value.
fn fill(value: &mut Value, given: &Map<String, Value>) {
    if let Some(found) = value.get("Ref").and_then(Value::as_str).and_then(|name| given.get(name)) {
        *value = found.clone();
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, given)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, given)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_policy_templates_is_complete() {
        assert_eq!(TEMPLATES.len(), COUNT);
        assert!(TEMPLATES.values().all(|template| template.statement.is_array()));
        assert_eq!(TEMPLATES["SQSPollerPolicy"].parameters, ["QueueName"]);
    }

    const COUNT: usize = 81;
}
