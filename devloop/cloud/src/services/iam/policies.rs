//! Operations on customer managed policies and their versions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    errors::{conflict, exists, not_found},
    identifier::identifier,
    input::{encoded, tag_items, tag_list},
    managed,
    service::Scope,
    state::{Policy, State, Version},
};
use crate::{error::ApiError, wire};

/// The most versions of a policy [IAM quotas].
const VERSIONS: usize = 5;

/// [CreatePolicy, IAM API reference]
pub(crate) fn create(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let input = &scope.input;
    let (name, path) = (input.name("PolicyName", 128)?, input.path()?);
    let document = input.document("PolicyDocument", "Syntax errors in policy.")?;
    let arn = scope.arn(&format!("policy{path}{name}"));
    if state.policies.values().any(|policy| policy.name == name) {
        return Err(exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let policy = Policy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: identifier("ANPA", 17),
        arn: arn.clone(),
        created_ms: scope.now_ms,
        updated_ms: scope.now_ms,
        description: input.optional("Description").map(str::to_owned),
        tags: input.tags()?,
        versions: BTreeMap::from([(1, Version { document, created_ms: scope.now_ms })]),
        default_version: 1,
        latest: 1,
    };
    let output = json!({"Policy": describe(state, &policy)});
    state.policies.insert(arn, policy);
    Ok(output)
}

/// [GetPolicy, IAM API reference]
pub(crate) fn get(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    if let Some(name) = managed::name(arn) {
        return Ok(managed::get(state, arn, name));
    }
    Ok(json!({"Policy": describe(state, state.policy(arn)?)}))
}

/// [ListPolicies, IAM API reference]. Of the policies that AWS manages, those are listed that are attached to a role, where
/// `OnlyAttached` asks for it.
pub(crate) fn list(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let input = &scope.input;
    let attached_only = input.flag("OnlyAttached");
    let wanted = input.optional("Scope").unwrap_or("All");
    if wanted == "AWS" && !attached_only {
        return Err(ApiError::unsupported("a list of the policies that AWS manages"));
    }
    let prefix = input.optional("PathPrefix").unwrap_or("/");
    let mut found = BTreeMap::new();
    if wanted != "AWS" {
        let policies = state.policies.values().filter(|policy| {
            policy.path.starts_with(prefix) && (!attached_only || state.attachments(&policy.arn) > 0)
        });
        found.extend(policies.map(|policy| (policy.arn.clone(), describe(state, policy))));
    }
    if wanted != "Local" && attached_only {
        let policies = managed::attached(state).filter(|(_, path, _)| path.starts_with(prefix));
        found.extend(policies.map(|(arn, _, policy)| (arn.to_owned(), policy)));
    }
    input.page("Policies", found)
}

/// [DeletePolicy, IAM API reference]
pub(crate) fn delete(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    managed::check_own(arn)?;
    let policy = state.policy(arn)?;
    if policy.versions.len() > 1 {
        return Err(conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        ));
    }
    if state.attachments(arn) > 0 {
        return Err(conflict("Cannot delete a policy attached to entities."));
    }
    state.policies.remove(arn);
    Ok(json!({}))
}

/// [CreatePolicyVersion, IAM API reference]
pub(crate) fn create_version(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let document = scope.input.document("PolicyDocument", "Syntax errors in policy.")?;
    let policy = state.policy_mut(scope.input.policy_arn()?)?;
    if policy.versions.len() >= VERSIONS {
        return Err(ApiError::with_status(
            409,
            "LimitExceededException",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing \
             version.",
        ));
    }
    policy.latest += 1;
    let number = policy.latest;
    policy.versions.insert(number, Version { document, created_ms: scope.now_ms });
    policy.updated_ms = scope.now_ms;
    if scope.input.flag("SetAsDefault") {
        policy.default_version = number;
    }
    let mut version = describe_version(policy, number, &policy.versions[&number]);
    if let Some(members) = version.as_object_mut() {
        members.remove("Document");
    }
    Ok(json!({"PolicyVersion": version}))
}

/// [GetPolicyVersion, IAM API reference]
pub(crate) fn get_version(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    if let Some(name) = managed::name(arn) {
        return managed::get_version(scope, name);
    }
    let policy = state.policy(arn)?;
    let number = version_number(policy, scope)?;
    Ok(json!({"PolicyVersion": describe_version(policy, number, &policy.versions[&number])}))
}

/// [ListPolicyVersions, IAM API reference]
pub(crate) fn list_versions(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    if managed::name(arn).is_some() {
        return managed::list_versions(scope);
    }
    let policy = state.policy(arn)?;
    let versions = policy.versions.iter().map(|(number, version)| {
        let mut members = describe_version(policy, *number, version);
        if let Some(members) = members.as_object_mut() {
            members.remove("Document");
        }
        (format!("v{number:010}"), members)
    });
    scope.input.page("Versions", versions)
}

/// [DeletePolicyVersion, IAM API reference]
pub(crate) fn delete_version(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let policy = state.policy_mut(scope.input.policy_arn()?)?;
    let number = version_number(policy, scope)?;
    if number == policy.default_version {
        return Err(conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number);
    Ok(json!({}))
}

/// [SetDefaultPolicyVersion, IAM API reference]
pub(crate) fn set_default(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let policy = state.policy_mut(scope.input.policy_arn()?)?;
    policy.default_version = version_number(policy, scope)?;
    policy.updated_ms = scope.now_ms;
    Ok(json!({}))
}

/// [ListEntitiesForPolicy, IAM API reference]. Here policies are attached to roles only.
pub(crate) fn entities(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let arn = scope.input.policy_arn()?;
    let roles = state.roles.values().filter(|role| role.attached.contains(arn));
    let roles = roles.map(|role| (role.name.clone(), json!({"RoleName": role.name, "RoleId": role.id})));
    let mut output = scope.input.page("PolicyRoles", roles)?;
    output["PolicyGroups"] = json!([]);
    output["PolicyUsers"] = json!([]);
    Ok(output)
}

/// [TagPolicy, IAM API reference]
pub(crate) fn tag(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let tags = scope.input.tags()?;
    state.policy_mut(scope.input.policy_arn()?)?.tags.extend(tags);
    Ok(json!({}))
}

/// [UntagPolicy, IAM API reference]
pub(crate) fn untag(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let keys = scope.input.tag_keys()?;
    state.policy_mut(scope.input.policy_arn()?)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

/// [ListPolicyTags, IAM API reference]
pub(crate) fn tags(state: &mut State, scope: &Scope<'_>) -> Result<Value, ApiError> {
    let policy = state.policy(scope.input.policy_arn()?)?;
    scope.input.page("Tags", tag_items(&policy.tags))
}

/// The number of the version that the input names; fails if the policy does not have it.
fn version_number(policy: &Policy, scope: &Scope<'_>) -> Result<u32, ApiError> {
    let version = scope.input.required("VersionId")?;
    let number = version.strip_prefix('v').and_then(|number| number.parse().ok());
    number.filter(|number| policy.versions.contains_key(number)).ok_or_else(|| {
        not_found(format!("Policy {} version {version} does not exist or is not attachable.", policy.arn))
    })
}

fn describe_version(policy: &Policy, number: u32, version: &Version) -> Value {
    json!({
        "Document": encoded(&version.document),
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": number == policy.default_version,
        "CreateDate": wire::time(version.created_ms),
    })
}

fn describe(state: &State, policy: &Policy) -> Value {
    let mut members = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default_version),
        "AttachmentCount": state.attachments(&policy.arn),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": wire::time(policy.created_ms),
        "UpdateDate": wire::time(policy.updated_ms),
    });
    if let Some(text) = &policy.description {
        members["Description"] = text.as_str().into();
    }
    if !policy.tags.is_empty() {
        members["Tags"] = tag_list(&policy.tags);
    }
    members
}
