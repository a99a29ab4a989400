//! A function's permissions, reserved concurrency and tags, and the account's limits.

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    error::ApiError,
    lambda::{ACCOUNT_CONCURRENCY, function::Function, not_found, service::Lambda},
    rest::texts,
};

/// Adds the tags of a `Tags` member.
pub(super) fn merge_tags(function: &Function, tags: &Value) {
    let mut state = function.state.write();
    for (key, value) in tags.as_object().into_iter().flatten() {
        state.tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
}

impl Lambda {
    pub(super) fn add_permission(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let input = call.input();
        let id = required(input, "StatementId")?;
        let (action, principal) = (required(input, "Action")?, required(input, "Principal")?);
        let principal = match principal {
            "*" => json!("*"),
            service if service.contains(".amazonaws.com") => json!({ "Service": service }),
            account => json!({ "AWS": account }),
        };
        let qualifier = call.qualifier.clone().or(reference.qualifier);
        let resource =
            qualifier.map_or_else(|| function.arn.to_string(), |name| format!("{}:{name}", function.arn));
        let mut statement = json!({
            "Sid": id, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource,
        });
        if let Some(source) = input.get("SourceArn").and_then(Value::as_str) {
            statement["Condition"]["ArnLike"]["AWS:SourceArn"] = source.into();
        }
        if let Some(account) = input.get("SourceAccount").and_then(Value::as_str) {
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = account.into();
        }
        let mut state = function.state.write();
        if state.policy.contains_key(id) {
            return Err(ApiError::with_status(
                409,
                "ResourceConflictException",
                format!(
                    "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing statement."
                ),
            ));
        }
        let shown = json!({ "Statement": statement.to_string() });
        state.policy.insert(id.to_owned(), statement);
        Ok(shown)
    }

    pub(super) fn get_policy(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let state = function.state.read();
        if state.policy.is_empty() {
            return Err(not_found("The resource you requested does not exist.".to_owned()));
        }
        let statements: Vec<_> = state.policy.values().collect();
        let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
        let revision = function.latest.deployed().revision;
        Ok(json!({ "Policy": policy.to_string(), "RevisionId": revision }))
    }

    pub(super) fn remove_permission(
        &self,
        call: &Call<'_>,
        name: &str,
        statement: &str,
    ) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let removed = function.state.write().policy.remove(statement);
        removed
            .map(|_| Value::Null)
            .ok_or_else(|| not_found(format!("Statement {statement} is not found in resource policy.")))
    }

    pub(super) fn put_concurrency(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let input = call.input();
        let reserved =
            input.get("ReservedConcurrentExecutions").and_then(Value::as_u64).ok_or_else(|| {
                ApiError::validation("ReservedConcurrentExecutions must be a whole number of at least 0")
            })?;
        function.share.reserve(Some(reserved as usize))?;
        Ok(json!({ "ReservedConcurrentExecutions": reserved }))
    }

    pub(super) fn get_concurrency(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let reserved = function.reserved();
        Ok(reserved.map_or(json!({}), |number| json!({ "ReservedConcurrentExecutions": number })))
    }

    pub(super) fn delete_concurrency(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        function.share.reserve(None)?;
        Ok(Value::Null)
    }

    pub(super) fn list_tags(&self, call: &Call<'_>, arn: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, arn)?;
        let state = function.state.read();
        Ok(json!({ "Tags": state.tags }))
    }

    pub(super) fn tag(&self, call: &Call<'_>, arn: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, arn)?;
        merge_tags(&function, call.input().get("Tags").unwrap_or(&Value::Null));
        Ok(Value::Null)
    }

    pub(super) fn untag(&self, call: &Call<'_>, arn: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, arn)?;
        let mut state = function.state.write();
        for key in texts(call.input(), "tagKeys") {
            state.tags.remove(&key);
        }
        Ok(Value::Null)
    }

    pub(super) fn account_settings(&self, call: &Call<'_>) -> Value {
        let functions = self.regions.of(&call.cx.region);
        let functions = functions.read();
        let unreserved = self.accounts.of(&call.cx.region).unreserved();
        let size: usize = functions.values().map(|function| function.latest.deployed().code.size()).sum();
        json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": unreserved,
            },
            "AccountUsage": { "TotalCodeSize": size, "FunctionCount": functions.len() },
        })
    }
}
