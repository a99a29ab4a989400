//! Packages that are stored in a bucket. They are read before the function is made, so that later code handles zip files
//! alone.

use serde_json::{Value, json};

use super::HOT_RELOAD;
use crate::{context::Context, error::ApiError, lambda::asynchronous::Courier};

/// The code members with the package itself as `ZipFile` in place of `S3Bucket`, `S3Key` and `S3ObjectVersion`; `None` when
/// the code is given in another way.
pub(crate) async fn fetched(
    courier: &Courier,
    cx: &Context,
    code: &Value,
) -> Result<Option<Value>, ApiError> {
    let text = |name: &str| code.get(name).and_then(Value::as_str);
    if text("SourceKMSKeyArn").is_some_and(|key| !key.is_empty()) {
        return Err(ApiError::unsupported("packages encrypted with keys of your own (SourceKMSKeyArn)"));
    }
    let (Some(bucket), Some(key), None) = (text("S3Bucket"), text("S3Key"), text("ZipFile")) else {
        return Ok(None);
    };
    if bucket == HOT_RELOAD {
        return Ok(None);
    }
    let mut input = json!({ "Bucket": bucket, "Key": key });
    if let Some(version) = text("S3ObjectVersion") {
        input["VersionId"] = version.into();
    }
    let mut object =
        courier.others()?.call(cx, "s3", "GetObject", input).await.map_err(|error| not_read(&error))?;
    Ok(Some(json!({ "ZipFile": object["Body"].take() })))
}

/// Lambda's error for a package that S3 refuses to return [the service's answer, as many reports quote it].
fn not_read(error: &ApiError) -> ApiError {
    ApiError::client(
        "InvalidParameterValueException",
        format!(
            "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
            error.code, error.message
        ),
    )
}
