//! `AutoPublishAlias`: creates a version for each change of the code, and an alias of the latest one.

use serde_json::{Map, Value, json};

use super::{
    Build, Outcome,
    function::Function,
    names::digest,
    value::{attribute, reference},
};

/// A resource to be added later: its id, type, attributes and properties.
pub(super) type Waiting = (String, &'static str, Map<String, Value>, Value);

/// The version and the alias of a function that publishes one.
pub(super) fn version_and_alias(build: &mut Build<'_>, function: &mut Function) -> Outcome<Vec<Waiting>> {
    let Some(alias) = function.property("AutoPublishAlias") else {
        if function.property("ProvisionedConcurrencyConfig").is_some() {
            return Err("ProvisionedConcurrencyConfig needs AutoPublishAlias".to_owned());
        }
        return Ok(Vec::new());
    };
    let alias = build.resolved(alias);
    let alias =
        alias.as_str().ok_or("AutoPublishAlias needs a string or a parameter with a value")?.to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if alias.is_empty() || !alias.chars().all(plain) || alias.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!(
            "AutoPublishAlias `{alias}` is no name: letters, digits, hyphens and underscores"
        ));
    }
    let sha = function.property("AutoPublishCodeSha256").map(|sha| build.resolved(sha));
    if let Some(Value::String(sha)) = &sha {
        let described = match function.lambda.get("Description") {
            Some(Value::String(text)) => format!("{text} {sha}").into(),
            Some(other) => json!({ "Fn::Join": [" ", [other, sha]] }),
            None => sha.as_str().into(),
        };
        function.lambda.insert("Description".to_owned(), described);
    }
    let everything = function.property("AutoPublishAliasAllProperties") == Some(&Value::Bool(true));
    let watched: Map<String, Value> = if everything {
        function.lambda.clone()
    } else {
        let code = function.lambda.get("Code").map(|code| build.resolved(code));
        let mut watched = code.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let environment = function.lambda.get("Environment").and_then(Value::as_object);
        watched.extend(environment.cloned().unwrap_or_default());
        watched.extend(super::value::pick(&function.lambda, &["MemorySize", "SnapStart"]));
        watched
    };
    let suffix = match &sha {
        Some(Value::String(sha)) => sha.get(..10).unwrap_or(sha).to_owned(),
        Some(_) => return Err("AutoPublishCodeSha256 needs a string".to_owned()),
        None => digest(&Value::Object(watched)),
    };
    let id = function.id().to_owned();
    let version_id = format!("{id}Version{suffix}");
    let alias_id = format!("{id}Alias{}", alias.replace('-', "D").replace('_', "U"));

    let mut kept = function.passed_on.clone();
    let policy = function.property("VersionDeletionPolicy").cloned().unwrap_or_else(|| "Retain".into());
    kept.entry("DeletionPolicy").or_insert(policy);
    let mut version = json!({ "FunctionName": reference(&id) });
    if let Some(description) = function.property("VersionDescription") {
        version["Description"] = description.clone();
    }
    let mut followed = json!({
        "Name": alias, "FunctionName": reference(&id), "FunctionVersion": attribute(&version_id, "Version"),
    });
    if let Some(provisioned) = function.property("ProvisionedConcurrencyConfig") {
        followed["ProvisionedConcurrencyConfig"] = provisioned.clone();
    }
    build.referable.insert(format!("{id}.Version"), version_id.clone());
    build.referable.insert(format!("{id}.Alias"), alias_id.clone());
    let passed_on = function.passed_on.clone();
    function.alias = Some(alias_id.clone());
    Ok(vec![
        (version_id, "AWS::Lambda::Version", kept, version),
        (alias_id, "AWS::Lambda::Alias", passed_on, followed),
    ])
}
