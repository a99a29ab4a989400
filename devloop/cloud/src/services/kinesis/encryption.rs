//! Server-side encryption with the key that AWS manages for Kinesis. On AWS it is invisible to clients that may use the
//! stream. Here records never leave this process's memory, so the setting is only kept and shown. Other keys are refused,
//! because they would need KMS, which the embedded cloud does not have.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, target,
    validate::{Constraints, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The alias of the key that AWS manages for Kinesis.
pub(super) const MANAGED_KEY: &str = "alias/aws/kinesis";

/// [`StartStreamEncryption` and `StopStreamEncryption`, Kinesis API reference].
pub(super) fn set(
    kinesis: &Kinesis,
    cx: &Context,
    mut input: Value,
    encrypted: bool,
) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        encryption_type: Option<String>,
        key_id: Option<String>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let kind = required(input.encryption_type, "encryptionType")?;
    Constraints::default().one_of("encryptionType", &kind, &["KMS", "NONE"]).finish()?;
    let key = required(input.key_id, "keyId")?;
    if kind != "KMS" || key != MANAGED_KEY {
        return Err(ApiError::unsupported(format_args!(
            "the encryption {kind} with the key {key}; use KMS with {MANAGED_KEY}"
        )));
    }
    kinesis.stream(cx, &name)?.configure(|settings| {
        settings.encrypted = encrypted;
        Ok(())
    })?;
    Ok(json!({}))
}
