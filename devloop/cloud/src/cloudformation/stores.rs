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
}
