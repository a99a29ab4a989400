//! Puts and deletes parameters.

use std::{collections::BTreeMap, sync::Arc};

use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    store::{Store, Version, not_found, split},
    tags::Tag,
};
use crate::{
    error::ApiError,
    kept::{Budget, Kept},
    wire,
};

/// The longest values in each tier, in bytes [Managing parameter tiers].
const STANDARD: usize = 4_096;
const ADVANCED: usize = 8_192;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    name: String,
    value: String,
    r#type: Option<String>,
    description: Option<String>,
    key_id: Option<String>,
    #[serde(default)]
    overwrite: bool,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

/// [PutParameter, Systems Manager API reference]
pub(crate) fn put(store: &Store, now_ms: i64, budget: &Arc<Budget>, input: Value) -> Result<Value, ApiError> {
    let put: Put = wire::read(input)?;
    let (name, _) = split(&put.name);
    check_name(&name)?;
    if put.policies.is_some() {
        return Err(ApiError::unsupported("the Policies of parameters"));
    }
    if let Some(data_type) = put.data_type.as_deref().filter(|kind| *kind != "text") {
        return Err(ApiError::unsupported(format_args!("the DataType {data_type} of parameters")));
    }
    if put.overwrite && !put.tags.is_empty() {
        return Err(ApiError::validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    let tier = match put.tier.as_deref() {
        None | Some("Standard") => "Standard",
        Some("Intelligent-Tiering") if put.value.len() <= STANDARD => "Standard",
        Some("Advanced" | "Intelligent-Tiering") => "Advanced",
        Some(other) => return Err(enumeration(other, "tier", "[Standard, Advanced, Intelligent-Tiering]")),
    };
    check_value(&put.value, tier)?;
    let mut parameters = store.0.write();
    let before = parameters.get(&name).and_then(|parameter| parameter.latest());
    if before.is_some() && !put.overwrite {
        return Err(ApiError::client(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let kind = match put.r#type.as_deref() {
        Some("String") => "String",
        Some("StringList") => "StringList",
        Some("SecureString") => "SecureString",
        Some(other) => return Err(enumeration(other, "type", "[SecureString, StringList, String]")),
        None => before.map(|version| version.kind).ok_or_else(|| {
            ApiError::validation("A parameter type is required when you create a parameter.")
        })?,
    };
    let allowed_pattern = put.allowed_pattern.filter(|pattern| !pattern.is_empty());
    if let Some(pattern) = &allowed_pattern {
        check_pattern(pattern, &put.value)?;
    }
    let description = put.description.or_else(|| before.and_then(|version| version.description.clone()));
    let texts = [Some(&put.value), description.as_ref(), allowed_pattern.as_ref()];
    let bytes = texts.into_iter().flatten().map(String::len).sum();
    let version = Version {
        _kept: Kept::claim(budget, bytes).ok_or_else(|| full(bytes, budget))?,
        number: before.map_or(1, |version| version.number + 1),
        kind,
        value: put.value,
        description,
        allowed_pattern,
        key_id: (kind == "SecureString").then(|| put.key_id.unwrap_or_else(|| "alias/aws/ssm".to_owned())),
        tier,
        modified_ms: now_ms,
    };
    let number = version.number;
    let parameter = parameters.entry(name).or_default();
    parameter.push(version);
    parameter.tags.extend(put.tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>());
    Ok(json!({"Version": number, "Tier": tier}))
}

/// The error when there is no room for a value of so many bytes.
fn full(bytes: usize, budget: &Budget) -> ApiError {
    ApiError::client(
        "ParameterLimitExceeded",
        format!(
            "This value has {bytes} bytes and the others have {}; the embedded cloud keeps {} MB of them, older versions \
             included. Delete parameters.",
            budget.bytes(),
            budget.most() >> 20
        ),
    )
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let lower = name.trim_start_matches('/').to_ascii_lowercase();
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(ApiError::validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    let fits = !name.is_empty()
        && name.len() <= 1_011
        && !name.ends_with('/')
        && !name.contains("//")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte));
    if !fits {
        return Err(ApiError::validation(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
             following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(ApiError::validation("Parameter name must be a fully qualified name."));
    }
    Ok(())
}

fn check_value(value: &str, tier: &str) -> Result<(), ApiError> {
    if value.is_empty() {
        return Err(ApiError::constraint("", "value", "have length greater than or equal to 1."));
    }
    let limit = if tier == "Advanced" { ADVANCED } else { STANDARD };
    if value.len() > limit {
        return Err(ApiError::validation(format!(
            "{tier} tier parameters support a maximum parameter value of {limit} characters."
        )));
    }
    Ok(())
}

fn check_pattern(pattern: &str, value: &str) -> Result<(), ApiError> {
    let compiled = |source: &str| RegexBuilder::new(source).size_limit(1 << 20).build();
    // The whole value must match. The pattern is also compiled alone, so that it cannot close the group around it.
    let expression =
        compiled(pattern).and_then(|_| compiled(&format!(r"\A(?:{pattern})\z"))).map_err(|_| {
            ApiError::client("InvalidAllowedPatternException", format!("The pattern {pattern} is not valid."))
        })?;
    if expression.is_match(value) {
        return Ok(());
    }
    Err(ApiError::client(
        "ParameterPatternMismatchException",
        format!("Parameter value, cannot be validated against allowedPattern: {pattern}"),
    ))
}

fn enumeration(value: &str, member: &str, known: &str) -> ApiError {
    ApiError::constraint(value, member, &format!("satisfy enum value set: {known}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    name: String,
}

/// [DeleteParameter, Systems Manager API reference]
pub(crate) fn delete(store: &Store, input: Value) -> Result<Value, ApiError> {
    let Delete { name } = wire::read(input)?;
    let (name, _) = split(&name);
    store.0.write().remove(&name).map(|_| json!({})).ok_or_else(|| not_found(&name))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteMany {
    names: Vec<String>,
}

/// [DeleteParameters, Systems Manager API reference]
pub(crate) fn delete_many(store: &Store, input: Value) -> Result<Value, ApiError> {
    let DeleteMany { names } = wire::read(input)?;
    let mut parameters = store.0.write();
    let (deleted, invalid): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| parameters.remove(&split(name).0).is_some());
    Ok(json!({"DeletedParameters": deleted, "InvalidParameters": invalid}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_or_fully_qualified() {
        let check = |name: &str, expected: bool| assert_eq!(check_name(name).is_ok(), expected, "{name}");
        check("plain", true);
        check("/a/b-c/d.e_f", true);
        check("a/b", false);
        check("/a//b", false);
        check("/a/", false);
        check("", false);
        check("a b", false);
        check("/aws/x", false);
        check("ssmThing", false);
    }

    #[test]
    fn the_whole_value_must_match_the_pattern() {
        let check = |pattern: &str, value: &str, expected: bool| {
            assert_eq!(check_pattern(pattern, value).is_ok(), expected, "{pattern} {value}");
        };
        check(r"\d+", "123", true);
        check(r"\d+", "123x", false);
        check("a|ab", "ab", true);
        check("a)|(b", "a", false);
        check("(", "1", false);
    }
}
