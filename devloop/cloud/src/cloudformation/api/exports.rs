//! Exports, and the stacks that import them.

use serde_json::{Value, json};

use super::{
    super::service::CloudFormation,
    errors::validation,
    input::{page, required},
};
use crate::{context::Context, error::ApiError};

/// [ListExports]
pub(super) fn list(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let exports = service.exports.read();
    let own = exports.iter().filter(|((region, _), _)| *region == cx.region);
    let shown = own.map(|((_, name), export)| {
        json!({ "ExportingStackId": export.stack, "Name": name, "Value": export.value })
    });
    page(input, "Exports", shown, 100)
}

/// [ListImports]
pub(super) fn importers(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "ExportName")?;
    let place = (std::sync::Arc::clone(&cx.region), name.to_owned());
    if !service.exports.read().contains_key(&place) {
        return Err(validation(format!("Export '{name}' does not exist")));
    }
    let importers = service.importers(cx, name);
    if importers.is_empty() {
        return Err(validation(format!("Export '{name}' is not imported by any stack.")));
    }
    page(input, "Imports", importers.into_iter().map(Value::from), 100)
}
