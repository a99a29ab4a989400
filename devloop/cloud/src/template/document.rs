//! The template's document [Template sections, `CloudFormation` User Guide].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{
    error::TemplateError,
    read::{Position, Source},
    references::{Reference, references},
    transform::{Given, transformed},
};

/// The most resources, parameters, mappings and outputs of a template [CloudFormation quotas].
const MOST: [(&str, usize); 4] =
    [("Resources", 500), ("Parameters", 200), ("Mappings", 200), ("Outputs", 200)];

/// A parsed and transformed template of valid form. What its resources ask for is checked when it is applied.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Template {
    #[serde(skip)]
    source: Option<Arc<Source>>,
    #[serde(skip)]
    transforms: Vec<String>,
    /// The document after its transforms, as JSON; none without any.
    #[serde(skip)]
    processed: Option<Arc<str>>,
    #[serde(rename = "AWSTemplateFormatVersion")]
    _format_version: Option<IgnoredAny>,
    #[serde(default)]
    pub(crate) description: Value,
    #[serde(default)]
    pub(crate) metadata: Value,
    #[serde(default)]
    pub(super) rules: IndexMap<String, Value>,
    #[serde(default)]
    pub(crate) parameters: IndexMap<String, Parameter>,
    #[serde(default)]
    pub(crate) mappings: BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>>,
    #[serde(default)]
    pub(crate) conditions: IndexMap<String, Value>,
    pub(crate) resources: IndexMap<String, Resource>,
    #[serde(default)]
    pub(crate) outputs: IndexMap<String, Output>,
}

/// An entry of `Parameters`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Parameter {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "optional_text")]
    pub(crate) default: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    pub(crate) allowed_values: Vec<String>,
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
    #[serde(default)]
    pub(crate) description: Value,
    /// Whether clients see `****` instead of the value.
    #[serde(default)]
    no_echo: Value,
}

/// An entry of `Resources`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Resource {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
    #[serde(default, deserialize_with = "texts")]
    pub(crate) depends_on: Vec<String>,
    pub(crate) condition: Option<String>,
    pub(crate) deletion_policy: Option<String>,
    pub(crate) update_replace_policy: Option<String>,
    /// What its creation waits for. This only concerns types of machines, which the cloud does not have, so it has no effect
    /// [CreationPolicy attribute, CloudFormation Template Reference].
    #[serde(default, rename = "CreationPolicy")]
    _creation_policy: Map<String, Value>,
    #[serde(default)]
    update_policy: Map<String, Value>,
    #[serde(default)]
    pub(crate) metadata: Value,
}

/// An entry of `Outputs`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Output {
    pub(crate) value: Value,
    pub(crate) export: Option<Export>,
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) description: Value,
}

/// The name under which other stacks import an output.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Export {
    pub(crate) name: Value,
}

impl Template {
    /// Parses a template in JSON or YAML whose transforms need neither parameter values nor other files.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::read(text, &Given::default())
    }

    /// Parses a template in JSON or YAML and applies its transforms.
    pub fn read(text: &str, given: &Given<'_>) -> Result<Self, TemplateError> {
        let (source, document) = Source::read(text)?;
        let transforms = asked_for(&document);
        let document = transformed(document, given).map_err(|error| with_position(error, &source))?;
        let processed = (!transforms.is_empty()).then(|| document.to_string().into());
        let wrong = |path: &[&str], needle: Option<&str>, why: String| TemplateError::Syntax {
            at: source.position(path, needle),
            why,
        };
        if !document.is_object() {
            return Err(wrong(&[], None, "it is no map; expected a map with Resources".to_owned()));
        }
        let mut template: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let path: Vec<String> = error.path().iter().map(ToString::to_string).collect();
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let why = error.into_inner().to_string();
            wrong(&path, unknown_name(&why), why.clone())
        })?;
        let counts = [
            template.resources.len(),
            template.parameters.len(),
            template.mappings.len(),
            template.outputs.len(),
        ];
        for ((section, most), count) in MOST.into_iter().zip(counts) {
            if count > most {
                return Err(wrong(
                    &[section],
                    None,
                    format!("it has {count} {section}; CloudFormation allows {most}"),
                ));
            }
        }
        let plain = |name: &&String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if let Some(name) = template.resources.keys().find(|name| !plain(name)) {
            return Err(wrong(
                &["Resources", name],
                None,
                format!("the logical id `{name}` is not alphanumeric"),
            ));
        }
        template.source = Some(Arc::new(source));
        template.transforms = transforms;
        template.processed = processed;
        Ok(template)
    }

    /// The text that the template was parsed from.
    pub(crate) fn text(&self) -> &str {
        self.source.as_deref().map(Source::text).unwrap_or_default()
    }

    /// What its transforms made of it, in JSON; the text itself where it asks for none.
    pub(crate) fn processed(&self) -> &str {
        self.processed.as_deref().unwrap_or_else(|| self.text())
    }

    /// The transforms that the text names.
    pub(crate) fn transforms(&self) -> &[String] {
        &self.transforms
    }

    /// The resources by logical id.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.resources.iter().map(|(logical, resource)| (logical.as_str(), resource))
    }

    /// The names of the parameters that the template declares.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// The resources that `value` refers to with `Ref`, `Fn::GetAtt` or `Fn::Sub`, regardless of conditions.
    pub fn mentioned(&self, value: &Value) -> BTreeSet<&str> {
        let mut found = Vec::new();
        // A malformed reference counts as none here; it is refused when the template is applied.
        let _ = references(value, None, &mut found);
        let known = |reference: Reference| Some(self.resources.get_key_value(reference.target())?.0.as_str());
        found.into_iter().filter_map(known).collect()
    }

    /// Makes the function `logical` run from `directory` with hot reload.
    pub fn run_from(&mut self, logical: &str, directory: &str) {
        if let Some(resource) = self.resources.get_mut(logical) {
            let code = serde_json::json!({ "S3Bucket": "hot-reload", "S3Key": directory });
            resource.properties.insert("Code".to_owned(), code);
        }
    }

    /// The template without these resources, and without the outputs and dependencies that refer to them. References in the
    /// remaining properties, such as those of policies, are replaced by a placeholder.
    pub(crate) fn without(mut self, left_out: &BTreeSet<&str>) -> Self {
        let named = |value: &Value| {
            let mut found = Vec::new();
            let _ = references(value, None, &mut found);
            found.iter().any(|reference| left_out.contains(reference.target()))
        };
        self.resources.retain(|logical, _| !left_out.contains(logical.as_str()));
        self.outputs.retain(|_, output| {
            !named(&output.value) && !output.export.as_ref().is_some_and(|export| named(&export.name))
        });
        for resource in self.resources.values_mut() {
            resource.depends_on.retain(|name| !left_out.contains(name.as_str()));
            resource.properties.values_mut().for_each(|value| forget(value, left_out));
        }
        self
    }

    /// The same template without its resources' update policies.
    pub(crate) fn updated_at_once(mut self) -> Self {
        self.resources.values_mut().for_each(|resource| resource.update_policy.clear());
        self
    }

    /// The position in the text of an error's cause, if it can be found there.
    pub fn position(&self, error: &TemplateError) -> Option<Position> {
        if let TemplateError::Syntax { at, .. } = error {
            return *at;
        }
        let (path, needle) = error.place()?;
        self.source.as_ref()?.position(&path, needle)
    }
}

impl Resource {
    /// Its type, such as `AWS::Lambda::Function`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its properties as they are written.
    pub fn properties(&self) -> &Map<String, Value> {
        &self.properties
    }

    /// Whether its updates are to be shifted step by step, by CodeDeploy. The cloud lacks the other types that an `UpdatePolicy`
    /// concerns; on all others it has no effect [UpdatePolicy attribute, CloudFormation Template Reference].
    pub(crate) fn is_shifted_by_codedeploy(&self) -> bool {
        self.kind == "AWS::Lambda::Alias" && self.update_policy.contains_key("CodeDeployLambdaAliasUpdate")
    }

    /// Its metadata; null if there are none.
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }
}

impl Parameter {
    /// Whether clients must not see the value.
    pub(crate) fn is_secret(&self) -> bool {
        scalar(&self.no_echo).is_some_and(|text| text == "true")
    }
}

/// The names in the section `Transform`.
fn asked_for(document: &Value) -> Vec<String> {
    let asked = match document.get("Transform") {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    };
    let name =
        |transform: &Value| transform.as_str().or_else(|| transform.get("Name")?.as_str()).map(str::to_owned);
    asked.into_iter().filter_map(name).collect()
}

/// Replaces references to resources that are left out by a placeholder.
fn forget(value: &mut Value, left_out: &BTreeSet<&str>) {
    if super::functions::function(value)
        .is_some_and(|(name, _)| matches!(name, "Ref" | "Fn::GetAtt" | "Fn::Sub"))
    {
        let mut found = Vec::new();
        let _ = references(value, None, &mut found);
        if let Some(name) = found.iter().map(Reference::target).find(|name| left_out.contains(name)) {
            *value = format!("arn:aws:left-out:::{name}").into();
            return;
        }
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| forget(item, left_out)),
        Value::Object(members) => members.values_mut().for_each(|member| forget(member, left_out)),
        _ => {}
    }
}

/// The error of a transform, with its position in the text if it can be found there.
fn with_position(error: TemplateError, source: &Source) -> TemplateError {
    let Some((path, needle)) = error.place() else { return error };
    let at = source.position(&path, needle);
    TemplateError::Syntax { at, why: error.to_string() }
}

/// The unknown name in an error message of serde.
fn unknown_name(why: &str) -> Option<&str> {
    why.strip_prefix("unknown field `")?.split('`').next()
}

/// A text, number or boolean as text, because templates may write `"5"` or `5`.
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
    fn invalid_templates_are_refused_with_the_position() {
        let check = |text: &str, expected: &str| {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("", "the template is not valid");
        check(
            "[]",
            "the template is not valid: line 1, column 1: it is no map; expected a map with Resources",
        );
        check("{}", "missing field `Resources`");
        check(
            "Resources: {}\nTransform: Mine\n",
            "line 2, column 1: the transform Mine: it is none of AWS::LanguageExtensions",
        );
        check("Resources:\n  A:\n    Typo: x\n", "line 3, column 5: unknown field `Typo`, expected one of");
        check(
            r#"{"Resources":{"A":{"Type":"T","CreationPolicy":1}}}"#,
            "invalid type: integer `1`, expected a map",
        );
        check(r#"{"Resources":{"A":{"Type":"T","DependsOn":{}}}}"#, "expected a string or a list");
        check("Resources:\n  A:\n    Properties: {}\n", "line 2, column 3: missing field `Type`");
        check(r#"{"Resources":{"ä":{"Type":"T"}}}"#, "the logical id `ä` is not alphanumeric");
        check(
            "Resources:\n  A: {Type: T, Properties: [1]}\n",
            "line 2, column 16: invalid type: sequence, expected a map",
        );
    }

    #[test]
    fn references_in_a_value_are_found_in_every_form() {
        let template = Template::parse(
            "Resources: {T: {Type: T}, Q: {Type: Q}, F: {Type: F, Properties: {\
             A: !Sub 'x-${T}-${AWS::Region}', B: !GetAtt Q.Arn, C: !Ref Nobody}}}",
        )
        .unwrap();
        let properties = Value::Object(template.resources["F"].properties().clone());
        assert_eq!(template.mentioned(&properties).into_iter().collect::<Vec<_>>(), ["Q", "T"]);
    }
}
