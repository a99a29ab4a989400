//! `UpdateTimeToLive` and `DescribeTimeToLive`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::{
        expiry::{Expiry, watch},
        fill::each_item,
    },
    Request,
    input::Input,
};
use crate::{aside::drop_aside, error::ApiError};

/// `UpdateTimeToLive`. Items are deleted as soon as they expire; AWS may take days.
pub(in super::super) fn update_time_to_live(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let name = input.described_table()?;
    let Some(specification) = input.take("TimeToLiveSpecification") else {
        return Err(super::input::missing("timeToLiveSpecification"));
    };
    let mut specification = Input::new(specification)?;
    let enabled = specification.optional_flag("Enabled")?;
    if enabled.is_none() {
        input.violations().missing("timeToLiveSpecification.enabled");
    }
    let enabled = enabled.unwrap_or_default();
    let attribute_name = specification.text("AttributeName")?;
    let place = "timeToLiveSpecification.attributeName";
    match attribute_name.as_deref().map(str::len) {
        None => input.violations().missing(place),
        Some(0) => {
            input.violations().value("", place, "Member must have length greater than or equal to 1");
        }
        Some(256..) => input.violations().value(
            attribute_name.as_deref().unwrap_or_default(),
            place,
            "Member must have length less than or equal to 255",
        ),
        Some(_) => {}
    }
    input.checked()?;
    let attribute_name = attribute_name.unwrap_or_default();
    let table = request.store.named_table(&name)?;
    let mut contents = table.write_contents();
    match (enabled, contents.expiry.as_ref().map(|expiry| expiry.attribute == attribute_name)) {
        (true, Some(_)) => return Err(ApiError::validation("TimeToLive is already enabled")),
        (false, None) => return Err(ApiError::validation("TimeToLive is already disabled")),
        (false, Some(false)) => {
            return Err(ApiError::validation(
                "TimeToLive is active on a different AttributeName: current AttributeName is ".to_owned()
                    + contents.expiry.as_ref().map_or("", |expiry| &expiry.attribute),
            ));
        }
        (true, None) => contents.expiry = Some(Expiry::new(attribute_name.clone())),
        (false, Some(true)) => drop_aside(contents.expiry.take()),
    }
    let changed = contents.expiry.as_ref().map(|expiry| Arc::clone(expiry.changed()));
    drop(contents);
    if let Some(changed) = changed {
        each_item(&table, |contents, key, item| {
            let expiry = contents.expiry.as_mut().filter(|expiry| Arc::ptr_eq(expiry.changed(), &changed));
            expiry.map(|expiry| expiry.replace(key, None, Some(item))).is_some()
        });
    }
    watch(&table, request.clock.clone());
    Ok(json!({ "TimeToLiveSpecification": { "Enabled": enabled, "AttributeName": attribute_name } }))
}

/// `DescribeTimeToLive`.
pub(in super::super) fn describe_time_to_live(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let table = request.store.named_table(&Input::new(input)?.described_table()?)?;
    let contents = table.read_contents();
    Ok(json!({ "TimeToLiveDescription": match &contents.expiry {
        Some(expiry) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": expiry.attribute }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    }}))
}
