//! `UpdateTimeToLive` and `DescribeTimeToLive`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::expiry::{Expiry, watch},
    Request,
    input::Input,
};
use crate::{error::ApiError, wire};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateTimeToLive {
    table_name: String,
    time_to_live_specification: Specification,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    #[serde(default, deserialize_with = "wire::boolean")]
    enabled: Option<bool>,
    attribute_name: String,
}

/// `UpdateTimeToLive`. Items are deleted as soon as they are due; AWS may take days.
pub(in super::super) fn update_time_to_live(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let input: UpdateTimeToLive = wire::read(input)?;
    let Specification { enabled, attribute_name } = input.time_to_live_specification;
    let enabled = enabled.unwrap_or(false);
    let table = request.store.named_table(&input.table_name)?;
    let mut contents = table.contents.write();
    match (enabled, contents.expiry.as_ref().map(|expiry| expiry.attribute == attribute_name)) {
        (true, Some(_)) => return Err(ApiError::validation("TimeToLive is already enabled")),
        (false, None) => return Err(ApiError::validation("TimeToLive is already disabled")),
        (false, Some(false)) => {
            return Err(ApiError::validation(
                "TimeToLive is active on a different AttributeName: current AttributeName is ".to_owned()
                    + contents.expiry.as_ref().map_or("", |expiry| &expiry.attribute),
            ));
        }
        (true, None) => contents.expiry = Some(Expiry::new(attribute_name.clone(), &contents.items)),
        (false, Some(true)) => contents.expiry = None,
    }
    drop(contents);
    watch(&table, request.clock.clone());
    Ok(json!({ "TimeToLiveSpecification": { "Enabled": enabled, "AttributeName": attribute_name } }))
}

/// `DescribeTimeToLive`.
pub(in super::super) fn describe_time_to_live(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let table = request.store.named_table(&Input::new(input)?.required_text("TableName")?)?;
    let contents = table.contents.read();
    Ok(json!({ "TimeToLiveDescription": match &contents.expiry {
        Some(expiry) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": expiry.attribute }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    }}))
}
