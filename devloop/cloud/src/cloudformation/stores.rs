//! Values of templates that are stored in other services.

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{calls::Calls, context::Context, template::DynamicValues};

/// The services that values of a template are read from.
pub(super) struct Stores<'s> {
    pub(super) calls: &'s dyn Calls,
    pub(super) cx: &'s Context,
}

impl DynamicValues for Stores<'_> {
    fn parameter<'a>(
        &'a self,
        name: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let name = version.map_or_else(|| name.to_owned(), |version| format!("{name}:{version}"));
            let input = serde_json::json!({ "Name": name, "WithDecryption": true });
            let found = self.calls.call(self.cx, "ssm", "GetParameter", input).await;
            let found = found.map_err(|error| format!("cannot be read from Systems Manager: {error}"))?;
            let value = found.pointer("/Parameter/Value").and_then(Value::as_str);
            value.map(str::to_owned).ok_or_else(|| format!("`{name}` has no value in Systems Manager"))
        })
    }

    fn secret<'a>(
        &'a self,
        id: &'a str,
        stage: Option<&'a str>,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let mut input = serde_json::json!({ "SecretId": id });
            let members = [("VersionStage", stage), ("VersionId", version)];
            for (member, value) in members.into_iter().filter_map(|(member, value)| Some((member, value?))) {
                input[member] = value.into();
            }
            let found = self.calls.call(self.cx, "secretsmanager", "GetSecretValue", input).await;
            let found = found.map_err(|error| format!("cannot be read from Secrets Manager: {error}"))?;
            let value = found.get("SecretString").and_then(Value::as_str);
            value.map(str::to_owned).ok_or_else(|| "names a secret whose value is binary".to_owned())
        })
    }
}
