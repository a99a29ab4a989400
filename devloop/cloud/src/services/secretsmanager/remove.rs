//! The operations that delete secrets, and restore them until their recovery window ends.

use serde::Deserialize;
use serde_json::{Value, json};

use super::store::{Store, find, find_mut, invalid, named, not_found};
use crate::{context::Context, error::ApiError, wire};

const DAY_MS: i64 = 86_400_000;

/// Days in which a deleted secret can be restored, unless the client says otherwise [DeleteSecret].
const WINDOW: i64 = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    secret_id: String,
    #[serde(deserialize_with = "wire::integer")]
    recovery_window_in_days: Option<i64>,
    #[serde(deserialize_with = "wire::boolean")]
    force_delete_without_recovery: Option<bool>,
}

/// [DeleteSecret]
pub(super) fn delete(store: &Store, cx: &Context, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let at_once = input.force_delete_without_recovery == Some(true);
    let days = input.recovery_window_in_days;
    if at_once && days.is_some() {
        return Err(invalid(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    if days.is_some_and(|days| !(7..=WINDOW).contains(&days)) {
        return Err(invalid(format!(
            "The RecoveryWindowInDays value must be between 7 and {WINDOW} days (inclusive)."
        )));
    }
    let mut secrets = store.0.write();
    if at_once {
        // A secret that does not exist counts as deleted.
        let name = named(&secrets, &input.secret_id).map(str::to_owned);
        let removed = name.and_then(|name| secrets.remove(&name));
        let (arn, name) = removed.map_or_else(
            || {
                let arn = cx.arn("secretsmanager", &format!("secret:{}", input.secret_id));
                (arn, input.secret_id.clone())
            },
            |secret| (secret.arn, secret.name),
        );
        return Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": wire::epoch_seconds(now_ms) }));
    }
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    let at = now_ms + days.unwrap_or(WINDOW) * DAY_MS;
    secret.deleted_ms = Some(at);
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": wire::epoch_seconds(at) }))
}

/// [RestoreSecret]. One that was not deleted stays as it is.
pub(super) fn restore(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let mut secrets = store.0.write();
    let name = find(&secrets, &input.secret_id)?.name.clone();
    let secret = secrets.get_mut(&name).ok_or_else(not_found)?;
    secret.deleted_ms = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

/// [DeleteResourcePolicy]
pub(super) fn policy(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let mut secrets = store.0.write();
    let secret = find_mut(&mut secrets, &input.secret_id)?;
    secret.policy = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}
