//! A function's permissions, reserved concurrency and tags, and the account's limits.

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    error::ApiError,
    lambda::{
        ACCOUNT_CONCURRENCY,
        function::{Function, check_revision},
        not_found,
        service::Lambda,
    },
    rest::texts,
};

/// The members of `AddPermission` that restrict a statement, with the operator and the key of the condition that each becomes
/// [AddPermission; Viewing resource-based IAM policies in Lambda].
const CONDITIONS: [(&str, &str, &str); 6] = [
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
];

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
        for (member, operator, key) in CONDITIONS {
            if let Some(value) = input.get(member).filter(|value| !value.is_null()) {
                statement["Condition"][operator][key] = match value {
                    // Conditions have texts, also for flags [IAM JSON policy elements: Condition operators].
                    Value::Bool(flag) => flag.to_string().into(),
                    value => value.clone(),
                };
            }
        }
        let mut state = function.state.write();
        let expected = input.get("RevisionId").and_then(Value::as_str);
        check_revision(expected, &state.policy_revision, "GetPolicy")?;
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
        state.policy_revision = uuid::Uuid::new_v4().to_string();
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
        Ok(json!({ "Policy": policy.to_string(), "RevisionId": state.policy_revision }))
    }

    pub(super) fn remove_permission(
        &self,
        call: &Call<'_>,
        name: &str,
        statement: &str,
    ) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let mut state = function.state.write();
        if !state.policy.contains_key(statement) {
            return Err(not_found(format!("Statement {statement} is not found in resource policy.")));
        }
        let expected = call.input().get("RevisionId").and_then(Value::as_str);
        check_revision(expected, &state.policy_revision, "GetPolicy")?;
        state.policy.remove(statement);
        state.policy_revision = uuid::Uuid::new_v4().to_string();
        Ok(Value::Null)
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
