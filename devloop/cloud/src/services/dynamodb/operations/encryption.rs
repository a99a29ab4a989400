//! `SSESpecification`. What the service refuses, and in which words, was measured on AWS: ack-api-quirks, DDB-TABLE-437 and 442.

use serde::Deserialize;

use super::{
    super::{settings::Encryption, value::invalid},
    Request,
};
use crate::{error::ApiError, wire};

/// The API's `SSESpecification`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EncryptionInput {
    #[serde(default, deserialize_with = "wire::boolean")]
    enabled: Option<bool>,
    #[serde(rename = "SSEType")]
    kind: Option<String>,
    #[serde(rename = "KMSMasterKeyId")]
    key: Option<String>,
}

impl EncryptionInput {
    /// The encryption of a table; none if it has the service's own key. All tables without a key of their own share one.
    pub(super) fn read(&self, request: &Request<'_>) -> Result<Option<Encryption>, ApiError> {
        match self.kind.as_deref() {
            Some("AES256") => return Err(invalid("SSEType AES256 is not supported")),
            Some(kind) if kind != "KMS" => {
                return Err(super::input::constraint(
                    kind,
                    "sSESpecification.sSEType",
                    "Member must satisfy enum value set: [AES256, KMS]",
                ));
            }
            _ => {}
        }
        if self.enabled == Some(false) {
            for (given, name) in [(&self.kind, "SSEType"), (&self.key, "KMSMasterKeyId")] {
                if given.is_some() {
                    return Err(invalid(format!("{name} can not be specified if Enabled is false")));
                }
            }
        }
        if self.key.is_some() && self.kind.is_none() {
            return Err(invalid("SSEType KMS is required if KMSMasterKeyId is specified"));
        }
        if !self.enabled.unwrap_or(self.kind.is_some()) {
            return Ok(None);
        }
        let key = match self.key.as_deref() {
            Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
            Some(alias) if alias.starts_with("alias/") => request.cx.arn("kms", alias),
            Some(id) => request.cx.arn("kms", &format!("key/{id}")),
            None => request.cx.arn("kms", "alias/aws/dynamodb"),
        };
        Ok(Some(Encryption { key }))
    }

    /// The encryption after an update, which must be another one than `now`.
    pub(super) fn change(
        &self,
        request: &Request<'_>,
        now: Option<&Encryption>,
    ) -> Result<Option<Encryption>, ApiError> {
        let wanted = self.read(request)?;
        match (&wanted, now) {
            (None, None) => Err(invalid("Table is already encrypted by default")),
            (Some(_), Some(now)) if self.key.as_ref() == Some(&now.key) => Err(invalid(
                "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key",
            )),
            _ => Ok(wanted),
        }
    }
}
