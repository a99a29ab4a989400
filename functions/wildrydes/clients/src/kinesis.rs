//! The SDK's client, with `-endpoint` before the environment.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{Builder, Credentials, Region};
use functions_common::aws::{Service, sdk_config};
use functions_common::optional;

/// A client of Kinesis. At an endpoint of one's own, a region and keys need not be set.
pub async fn client(endpoint: Option<&str>) -> Client {
    let config = sdk_config(Service::Kinesis).await;
    let own = endpoint.is_some() || Service::Kinesis.has_own_endpoint();
    let mut builder = Builder::from(&config);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    if own && config.region().is_none() {
        builder = builder.region(Region::new("us-east-1"));
    }
    if own && optional("AWS_ACCESS_KEY_ID").is_none() {
        builder = builder.credentials_provider(Credentials::new("test", "test", None, None, "wildrydes"));
    }
    Client::from_conf(builder.build())
}
