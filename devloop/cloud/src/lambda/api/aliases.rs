//! Aliases: names for versions.

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    error::ApiError,
    lambda::{
        function::{Alias, Function, check_revision},
        not_found,
        service::Lambda,
    },
};

fn show(function: &Function, name: &str, alias: &Alias) -> Value {
    json!({
        "AliasArn": format!("{}:{name}", function.arn),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    })
}

fn missing(function: &Function, name: &str) -> ApiError {
    not_found(format!("Cannot find alias arn: {}:{name}", function.arn))
}

fn refuse_weights(input: &Value) -> Result<(), ApiError> {
    match input.pointer("/RoutingConfig/AdditionalVersionWeights").and_then(Value::as_object) {
        Some(weights) if !weights.is_empty() => {
            Err(ApiError::unsupported("weighted aliases (RoutingConfig)"))
        }
        _ => Ok(()),
    }
}

impl Lambda {
    pub(super) fn create_alias(&self, call: &Call<'_>, function: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, function)?;
        let input = call.input();
        let (name, version) = (required(input, "Name")?, required(input, "FunctionVersion")?);
        refuse_weights(input)?;
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !fits || name.bytes().all(|byte| byte.is_ascii_digit()) {
            let must = "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
            return Err(ApiError::constraint(name, "name", must));
        }
        function.version(Some(version))?;
        let alias = Alias {
            version: version.to_owned(),
            description: input.get("Description").and_then(Value::as_str).unwrap_or("").to_owned(),
            revision: uuid::Uuid::new_v4().to_string(),
        };
        let shown = show(&function, name, &alias);
        let mut state = function.state.write();
        if state.aliases.contains_key(name) {
            return Err(ApiError::with_status(
                409,
                "ResourceConflictException",
                format!("Alias already exists: {}:{name}", function.arn),
            ));
        }
        state.aliases.insert(name.to_owned(), alias);
        Ok(shown)
    }

    pub(super) fn list_aliases(&self, call: &Call<'_>, function: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, function)?;
        let of_version = call.text("FunctionVersion");
        let state = function.state.read();
        let shown = state
            .aliases
            .iter()
            .filter(|(_, alias)| of_version.as_ref().is_none_or(|version| *version == alias.version))
            .map(|(name, alias)| show(&function, name, alias))
            .collect();
        let (page, marker) = call.page(shown);
        Ok(json!({ "Aliases": page, "NextMarker": marker }))
    }

    pub(super) fn get_alias(&self, call: &Call<'_>, function: &str, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, function)?;
        let state = function.state.read();
        let alias = state.aliases.get(name).ok_or_else(|| missing(&function, name))?;
        Ok(show(&function, name, alias))
    }

    pub(super) fn update_alias(
        &self,
        call: &Call<'_>,
        function: &str,
        name: &str,
    ) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, function)?;
        let input = call.input();
        refuse_weights(input)?;
        let version = input.get("FunctionVersion").and_then(Value::as_str);
        if let Some(version) = version {
            function.version(Some(version))?;
        }
        let mut state = function.state.write();
        let alias = state.aliases.get_mut(name).ok_or_else(|| missing(&function, name))?;
        let expected = input.get("RevisionId").and_then(Value::as_str);
        check_revision(expected, &alias.revision, "GetFunction/GetAlias")?;
        if let Some(version) = version {
            version.clone_into(&mut alias.version);
        }
        if let Some(description) = input.get("Description").and_then(Value::as_str) {
            description.clone_into(&mut alias.description);
        }
        alias.revision = uuid::Uuid::new_v4().to_string();
        Ok(show(&function, name, alias))
    }

    pub(super) fn delete_alias(
        &self,
        call: &Call<'_>,
        function: &str,
        name: &str,
    ) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, function)?;
        function.state.write().aliases.remove(name);
        Ok(Value::Null)
    }
}
