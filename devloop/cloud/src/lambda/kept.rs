//! Settings that are kept and shown without effect. Their values are checked as Lambda checks them [Lambda API reference:
//! `TracingConfig`, `EphemeralStorage`, `VpcConfig`].

use serde_json::Value;

use crate::error::ApiError;

/// Members of a function's configuration that may be given and change nothing in a local process.
pub(super) const INERT: [&str; 3] = ["TracingConfig", "VpcConfig", "EphemeralStorage"];

/// The value of a member in [`INERT`] as it is shown again.
pub(super) fn checked(name: &str, value: &Value) -> Result<Value, ApiError> {
    let mut value = value.clone();
    match name {
        "TracingConfig" => {
            if let Some(mode) = value.get("Mode").filter(|mode| !mode.is_null())
                && !matches!(mode.as_str(), Some("Active" | "PassThrough"))
            {
                let must = "satisfy enum value set: [Active, PassThrough]";
                return Err(ApiError::constraint(word(mode), "tracingConfig.mode", must));
            }
        }
        "EphemeralStorage" => {
            let size = value.get_mut("Size").filter(|size| !size.is_null());
            if let Some(size) = size {
                *size = bounded(size, "ephemeralStorage.size", 512, 10_240)?.into();
            }
        }
        "VpcConfig" => {
            for (member, shown, most) in
                [("SubnetIds", "subnetIds", 16), ("SecurityGroupIds", "securityGroupIds", 5)]
            {
                if let Some(list) =
                    value.get(member).and_then(Value::as_array).filter(|list| list.len() > most)
                {
                    let list: Vec<_> = list.iter().map(word).collect();
                    let must = format!("have length less than or equal to {most}");
                    let member = format!("vpcConfig.{shown}");
                    return Err(ApiError::constraint(format!("[{}]", list.join(", ")), &member, &must));
                }
            }
        }
        _ => {}
    }
    Ok(value)
}

/// A whole number within bounds. Templates write numbers also as text.
pub(super) fn bounded(value: &Value, shown: &str, low: u64, high: u64) -> Result<u64, ApiError> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| (low..=high).contains(number)).ok_or_else(|| {
        ApiError::constraint(word(value), shown, &format!("have value between {low} and {high}"))
    })
}

/// A value as a message shows it: a text without quotes.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
