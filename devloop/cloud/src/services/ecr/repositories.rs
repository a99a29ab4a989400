//! Repositories and their settings [Amazon ECR API Reference].

use std::collections::BTreeMap;

use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::{context::Context, error::ApiError, wire};

/// The most repositories of a region [Amazon ECR service quotas].
const MOST: usize = 100_000;

/// The repositories of one region by name.
#[derive(Debug, Default)]
pub(crate) struct Store(RwLock<BTreeMap<String, Repository>>);

#[derive(Debug, Clone)]
struct Repository {
    created_ms: i64,
    mutability: String,
    scanning: Value,
    encryption: Value,
    lifecycle: Option<String>,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
}

fn text<'i>(input: &'i Value, member: &str) -> Option<&'i str> {
    input.get(member)?.as_str()
}

fn invalid(message: String) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

fn required<'i>(input: &'i Value, member: &str) -> Result<&'i str, ApiError> {
    text(input, member).ok_or_else(|| {
        invalid(format!(
            "Invalid parameter at '{member}' failed to satisfy constraint: 'Member must not be null'"
        ))
    })
}

fn missing(cx: &Context, name: &str) -> ApiError {
    let account = &cx.account;
    ApiError::client(
        "RepositoryNotFoundException",
        format!("The repository with name '{name}' does not exist in the registry with id '{account}'"),
    )
}

/// Applies `change` to the repository that the input names.
fn on<T>(
    store: &Store,
    cx: &Context,
    input: &Value,
    change: impl FnOnce(&str, &mut Repository) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let name = match text(input, "resourceArn") {
        Some(arn) => arn.split_once(":repository/").map_or(arn, |(_, name)| name),
        None => required(input, "repositoryName")?,
    };
    change(name, store.0.write().get_mut(name).ok_or_else(|| missing(cx, name))?)
}

fn described(cx: &Context, name: &str, repository: &Repository) -> Value {
    let (account, region) = (&cx.account, &cx.region);
    json!({
        "repositoryArn": cx.arn("ecr", &format!("repository/{name}")),
        "registryId": &**account,
        "repositoryName": name,
        "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
        "createdAt": wire::epoch_seconds(repository.created_ms),
        "imageTagMutability": repository.mutability,
        "imageScanningConfiguration": repository.scanning,
        "encryptionConfiguration": repository.encryption,
    })
}

/// Checks a name: 2 to 256 lower-case letters and digits, in words that are separated by `.`, `_`, `-` and `/`.
fn check_name(name: &str) -> Result<(), ApiError> {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && word.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    if (2..=256).contains(&name.len()) && name.split('/').all(word) {
        return Ok(());
    }
    Err(invalid(format!(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
         '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'': {name}"
    )))
}

fn tags_of(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let items = input.get("tags").and_then(Value::as_array);
    let pair =
        |tag: &Value| Some((text(tag, "Key")?.to_owned(), text(tag, "Value").unwrap_or("").to_owned()));
    let read = |tag| pair(tag).ok_or_else(|| invalid("A tag needs a Key and a Value.".to_owned()));
    items.into_iter().flatten().map(read).collect()
}

/// [CreateRepository]
pub(crate) fn create(store: &Store, cx: &Context, now_ms: i64, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "repositoryName")?;
    check_name(name)?;
    let mut repositories = store.0.write();
    if repositories.contains_key(name) {
        return Err(ApiError::client(
            "RepositoryAlreadyExistsException",
            format!(
                "The repository with name '{name}' already exists in the registry with id '{}'",
                cx.account
            ),
        ));
    }
    if repositories.len() >= MOST {
        let message = format!("The registry with id '{}' has {MOST} repositories already", cx.account);
        return Err(ApiError::client("LimitExceededException", message));
    }
    let setting = |member: &str, otherwise: Value| input.get(member).cloned().unwrap_or(otherwise);
    let repository = Repository {
        created_ms: now_ms,
        mutability: text(input, "imageTagMutability").unwrap_or("MUTABLE").to_owned(),
        scanning: setting("imageScanningConfiguration", json!({ "scanOnPush": false })),
        encryption: setting("encryptionConfiguration", json!({ "encryptionType": "AES256" })),
        lifecycle: None,
        policy: None,
        tags: tags_of(input)?,
    };
    let shown = described(cx, name, &repository);
    repositories.insert(name.to_owned(), repository);
    Ok(json!({ "repository": shown }))
}

/// [DescribeRepositories]
pub(crate) fn describe(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let repositories = store.0.read();
    if let Some(names) = input.get("repositoryNames").and_then(Value::as_array) {
        let shown: Result<Vec<Value>, ApiError> = names
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                let found = repositories.get(name).ok_or_else(|| missing(cx, name))?;
                Ok(described(cx, name, found))
            })
            .collect();
        return Ok(json!({ "repositories": shown? }));
    }
    let limit =
        input.get("maxResults").and_then(Value::as_u64).map_or(100, |limit| limit.clamp(1, 1_000)) as usize;
    let after = text(input, "nextToken");
    let mut rest = repositories.iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
    let page: Vec<(&String, &Repository)> = rest.by_ref().take(limit).collect();
    let mut output = json!({
        "repositories": page.iter().map(|(name, repository)| described(cx, name, repository)).collect::<Vec<_>>(),
    });
    if let (Some(_), Some((last, _))) = (rest.next(), page.last()) {
        output["nextToken"] = last.as_str().into();
    }
    Ok(output)
}

/// [DeleteRepository]
pub(crate) fn delete(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "repositoryName")?;
    let removed = store.0.write().remove(name).ok_or_else(|| missing(cx, name))?;
    Ok(json!({ "repository": described(cx, name, &removed) }))
}

/// [PutImageTagMutability]
pub(crate) fn set_mutability(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let mutability = required(input, "imageTagMutability")?;
    on(store, cx, input, |name, repository| {
        mutability.clone_into(&mut repository.mutability);
        Ok(json!({ "registryId": &*cx.account, "repositoryName": name, "imageTagMutability": mutability }))
    })
}

/// [PutImageScanningConfiguration]
pub(crate) fn set_scanning(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let scanning = input.get("imageScanningConfiguration").cloned().unwrap_or_else(|| json!({}));
    on(store, cx, input, |name, repository| {
        repository.scanning = scanning.clone();
        Ok(
            json!({ "registryId": &*cx.account, "repositoryName": name, "imageScanningConfiguration": scanning }),
        )
    })
}

fn lifecycle_answer(cx: &Context, name: &str, text: &str) -> Value {
    json!({ "registryId": &*cx.account, "repositoryName": name, "lifecyclePolicyText": text })
}

/// A policy's text, which must be a JSON object.
fn document<'i>(input: &'i Value, member: &str) -> Result<&'i str, ApiError> {
    let text = required(input, member)?;
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Ok(text),
        _ => Err(invalid(format!(
            "Invalid parameter at '{member}' failed to satisfy constraint: 'it is no JSON object'"
        ))),
    }
}

/// [PutLifecyclePolicy]
pub(crate) fn put_lifecycle(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let policy = document(input, "lifecyclePolicyText")?;
    on(store, cx, input, |name, repository| {
        repository.lifecycle = Some(policy.to_owned());
        Ok(lifecycle_answer(cx, name, policy))
    })
}

/// [GetLifecyclePolicy] and [DeleteLifecyclePolicy].
pub(crate) fn lifecycle(
    store: &Store,
    cx: &Context,
    input: &Value,
    removes: bool,
) -> Result<Value, ApiError> {
    on(store, cx, input, |name, repository| {
        let found = if removes { repository.lifecycle.take() } else { repository.lifecycle.clone() };
        let found = found.ok_or_else(|| {
            let account = &cx.account;
            ApiError::client(
                "LifecyclePolicyNotFoundException",
                format!("Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{account}'"),
            )
        })?;
        Ok(lifecycle_answer(cx, name, &found))
    })
}

fn policy_answer(cx: &Context, name: &str, text: &str) -> Value {
    json!({ "registryId": &*cx.account, "repositoryName": name, "policyText": text })
}

/// [SetRepositoryPolicy]
pub(crate) fn set_policy(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let policy = document(input, "policyText")?;
    on(store, cx, input, |name, repository| {
        repository.policy = Some(policy.to_owned());
        Ok(policy_answer(cx, name, policy))
    })
}

/// [GetRepositoryPolicy] and [DeleteRepositoryPolicy].
pub(crate) fn policy(store: &Store, cx: &Context, input: &Value, removes: bool) -> Result<Value, ApiError> {
    on(store, cx, input, |name, repository| {
        let found = if removes { repository.policy.take() } else { repository.policy.clone() };
        let found = found.ok_or_else(|| {
            let account = &cx.account;
            ApiError::client(
                "RepositoryPolicyNotFoundException",
                format!("Repository policy does not exist for the repository with name '{name}' in the registry with id '{account}'"),
            )
        })?;
        Ok(policy_answer(cx, name, &found))
    })
}

/// [TagResource]
pub(crate) fn tag(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let tags = tags_of(input)?;
    on(store, cx, input, |_, repository| {
        repository.tags.extend(tags);
        Ok(json!({}))
    })
}

/// [UntagResource]
pub(crate) fn untag(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let keys: Vec<&str> = input
        .get("tagKeys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    on(store, cx, input, |_, repository| {
        repository.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(json!({}))
    })
}

/// [ListTagsForResource]
pub(crate) fn tags(store: &Store, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    on(store, cx, input, |_, repository| {
        let tags = repository.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        Ok(json!({ "tags": tags.collect::<Vec<_>>() }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_in_lower_case() {
        let check = |name: &str, fits: bool| assert_eq!(check_name(name).is_ok(), fits, "{name}");
        check("cdk-hnb659fds-container-assets-000000000000-us-east-1", true);
        check("team/project", true);
        check("a", false);
        check("Team/project", false);
        check("team//project", false);
        check("-team", false);
    }
}
