//! The template's document [Template sections, `CloudFormation` User Guide].

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

use super::error::TemplateError;

/// A template that was read and has the right form. What its resources mean shows when it is applied.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Template {
    #[serde(rename = "AWSTemplateFormatVersion")]
    _format_version: Option<IgnoredAny>,
    #[serde(rename = "Description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "Metadata")]
    _metadata: Option<IgnoredAny>,
    /// Assertions about parameters; the ones that the CDK writes check for its own bootstrap, which nothing here needs.
    #[serde(rename = "Rules")]
    _rules: Option<IgnoredAny>,
    #[serde(default)]
    pub(in super::super) parameters: IndexMap<String, Parameter>,
    #[serde(default)]
    pub(in super::super) mappings: BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>>,
    #[serde(default)]
    pub(in super::super) conditions: IndexMap<String, Value>,
    pub(in super::super) resources: IndexMap<String, Resource>,
    #[serde(default)]
    pub(in super::super) outputs: IndexMap<String, Output>,
}

/// One of `Parameters`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in super::super) struct Parameter {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) default: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    pub(super) allowed_values: Vec<String>,
    pub(super) allowed_pattern: Option<String>,
    pub(super) constraint_description: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) min_length: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) max_length: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) min_value: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) max_value: Option<String>,
    #[serde(rename = "Description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "NoEcho")]
    _no_echo: Option<IgnoredAny>,
}

/// One of `Resources`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in super::super) struct Resource {
    #[serde(rename = "Type")]
    pub(in super::super) kind: String,
    #[serde(default)]
    pub(in super::super) properties: Map<String, Value>,
    #[serde(default, deserialize_with = "texts")]
    pub(in super::super) depends_on: Vec<String>,
    pub(in super::super) condition: Option<String>,
    pub(in super::super) deletion_policy: Option<String>,
    #[serde(rename = "UpdateReplacePolicy")]
    _update_replace_policy: Option<IgnoredAny>,
    #[serde(rename = "Metadata")]
    _metadata: Option<IgnoredAny>,
}

/// One of `Outputs`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in super::super) struct Output {
    pub(in super::super) value: Value,
    pub(in super::super) export: Option<Export>,
    pub(in super::super) condition: Option<String>,
    #[serde(rename = "Description")]
    _description: Option<IgnoredAny>,
}

/// The name under which other stacks import an output.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in super::super) struct Export {
    pub(in super::super) name: Value,
}

impl Template {
    /// Reads a template in JSON.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template: Self =
            serde_json::from_str(text).map_err(|error| TemplateError::Syntax(error.to_string()))?;
        let plain = |name: &&String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        match template.resources.keys().find(|name| !plain(name)) {
            None => Ok(template),
            Some(name) => Err(TemplateError::Syntax(format!("the logical id `{name}` is not alphanumeric"))),
        }
    }

    /// The resources in the order of the text: logical id, type, and properties as they are written.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, &Map<String, Value>)> {
        self.resources
            .iter()
            .map(|(logical, resource)| (logical.as_str(), resource.kind.as_str(), &resource.properties))
    }
}

/// A text, number or boolean as text: templates write `"5"` and `5` alike.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    scalar(&value).map(Some).ok_or_else(|| serde::de::Error::custom("expected a string or a number"))
}

/// One text or a list of them.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let list = match &value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        other => scalar(other).map(|one| vec![one]),
    };
    list.ok_or_else(|| serde::de::Error::custom("expected a string or a list of strings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_template_is_refused_with_its_place() {
        let check = |text: &str, expected: &str| {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("", "the template is not valid");
        check("[]", "the template is not valid");
        check("{}", "missing field `Resources`");
        check(r#"{"Resources":{},"Transform":"AWS::Serverless-2016-10-31"}"#, "unknown field `Transform`");
        check(r#"{"Resources":{"A":{"Typo":"x"}}}"#, "unknown field `Typo`");
        check(r#"{"Resources":{"A":{"Type":"T","CreationPolicy":{}}}}"#, "unknown field `CreationPolicy`");
        check(r#"{"Resources":{"A":{"Type":"T","DependsOn":{}}}}"#, "expected a string or a list");
        check(r#"{"Resources":{"A":{"Properties":{}}}}"#, "missing field `Type`");
        check(r#"{"Resources":{"ä":{"Type":"T"}}}"#, "the logical id `ä` is not alphanumeric");
    }

    #[test]
    fn resources_are_listed_in_their_order() {
        let text =
            r#"{"Resources":{"B":{"Type":"T","DependsOn":"A"},"A":{"Type":"U","Properties":{"x":1}}}}"#;
        let template = Template::parse(text).unwrap();
        let listed: Vec<_> = template.resources().map(|(logical, kind, _)| (logical, kind)).collect();
        assert_eq!(listed, [("B", "T"), ("A", "U")]);
        assert_eq!(template.resources["B"].depends_on, ["A"]);
    }
}
