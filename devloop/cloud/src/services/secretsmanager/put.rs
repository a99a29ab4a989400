//! The operations that create secrets and change their values, labels and tags.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::{CURRENT, Content, Secret, Store, find_mut, invalid, refused};
use crate::{
    context::Context,
    error::{ApiError, detected, violation_without_value},
    kept::Budget,
    wire,
};

/// The longest value, in bytes [Secrets Manager quotas].
const LONGEST: usize = 65_536;

/// The most labels of a version, and tags of a secret [Secrets Manager quotas].
const MOST_LABELS: usize = 20;
const MOST_TAGS: usize = 50;

/// A key and its value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// What most operations have in common.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: String,
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<Vec<String>>,
    version_stage: Option<String>,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
    tags: Vec<Tag>,
    tag_keys: Vec<String>,
    resource_policy: Option<String>,
    block_public_policy: Option<bool>,
    add_replica_regions: Vec<Value>,
    rotation_token: Option<Value>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

impl Input {
    fn read(input: Value) -> Result<Self, ApiError> {
        let input: Self = wire::read(input)?;
        if !input.add_replica_regions.is_empty() {
            return Err(ApiError::unsupported("secrets in several regions (AddReplicaRegions)"));
        }
        if input.kind.as_ref().is_some_and(|kind| !kind.is_empty()) {
            return Err(ApiError::unsupported("secrets that another company manages (Type)"));
        }
        if input.rotation_token.is_some() {
            return Err(ApiError::unsupported("the rotation of secrets (RotationToken)"));
        }
        Ok(input)
    }

    /// The value, if there is one.
    fn content(&mut self) -> Result<Option<Content>, ApiError> {
        let content = match (self.secret_string.take(), self.secret_binary.take()) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "You can't specify both a binary secret value and a string secret value in the same secret.",
                ));
            }
            (Some(text), None) => Content::Text(text),
            (None, Some(bytes)) => Content::Binary(bytes),
            (None, None) => return Ok(None),
        };
        let (member, text) = content.shown();
        if text.is_empty()
            || text.len() > LONGEST * 4 / 3
            || matches!(content, Content::Text(_)) && text.len() > LONGEST
        {
            let member = if member == "SecretString" { "secretString" } else { "secretBinary" };
            let must = format!("have length between 1 and {LONGEST}");
            return Err(ApiError::validation(detected(&[violation_without_value(member, must)])));
        }
        Ok(Some(content))
    }

    /// The version's id: the client's token, so that a second try makes no second version.
    fn version(&self) -> Result<String, ApiError> {
        match &self.client_request_token {
            None => Ok(wire::unique_id().to_string()),
            Some(token) if (32..=64).contains(&token.len()) => Ok(token.clone()),
            Some(_) => Err(invalid("ClientRequestToken must be 32-64 characters long.")),
        }
    }
}

/// [CreateSecret]
pub(super) fn create(
    store: &Store,
    cx: &Context,
    now_ms: i64,
    budget: &Arc<Budget>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::read(input)?;
    check_name(&input.name)?;
    let (content, version) = (input.content()?, input.version()?);
    let mut secrets = store.0.write();
    if let Some(known) = secrets.get(&input.name) {
        if known.deleted_ms.is_some() {
            return Err(refused(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ));
        }
        let same = known.versions.iter().find(|known| known.id == version);
        if same.is_some_and(|same| Some(&same.content) == content.as_ref()) {
            return Ok(json!({ "ARN": known.arn, "Name": known.name, "VersionId": version }));
        }
        let message = format!("The operation failed because the secret {} already exists.", input.name);
        return Err(ApiError::client("ResourceExistsException", message));
    }
    let mut secret = Secret {
        arn: cx.arn("secretsmanager", &format!("secret:{}-{}", input.name, six_characters())),
        name: input.name.clone(),
        description: input.description,
        key_id: input.kms_key_id,
        created_ms: now_ms,
        changed_ms: now_ms,
        ..Secret::default()
    };
    add_tags(&mut secret.tags, input.tags)?;
    let mut output = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(content) = content {
        secret.add(&version, content, BTreeSet::from([CURRENT.to_owned()]), now_ms, budget)?;
        output["VersionId"] = version.into();
    }
    secrets.insert(input.name, secret);
    Ok(output)
}

/// [PutSecretValue]
pub(super) fn value(
    store: &Store,
    now_ms: i64,
    budget: &Arc<Budget>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::read(input)?;
    let content = input.content()?;
    let content = content.ok_or_else(|| refused("You must provide either SecretString or SecretBinary."))?;
    let version = input.version()?;
    let mut secrets = store.0.write();
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    let mut stages: BTreeSet<String> = match input.version_stages.take() {
        Some(stages) if (1..=MOST_LABELS).contains(&stages.len()) => stages.into_iter().collect(),
        Some(_) => return Err(invalid(format!("A version has 1 to {MOST_LABELS} staging labels."))),
        None => BTreeSet::from([CURRENT.to_owned()]),
    };
    if secret.versions.is_empty() {
        stages.insert(CURRENT.to_owned());
    }
    secret.add(&version, content, stages, now_ms, budget)?;
    let stages = secret.versions.iter().find(|known| known.id == version).map(|known| known.stages.clone());
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": version, "VersionStages": stages }))
}

/// [UpdateSecret]
pub(super) fn update(
    store: &Store,
    now_ms: i64,
    budget: &Arc<Budget>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::read(input)?;
    let (content, version) = (input.content()?, input.version()?);
    let mut secrets = store.0.write();
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    let mut output = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(content) = content {
        secret.add(&version, content, BTreeSet::from([CURRENT.to_owned()]), now_ms, budget)?;
        output["VersionId"] = version.into();
    }
    if let Some(description) = input.description {
        secret.description = Some(description).filter(|text| !text.is_empty());
    }
    if input.kms_key_id.is_some() {
        secret.key_id = input.kms_key_id;
    }
    secret.changed_ms = now_ms;
    Ok(output)
}

/// [UpdateSecretVersionStage]
pub(super) fn stage(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let input = Input::read(input)?;
    let label = input.version_stage.ok_or_else(|| invalid("You must provide a VersionStage."))?;
    let mut secrets = store.0.write();
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    for id in [&input.move_to_version_id, &input.remove_from_version_id].into_iter().flatten() {
        if !secret.versions.iter().any(|version| version.id == *id) {
            let message =
                format!("Secrets Manager can't find the specified secret value for VersionId: {id}");
            return Err(ApiError::client("ResourceNotFoundException", message));
        }
    }
    let holder = secret.labelled(&label).map(|version| version.id.clone());
    match (&holder, &input.remove_from_version_id) {
        (Some(holder), from)
            if from.as_ref() != Some(holder) && input.move_to_version_id.as_ref() != Some(holder) =>
        {
            return Err(invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to \
                 version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            )));
        }
        (None, Some(from)) => {
            return Err(invalid(format!("Staging label {label} is not attached to version {from}.")));
        }
        _ => {}
    }
    if label == CURRENT && input.move_to_version_id.is_none() {
        return Err(invalid(format!(
            "You can only move staging label {CURRENT} to a different secret version. It can't be completely removed."
        )));
    }
    secret.move_label(&label, input.move_to_version_id.as_deref());
    secret.changed_ms = now_ms;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

/// [TagResource]
pub(super) fn tag(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input = Input::read(input)?;
    let mut secrets = store.0.write();
    add_tags(&mut find_mut(&mut secrets, &input.secret_id)?.tags, input.tags)?;
    Ok(json!({}))
}

/// [UntagResource]
pub(super) fn untag(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input = Input::read(input)?;
    let mut secrets = store.0.write();
    find_mut(&mut secrets, &input.secret_id)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// [PutResourcePolicy]
pub(super) fn policy(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input = Input::read(input)?;
    let policy = input.resource_policy.unwrap_or_default();
    let Ok(document @ Value::Object(_)) = serde_json::from_str::<Value>(&policy) else {
        return Err(ApiError::client(
            "MalformedPolicyDocumentException",
            "This resource policy is not valid JSON.",
        ));
    };
    if input.block_public_policy == Some(true) && is_public(&document) {
        return Err(ApiError::client(
            "PublicPolicyException",
            "This resource policy grants broad access to your secret, which BlockPublicPolicy prevents.",
        ));
    }
    let mut secrets = store.0.write();
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    secret.policy = Some(policy);
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

/// Whether a policy gives everybody access without a condition.
fn is_public(policy: &Value) -> bool {
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let names_all = |principal: &Value| match principal {
        Value::Array(all) => all.iter().any(|one| one == "*"),
        one => one == "*",
    };
    statements.iter().any(|statement| {
        let principal = &statement["Principal"];
        statement["Effect"] == "Allow"
            && statement["Condition"].is_null()
            && (names_all(principal) || names_all(&principal["AWS"]))
    })
}

fn add_tags(tags: &mut BTreeMap<String, String>, more: Vec<Tag>) -> Result<(), ApiError> {
    tags.extend(more.into_iter().map(|tag| (tag.key, tag.value)));
    if tags.len() > MOST_TAGS {
        return Err(invalid(format!("A secret has {MOST_TAGS} tags at most.")));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&b);
    if (1..=512).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(ApiError::validation(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

/// The end of an ARN, which distinguishes secrets that have the same name one after the other.
fn six_characters() -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(6).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_another_company_manages_is_refused() {
        let error = Input::read(json!({ "Name": "s", "Type": "Partner" })).unwrap_err();
        assert!(error.status == 501 && error.message.contains("(Type)"), "{error}");
        assert!(Input::read(json!({ "Name": "s", "ForceOverwriteReplicaSecret": false })).is_ok());
    }
}
