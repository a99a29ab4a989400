//! Operations on the policies of roles: attached managed policies, and inline policies.

use serde_json::{Value, json};

use super::{errors::not_found, input::encoded, managed, roles::modifiable, service::Scope, state::State};
use crate::error::ApiError;

/// [AttachRolePolicy, IAM API reference]
pub(crate) fn attach(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    if managed::name(arn).is_none() && !state.policies.contains_key(arn) {
        return Err(not_found(format!("Policy {arn} does not exist or is not attachable.")));
    }
    modifiable(state, scope)?.attached.insert(arn.to_owned());
    Ok(json!({}))
}

/// [DetachRolePolicy, IAM API reference]
pub(crate) fn detach(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    if modifiable(state, scope)?.attached.remove(arn) {
        return Ok(json!({}));
    }
    Err(not_found(format!("Policy {arn} was not found.")))
}

/// [ListAttachedRolePolicies, IAM API reference]
pub(crate) fn list_attached(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = state.role(scope.input.name("RoleName", 64)?)?;
    let prefix = scope.input.optional("PathPrefix").unwrap_or("/");
    let policies = role.attached.iter().filter_map(|arn| {
        let (_, path_and_name) = arn.split_once(":policy")?;
        let (path, name) = path_and_name.rsplit_once('/')?;
        format!("{path}/")
            .starts_with(prefix)
            .then(|| (arn.clone(), json!({"PolicyName": name, "PolicyArn": arn})))
    });
    scope.input.page("AttachedPolicies", policies)
}

/// [PutRolePolicy, IAM API reference]
pub(crate) fn put(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let name = scope.input.name("PolicyName", 128)?;
    let document = scope.input.document("PolicyDocument", "Syntax errors in policy.")?;
    modifiable(state, scope)?.inline.insert(name.to_owned(), document);
    Ok(json!({}))
}

/// [GetRolePolicy, IAM API reference]
pub(crate) fn get(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let name = scope.input.name("PolicyName", 128)?;
    let role = state.role(scope.input.name("RoleName", 64)?)?;
    let document = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({"RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(document)}))
}

/// [DeleteRolePolicy, IAM API reference]
pub(crate) fn delete(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let name = scope.input.name("PolicyName", 128)?;
    modifiable(state, scope)?.inline.remove(name).map(|_| json!({})).ok_or_else(|| no_policy(name))
}

/// [ListRolePolicies, IAM API reference]
pub(crate) fn list(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = state.role(scope.input.name("RoleName", 64)?)?;
    scope.input.page("PolicyNames", role.inline.keys().map(|name| (name.clone(), name.as_str().into())))
}

fn no_policy(name: &str) -> ApiError {
    not_found(format!("The role policy with name {name} cannot be found."))
}
