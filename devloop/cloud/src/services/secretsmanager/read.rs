//! The operations that read and list secrets.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::store::{CURRENT, Secret, Store, Version, find, invalid};
use crate::{error::ApiError, wire};

const DAY_MS: i64 = 86_400_000;

/// The most secrets of one page, and of one answer with values.
const PAGE: usize = 100;
const BATCH: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
    secret_id_list: Vec<String>,
    #[serde(deserialize_with = "wire::boolean")]
    include_deprecated: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    include_planned_deletion: Option<bool>,
    filters: Vec<Filter>,
    sort_order: Option<String>,
    #[serde(deserialize_with = "wire::integer")]
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// A condition on the secrets that are listed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

/// [GetSecretValue]
pub(super) fn value(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let name = {
        let secrets = store.0.read();
        find(&secrets, &input.secret_id)?.name.clone()
    };
    let mut secrets = store.0.write();
    let secret = secrets.get_mut(&name).ok_or_else(super::store::not_found)?;
    secret.check_there()?;
    let version = version_of(secret, input.version_id.as_deref(), input.version_stage.as_deref())?;
    let (answer, id) = (shown(secret, version), version.id.clone());
    // The service shows only the day.
    let today = now_ms - now_ms.rem_euclid(DAY_MS);
    secret.accessed_ms = Some(today);
    for version in secret.versions.iter_mut().filter(|version| version.id == id) {
        version.accessed_ms = Some(today);
    }
    Ok(answer)
}

/// The version that a client asks for; the current one unless it says otherwise.
fn version_of<'s>(
    secret: &'s Secret,
    id: Option<&str>,
    stage: Option<&str>,
) -> Result<&'s Version, ApiError> {
    let missing = |what: String| {
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        ApiError::client("ResourceNotFoundException", message)
    };
    match (id, stage) {
        (Some(id), stage) => {
            let found = secret.versions.iter().find(|version| version.id == id);
            let found = found.ok_or_else(|| missing(format!("VersionId: {id}")))?;
            if let Some(stage) = stage.filter(|stage| !found.stages.contains(*stage)) {
                return Err(ApiError::client(
                    "InvalidRequestException",
                    format!(
                        "You provided a VersionStage that is not associated to the provided VersionId: {stage}"
                    ),
                ));
            }
            Ok(found)
        }
        (None, stage) => {
            let stage = stage.unwrap_or(CURRENT);
            secret.labelled(stage).ok_or_else(|| missing(format!("staging label: {stage}")))
        }
    }
}

fn shown(secret: &Secret, version: &Version) -> Value {
    let (member, text) = version.content.shown();
    json!({
        "ARN": secret.arn, "Name": secret.name, "VersionId": version.id, "VersionStages": version.stages,
        "CreatedDate": wire::epoch_seconds(version.created_ms), member: text,
    })
}

/// [BatchGetSecretValue], by ids or by filters.
pub(super) fn values(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let mut input: Input = wire::read(input)?;
    let ids = std::mem::take(&mut input.secret_id_list);
    if ids.is_empty() == input.filters.is_empty() {
        return Err(invalid("Either SecretIdList or Filters must be provided, but not both."));
    }
    if ids.len() > BATCH {
        return Err(invalid(format!("SecretIdList has more than {BATCH} secrets.")));
    }
    let mut output = json!({ "SecretValues": [], "Errors": [] });
    let mut ids = ids;
    if ids.is_empty() {
        input.max_results = Some(input.max_results.unwrap_or(BATCH as i64).min(BATCH as i64));
        let page = page(store, &input)?;
        ids = page.names;
        if let Some(next) = page.next {
            output["NextToken"] = next.into();
        }
    }
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match value(store, now_ms, json!({ "SecretId": id })) {
            Ok(value) => found.push(value),
            Err(error) => {
                errors.push(json!({ "SecretId": id, "ErrorCode": error.code, "Message": error.message }));
            }
        }
    }
    output["SecretValues"] = found.into();
    output["Errors"] = errors.into();
    Ok(output)
}

/// [DescribeSecret]
pub(super) fn describe(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let secrets = store.0.read();
    let secret = find(&secrets, &input.secret_id)?;
    let mut output = described(secret);
    output.insert("VersionIdsToStages".to_owned(), secret.stages());
    Ok(output.into())
}

fn described(secret: &Secret) -> Map<String, Value> {
    let tags: Vec<Value> =
        secret.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let time = |ms: Option<i64>| ms.map(wire::epoch_seconds);
    let mut output = Map::from_iter([
        ("ARN".to_owned(), secret.arn.as_str().into()),
        ("Name".to_owned(), secret.name.as_str().into()),
        ("CreatedDate".to_owned(), wire::epoch_seconds(secret.created_ms)),
        ("LastChangedDate".to_owned(), wire::epoch_seconds(secret.changed_ms)),
        ("Tags".to_owned(), tags.into()),
    ]);
    let optional = [
        ("Description", secret.description.as_deref().map(Value::from)),
        ("KmsKeyId", secret.key_id.as_deref().map(Value::from)),
        ("LastAccessedDate", time(secret.accessed_ms)),
        ("DeletedDate", time(secret.deleted_ms)),
    ];
    output.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    output
}

/// One page of names.
struct Page {
    names: Vec<String>,
    next: Option<String>,
}

fn page(store: &Store, input: &Input) -> Result<Page, ApiError> {
    if let Some(filter) = input.filters.iter().find(|filter| !KEYS.contains(&filter.key.as_str())) {
        return Err(ApiError::unsupported(format_args!("the filter {} of secrets", filter.key)));
    }
    let size = input.max_results.unwrap_or(PAGE as i64);
    if !(1..=PAGE as i64).contains(&size) {
        return Err(invalid(format!("MaxResults must be between 1 and {PAGE}.")));
    }
    let secrets = store.0.read();
    let fits = |secret: &&Secret| {
        (secret.deleted_ms.is_none() || input.include_planned_deletion == Some(true))
            && input.filters.iter().all(|filter| filter.fits(secret))
    };
    let mut found: Vec<&Secret> = secrets.values().filter(fits).collect();
    // The newest come first unless the client says otherwise.
    found.sort_by_key(|secret| (secret.created_ms, &secret.name));
    if input.sort_order.as_deref() != Some("asc") {
        found.reverse();
    }
    let start = match &input.next_token {
        None => 0,
        Some(name) => {
            let at = found.iter().position(|secret| secret.name == *name);
            at.ok_or_else(|| {
                ApiError::client("InvalidNextTokenException", "The NextToken value is invalid.")
            })?
        }
    };
    let mut rest = found[start..].iter().map(|secret| secret.name.clone());
    let names = rest.by_ref().take(usize::try_from(size).unwrap_or(PAGE)).collect();
    Ok(Page { names, next: rest.next() })
}

/// The supported filters.
const KEYS: [&str; 5] = ["all", "description", "name", "tag-key", "tag-value"];

impl Filter {
    /// Whether one of the values fits; a `!` before a value negates it.
    fn fits(&self, secret: &Secret) -> bool {
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !self.has(secret, value),
            None => self.has(secret, value),
        })
    }

    fn has(&self, secret: &Secret, value: &str) -> bool {
        let lower = value.to_lowercase();
        let name = || secret.name.starts_with(value);
        let description = || {
            let text = secret.description.as_deref().unwrap_or_default().to_lowercase();
            text.split_whitespace().any(|word| word.starts_with(&lower))
        };
        let key = || secret.tags.keys().any(|key| key.starts_with(value));
        let tag = || secret.tags.values().any(|tag| tag.starts_with(value));
        match self.key.as_str() {
            "name" => name(),
            "description" => description(),
            "tag-key" => key(),
            "tag-value" => tag(),
            _ => secret.name.to_lowercase().contains(&lower) || description() || key() || tag(),
        }
    }
}

/// [ListSecrets]
pub(super) fn list(store: &Store, input: Value) -> Result<Value, ApiError> {
    let page = page(store, &wire::read(input)?)?;
    let secrets = store.0.read();
    let shown = page.names.iter().filter_map(|name| secrets.get(name)).map(|secret| {
        let mut shown = described(secret);
        shown.insert("SecretVersionsToStages".to_owned(), secret.stages());
        Value::Object(shown)
    });
    let mut output = json!({ "SecretList": shown.collect::<Vec<_>>() });
    if let Some(next) = page.next {
        output["NextToken"] = next.into();
    }
    Ok(output)
}

/// [ListSecretVersionIds]
pub(super) fn versions(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let secrets = store.0.read();
    let secret = find(&secrets, &input.secret_id)?;
    let wanted = |version: &&Version| !version.stages.is_empty() || input.include_deprecated == Some(true);
    let versions = secret.versions.iter().filter(wanted).map(|version| {
        let mut shown = json!({
            "VersionId": version.id, "VersionStages": version.stages,
            "CreatedDate": wire::epoch_seconds(version.created_ms),
        });
        if let Some(day) = version.accessed_ms {
            shown["LastAccessedDate"] = wire::epoch_seconds(day);
        }
        shown
    });
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions.collect::<Vec<_>>() }))
}

/// [GetResourcePolicy]
pub(super) fn policy(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let secrets = store.0.read();
    let secret = find(&secrets, &input.secret_id)?;
    let mut output = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(policy) = &secret.policy {
        output["ResourcePolicy"] = policy.as_str().into();
    }
    Ok(output)
}
