//! The values of parameters [Parameters, CloudFormation User Guide].

use std::{collections::BTreeMap, future::Future};

use regex::Regex;
use serde_json::Value;

use super::{
    document::{Parameter, Template, scalar},
    dynamic::DynamicValues,
    error::TemplateError,
    references::references,
};

/// The types whose value is the name of a Systems Manager parameter, which contains the actual value:
/// `AWS::SSM::Parameter::Value<TYPE>`.
const STORED: &str = "AWS::SSM::Parameter::Value<";

/// The longest value of a parameter, in bytes [CloudFormation quotas].
const LONGEST: usize = 4_096;

/// The types for ids and names in an account; their existence is not checked [CloudFormation-supplied parameter types,
/// CloudFormation User Guide].
const IDS: [&str; 11] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
    "AWS::SSM::Parameter::Name",
];

/// The form of parameter values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    List,
}

/// The form of values of a type.
fn form(kind: &str) -> Option<Form> {
    let item = |kind: &str| kind == "String" || kind == "Number" || IDS.contains(&kind);
    match kind.strip_prefix("List<").and_then(|kind| kind.strip_suffix('>')) {
        Some(inner) => item(inner).then_some(Form::List),
        None if kind == "CommaDelimitedList" => Some(Form::List),
        None => item(kind).then_some(Form::Text),
    }
}

/// The type of the actual value, for a type that names a Systems Manager parameter.
fn stored_kind(kind: &str) -> Option<&str> {
    kind.strip_prefix(STORED)?.strip_suffix('>')
}

/// A text, converted to a value of this form.
fn formed(form: Form, text: &str) -> Value {
    match form {
        Form::Text => text.into(),
        Form::List => text.split(',').map(|item| Value::from(item.trim())).collect(),
    }
}

/// The values of all parameters that are referred to. `stored` reads a Systems Manager parameter. It is not called for
/// unused parameters, because the CDK declares one for its bootstrap in every template.
pub(crate) async fn values<F, R>(
    template: &Template,
    given: &BTreeMap<String, String>,
    stored: F,
) -> Result<BTreeMap<String, Value>, TemplateError>
where
    F: Fn(String) -> R,
    R: Future<Output = Result<String, String>>,
{
    if let Some(name) = given.keys().find(|name| !template.parameters.contains_key(*name)) {
        return Err(error(name, "the template does not declare it"));
    }
    let used = used(template)?;
    let mut values = BTreeMap::new();
    for (name, parameter) in &template.parameters {
        if !used.iter().any(|used| used == name) {
            continue;
        }
        let text = given.get(name).or(parameter.default.as_ref());
        let text = text.ok_or_else(|| error(name, "has no value and no default"))?;
        check(parameter, text).map_err(|why| error(name, why))?;
        let stored_kind = stored_kind(&parameter.kind);
        let kind = stored_kind.unwrap_or(&parameter.kind);
        let form = form(kind).ok_or_else(|| {
            error(name, format!("the embedded cloud does not support the type `{}`", parameter.kind))
        })?;
        let value = match stored_kind {
            Some(_) => formed(form, &stored(text.clone()).await.map_err(|why| error(name, why))?),
            None => formed(form, text),
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// The current values of the Systems Manager parameters that the template's parameters name; those that cannot be read are
/// left out.
pub(crate) async fn stored_parameters(
    template: &Template,
    given: &BTreeMap<String, String>,
    values: &dyn DynamicValues,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, parameter) in &template.parameters {
        let key = given.get(name).or(parameter.default.as_ref());
        if let (Some(_), Some(key)) = (stored_kind(&parameter.kind), key)
            && let Ok(value) = values.parameter(key, None).await
        {
            found.insert(name.clone(), value);
        }
    }
    found
}

/// The given values and defaults, which are known without reading from other services. Transforms use these.
pub(super) fn plain_values(document: &Value, given: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let declared = document.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    declared
        .filter_map(|(name, parameter)| {
            let kind = parameter.get("Type").and_then(Value::as_str)?;
            if stored_kind(kind).is_some() {
                return None;
            }
            let text = given.get(name).cloned().or_else(|| parameter.get("Default").and_then(scalar))?;
            Some((name.clone(), formed(form(kind)?, &text)))
        })
        .collect()
}

fn error(name: &str, why: impl Into<String>) -> TemplateError {
    TemplateError::Parameter { name: name.to_owned(), why: why.into() }
}

/// The names that conditions, resources and outputs refer to, regardless of conditions.
fn used(template: &Template) -> Result<Vec<String>, TemplateError> {
    let mut found = Vec::new();
    for (name, condition) in &template.conditions {
        references(condition, None, &mut found).map_err(TemplateError::at(format!("condition `{name}`")))?;
    }
    for (name, rule) in &template.rules {
        let mut of_rule = Vec::new();
        references(rule, None, &mut of_rule).map_err(TemplateError::at(format!("rule `{name}`")))?;
        let stored =
            |name: &str| template.parameters.get(name).is_some_and(|it| stored_kind(&it.kind).is_some());
        found.extend(of_rule.into_iter().filter(|reference| !stored(reference.target())));
    }
    for (name, resource) in &template.resources {
        for value in resource.properties.values() {
            references(value, None, &mut found).map_err(TemplateError::at(format!("resource `{name}`")))?;
        }
    }
    for (name, output) in &template.outputs {
        let export = output.export.as_ref().map(|export| &export.name);
        for value in std::iter::once(&output.value).chain(export) {
            references(value, None, &mut found).map_err(TemplateError::at(format!("output `{name}`")))?;
        }
    }
    Ok(found.into_iter().map(|reference| reference.target().to_owned()).collect())
}

fn check(parameter: &Parameter, text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let reason = |otherwise: String| parameter.constraint_description.clone().unwrap_or(otherwise);
    let items: Vec<&str> = if form(&parameter.kind) == Some(Form::List) {
        text.split(',').map(str::trim).collect()
    } else {
        vec![text]
    };
    for item in items {
        if !parameter.allowed_values.is_empty()
            && !parameter.allowed_values.iter().any(|allowed| allowed == item)
        {
            return Err(reason(format!("`{item}` is not one of: {}", parameter.allowed_values.join(", "))));
        }
        if parameter.kind == "Number" || parameter.kind == "List<Number>" {
            let number: f64 = item.parse().map_err(|_| reason(format!("`{item}` is not a number")))?;
            let bound = |bound: &Option<String>| bound.as_ref().and_then(|bound| bound.parse::<f64>().ok());
            if bound(&parameter.min_value).is_some_and(|least| number < least)
                || bound(&parameter.max_value).is_some_and(|most| number > most)
            {
                return Err(reason(format!("`{item}` is out of its bounds")));
            }
        }
        let length = |bound: &Option<String>| bound.as_ref().and_then(|bound| bound.parse::<usize>().ok());
        let count = item.chars().count();
        if length(&parameter.min_length).is_some_and(|least| count < least)
            || length(&parameter.max_length).is_some_and(|most| count > most)
        {
            return Err(reason(format!("`{item}` is too short or too long")));
        }
        if let Some(pattern) = &parameter.allowed_pattern {
            let regex = Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|error| format!("AllowedPattern cannot be read: {error}"))?;
            if !regex.is_match(item) {
                return Err(reason(format!("`{item}` does not match {pattern}")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn value(declaration: Value, given: Option<&str>) -> Result<Value, String> {
        let document = json!({
            "Parameters": { "P": declaration },
            "Resources": {},
            "Outputs": { "O": { "Value": { "Ref": "P" } } },
        });
        let template = Template::parse(&document.to_string()).unwrap();
        let given = given.map(|given| ("P".to_owned(), given.to_owned())).into_iter().collect();
        let stored = async |name: String| match name.as_str() {
            "/known" => Ok("from the store".to_owned()),
            _ => Err(format!("there is no {name}")),
        };
        let found = values(&template, &given, stored).await.map_err(|error| error.to_string())?;
        Ok(found["P"].clone())
    }

    #[tokio::test]
    async fn given_default_and_stored_values_are_found_and_checked() {
        let check = async |declaration: Value, given: Option<&str>, expected: Result<Value, &str>| {
            let found = value(declaration.clone(), given).await;
            assert_eq!(found, expected.map_err(|why| format!("parameter `P`: {why}")), "{declaration}");
        };
        check(json!({"Type": "String", "Default": "d"}), None, Ok(json!("d"))).await;
        check(json!({"Type": "String", "Default": "d"}), Some("g"), Ok(json!("g"))).await;
        check(json!({"Type": "String"}), None, Err("has no value and no default")).await;
        check(json!({"Type": "Number", "Default": 5}), None, Ok(json!("5"))).await;
        check(json!({"Type": "Number"}), Some("x"), Err("`x` is not a number")).await;
        check(json!({"Type": "Number", "MaxValue": 4}), Some("5"), Err("`5` is out of its bounds")).await;
        check(json!({"Type": "CommaDelimitedList"}), Some("a, b"), Ok(json!(["a", "b"]))).await;
        let choice = json!({"Type": "String", "AllowedValues": ["a", "b"]});
        check(choice.clone(), Some("b"), Ok(json!("b"))).await;
        check(choice, Some("c"), Err("`c` is not one of: a, b")).await;
        let pattern =
            json!({"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "letters only"});
        check(pattern.clone(), Some("abc"), Ok(json!("abc"))).await;
        check(pattern, Some("abc1"), Err("letters only")).await;
        check(json!({"Type": "String", "MinLength": "2"}), Some("a"), Err("`a` is too short or too long"))
            .await;
        check(
            json!({"Type": "AWS::SSM::Parameter::Value<String>"}),
            Some("/known"),
            Ok(json!("from the store")),
        )
        .await;
        check(json!({"Type": "AWS::SSM::Parameter::Value<String>"}), Some("/none"), Err("there is no /none"))
            .await;
        check(
            json!({"Type": "AWS::SSM::Parameter::Value<List<String>>"}),
            Some("/known"),
            Ok(json!(["from the store"])),
        )
        .await;
        check(json!({"Type": "List<AWS::EC2::Subnet::Id>"}), Some("s, t"), Ok(json!(["s", "t"]))).await;
        check(json!({"Type": "Text"}), Some("s"), Err("the embedded cloud does not support the type `Text`"))
            .await;
    }

    #[tokio::test]
    async fn a_parameter_that_nothing_refers_to_is_not_looked_up() {
        let document = json!({ "Parameters": { "Bootstrap": { "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk" } }, "Resources": {} });
        let template = Template::parse(&document.to_string()).unwrap();
        let stored = async |name: String| Err(format!("asked for {name}"));
        assert_eq!(values(&template, &BTreeMap::new(), stored).await, Ok(BTreeMap::new()));
        let given = BTreeMap::from([("Other".to_owned(), String::new())]);
        let error = values(&template, &given, stored).await.unwrap_err();
        assert_eq!(error.to_string(), "parameter `Other`: the template does not declare it");
    }
}
