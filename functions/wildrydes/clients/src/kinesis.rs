//! The SDK's client, with `-endpoint` before the environment.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{Builder, Credentials, Region};
use functions_common::aws::{Service, sdk_config};
use functions_common::optional;

/// A client of Kinesis. For an endpoint of one's own, region and keys need not be set; for AWS they must be, and the error says
/// what is missing and what to do.
pub async fn client(endpoint: Option<&str>) -> Result<Client, String> {
    let config = sdk_config(Service::Kinesis).await;
    let is_own = endpoint.is_some() || Service::Kinesis.has_own_endpoint();
    let has_keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().all(|name| optional(name).is_some());
    let mut builder = Builder::from(&config);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    if is_own && config.region().is_none() {
        builder = builder.region(Region::new("us-east-1"));
    }
    if is_own && !has_keys {
        builder = builder.credentials_provider(Credentials::new("test", "test", None, None, "wildrydes"));
    }
    if !is_own && let Some(error) = missing(has_keys, config.region().is_some()) {
        return Err(error);
    }
    Ok(Client::from_conf(builder.build()))
}

/// The variables that AWS needs and the environment lacks, with the next step.
fn missing(has_keys: bool, has_region: bool) -> Option<String> {
    let what = match (has_keys, has_region) {
        (true, true) => return None,
        (false, true) => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        (true, false) => "AWS_REGION is not set",
        (false, false) => "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION are not set",
    };
    Some(format!(
        "{what}, and AWS needs them. To use devloop's cloud instead, add `-endpoint http://127.0.0.1:4566` or set AWS_ENDPOINT_URL. \
         To use AWS, set them, for example with: eval \"$(aws configure export-credentials --format env)\"; export AWS_REGION=eu-west-1"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_next_step() {
        assert_eq!(missing(true, true), None);
        let check = |keys, region, start: &str| {
            let error = missing(keys, region).unwrap();
            assert!(error.starts_with(start) && error.contains("-endpoint http://127.0.0.1:4566"), "{error}");
        };
        check(false, true, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, ");
        check(true, false, "AWS_REGION is not set, ");
        check(false, false, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION are not set, ");
    }
}
