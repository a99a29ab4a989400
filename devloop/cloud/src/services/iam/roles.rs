//! Operations on roles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    errors::{conflict, exists, not_found, validation},
    identifier::identifier,
    input::{encoded, tag_items, tag_list},
    service::Scope,
    state::{Role, State},
};
use crate::{error::ApiError, wire};

/// The path of service-linked roles.
const SERVICE_LINKED: &str = "/aws-service-role/";

/// [CreateRole, IAM API reference]
pub(crate) fn create(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let input = &scope.input;
    let (name, path) = (input.name("RoleName", 64)?, input.path()?);
    let trust = trust_policy(scope)?;
    let role = Role {
        name: name.to_owned(),
        path: path.to_owned(),
        id: identifier("AROA", 17),
        arn: scope.arn(&format!("role{path}{name}")),
        created_ms: scope.now_ms,
        trust,
        description: input.optional("Description").map(str::to_owned),
        max_session_seconds: session_seconds(scope)?.unwrap_or(3_600),
        boundary: input.optional("PermissionsBoundary").map(str::to_owned),
        tags: input.tags()?,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    insert(state, role)
}

fn insert(state: &mut State, role: Role) -> Result<Value, ApiError> {
    if state.roles.contains_key(&role.name) {
        return Err(exists(format!("Role with name {} already exists.", role.name)));
    }
    let output = json!({"Role": describe(&role)});
    state.roles.insert(role.name.clone(), role);
    Ok(output)
}

/// [GetRole, IAM API reference]
pub(crate) fn get(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let mut shown = describe(state.role(scope.input.name("RoleName", 64)?)?);
    // Nothing is known about a role's use.
    shown["RoleLastUsed"] = json!({});
    Ok(json!({"Role": shown}))
}

/// [ListRoles, IAM API reference]: tags and boundaries are shown by GetRole alone.
pub(crate) fn list(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let prefix = scope.input.optional("PathPrefix").unwrap_or("/");
    let roles = state.roles.values().filter(|role| role.path.starts_with(prefix));
    let shown = roles.map(|role| {
        let mut shown = describe(role);
        if let Some(members) = shown.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "PermissionsBoundary" | "Tags"));
        }
        (role.name.clone(), shown)
    });
    scope.input.page("Roles", shown)
}

/// [UpdateRole, IAM API reference]
pub(crate) fn update(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = modifiable(state, scope)?;
    if let Some(seconds) = session_seconds(scope)? {
        role.max_session_seconds = seconds;
    }
    if let Some(text) = scope.input.optional("Description") {
        role.description = Some(text.to_owned());
    }
    Ok(json!({}))
}

/// [UpdateRoleDescription, IAM API reference]
pub(crate) fn update_description(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = modifiable(state, scope)?;
    role.description = Some(scope.input.optional("Description").unwrap_or_default().to_owned());
    Ok(json!({"Role": describe(role)}))
}

/// [UpdateAssumeRolePolicy, IAM API reference]
pub(crate) fn update_trust(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let document = scope.input.document("PolicyDocument", "This policy contains invalid Json")?;
    modifiable(state, scope)?.trust = document;
    Ok(json!({}))
}

/// [DeleteRole, IAM API reference]
pub(crate) fn delete(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = modifiable(state, scope)?;
    if !role.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !role.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    let name = role.name.clone();
    state.roles.remove(&name);
    Ok(json!({}))
}

/// [TagRole, IAM API reference]
pub(crate) fn tag(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let tags = scope.input.tags()?;
    modifiable(state, scope)?.tags.extend(tags);
    Ok(json!({}))
}

/// [UntagRole, IAM API reference]
pub(crate) fn untag(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let keys = scope.input.tag_keys()?;
    modifiable(state, scope)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

/// [ListRoleTags, IAM API reference]
pub(crate) fn tags(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = state.role(scope.input.name("RoleName", 64)?)?;
    scope.input.page("Tags", tag_items(&role.tags))
}

/// [ListInstanceProfilesForRole, IAM API reference]. The list is always empty; clients call this before they delete a role.
pub(crate) fn instance_profiles(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    state.role(scope.input.name("RoleName", 64)?)?;
    scope.input.page("InstanceProfiles", [])
}

/// [CreateServiceLinkedRole, IAM API reference]. The role's name is derived from the service's name, which for some
/// services differs from AWS.
pub(crate) fn create_service_linked(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let service = scope.input.name("AWSServiceName", 128)?;
    let short = service.split('.').next().unwrap_or(service);
    let mut name = "AWSServiceRoleFor".to_owned();
    for word in short.split('-') {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    if let Some(suffix) = scope.input.optional("CustomSuffix") {
        name = format!("{name}_{suffix}");
    }
    if state.roles.contains_key(&name) {
        return Err(ApiError::client(
            "InvalidInputException",
            format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            ),
        ));
    }
    let path = format!("{SERVICE_LINKED}{service}/");
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    });
    let role = Role {
        id: identifier("AROA", 17),
        arn: scope.arn(&format!("role{path}{name}")),
        created_ms: scope.now_ms,
        trust: trust.to_string(),
        description: scope.input.optional("Description").map(str::to_owned),
        max_session_seconds: 3_600,
        boundary: None,
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        name,
        path,
    };
    insert(state, role)
}

/// [DeleteServiceLinkedRole, IAM API reference]. The role is deleted at once; the deletion task exists for clients that
/// poll it.
pub(crate) fn delete_service_linked(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let role = state.role(scope.input.name("RoleName", 64)?)?;
    if !role.path.starts_with(SERVICE_LINKED) {
        return Err(validation(format!("The role {} is not a service-linked role.", role.name)));
    }
    let (name, task) =
        (role.name.clone(), format!("task{}{}/{}", role.path, role.name, uuid::Uuid::new_v4()));
    state.roles.remove(&name);
    Ok(json!({"DeletionTaskId": task}))
}

/// [GetServiceLinkedRoleDeletionStatus, IAM API reference]
pub(crate) fn deletion_status(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let task = scope.input.required("DeletionTaskId")?;
    let role = task.strip_prefix("task").and_then(|path| path.rsplit('/').nth(1));
    match role.filter(|_| task[4..].starts_with(SERVICE_LINKED)) {
        Some(role) if !state.roles.contains_key(role) => Ok(json!({"Status": "SUCCEEDED"})),
        _ => Err(not_found(format!("The deletion task {task} cannot be found."))),
    }
}

/// The role that the input names; fails for a service-linked role.
pub(crate) fn modifiable<'a>(state: &'a mut State, scope: &Scope<'_>) -> Result<&'a mut Role, ApiError> {
    let role = state.role_mut(scope.input.name("RoleName", 64)?)?;
    if role.path.starts_with(SERVICE_LINKED) {
        return Err(ApiError::client(
            "UnmodifiableEntityException",
            format!(
                "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
                role.name
            ),
        ));
    }
    Ok(role)
}

fn trust_policy(scope: &Scope<'_>) -> Result<String, ApiError> {
    scope.input.document("AssumeRolePolicyDocument", "This policy contains invalid Json")
}

fn session_seconds(scope: &Scope<'_>) -> Result<Option<i64>, ApiError> {
    match scope.input.integer("MaxSessionDuration")? {
        Some(seconds) if !(3_600..=43_200).contains(&seconds) => {
            Err(validation("MaxSessionDuration must be between 3600 and 43200 seconds."))
        }
        seconds => Ok(seconds),
    }
}

fn describe(role: &Role) -> Value {
    let mut members = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": wire::time(role.created_ms),
        "AssumeRolePolicyDocument": encoded(&role.trust),
        "MaxSessionDuration": role.max_session_seconds,
    });
    if let Some(text) = &role.description {
        members["Description"] = text.as_str().into();
    }
    if let Some(arn) = &role.boundary {
        members["PermissionsBoundary"] =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    }
    if !role.tags.is_empty() {
        members["Tags"] = tag_list(&role.tags);
    }
    members
}
