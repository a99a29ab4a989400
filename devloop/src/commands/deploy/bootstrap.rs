//! The stack that deployments of the CDK need: a bucket for their files, and a parameter with its version.

use serde_json::json;

use super::assembly::{Needed, Stack};
use super::cloud::{Cloud, failed};
use super::say;
use super::stack::{Body, Order, apply};
use crate::error::UserError;

/// The name of the stack [Bootstrapping, AWS CDK Developer Guide].
const NAME: &str = "CDKToolkit";

/// The version that devloop's stack says it has. `cdk bootstrap` does not replace a newer one by its own, so this is the lowest that
/// the library asks for: 8, for its roles that look things up.
const VERSION: u64 = 8;

/// The part of a bootstrap's names where the app gives none.
const QUALIFIER: &str = "hnb659fds";

/// Makes the bootstrap that a stack needs, where it is not there yet. One that is too old is an error.
pub(super) async fn ensure(cloud: &Cloud, stack: &Stack) -> Result<(), UserError> {
    let Some(Needed { parameter, version }) = &stack.bootstrap else { return Ok(()) };
    let place = format!("aws://{}/{}", cloud.account, stack.region);
    let found = cloud.parameter(&stack.region, parameter).await.map_err(failed("ask for the bootstrap"))?;
    match found.as_deref().map(str::parse::<u64>) {
        Some(Ok(found)) if found < *version => {
            let message = format!(
                "deploy {}: it needs version {version} of the bootstrap, and {place} has {found}",
                stack.name
            );
            Err(UserError::failure("bootstrap_old", message)
                .with_hint(format!("`npx cdk bootstrap {place}` updates it")))
        }
        Some(_) => Ok(()),
        None => {
            let qualifier = qualifier(parameter);
            let text = template(qualifier, VERSION.max(*version));
            let name = if qualifier == QUALIFIER { NAME.to_owned() } else { format!("{NAME}-{qualifier}") };
            let order = Order {
                name: &name,
                region: &stack.region,
                body: Body::Text(text),
                tags: &[],
                parameters: &[],
                declared: Vec::new(),
                is_protected: false,
            };
            apply(cloud, &order, false).await?;
            say(&format!("bootstrapped {place}: {name} has the bucket for the files of CDK apps"));
            Ok(())
        }
    }
}

/// The qualifier in the name of the version's parameter, `/cdk-bootstrap/QUALIFIER/version`.
fn qualifier(parameter: &str) -> &str {
    let middle = parameter.strip_prefix("/cdk-bootstrap/").and_then(|rest| rest.strip_suffix("/version"));
    middle.unwrap_or(QUALIFIER)
}

/// The template. Its ids, parameters and outputs are the CDK's, so that `cdk bootstrap` makes a whole bootstrap of this stack.
/// There are no roles, because the embedded cloud does not evaluate IAM.
fn template(qualifier: &str, version: u64) -> String {
    json!({
        "Description": "The bucket and the version that deployments of the AWS CDK need, made by devloop",
        "Parameters": { "Qualifier": { "Type": "String", "Default": qualifier } },
        "Resources": {
            "StagingBucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketName": { "Fn::Sub": "cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}" },
                    "VersioningConfiguration": { "Status": "Enabled" },
                },
                "UpdateReplacePolicy": "Retain",
                "DeletionPolicy": "Retain",
            },
            "CdkBootstrapVersion": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Type": "String",
                    "Name": { "Fn::Sub": "/cdk-bootstrap/${Qualifier}/version" },
                    "Value": version.to_string(),
                },
            },
        },
        "Outputs": {
            "BucketName": { "Value": { "Ref": "StagingBucket" } },
            "BucketDomainName": { "Value": { "Fn::GetAtt": ["StagingBucket", "RegionalDomainName"] } },
            "BootstrapVersion": { "Value": version.to_string() },
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::qualifier;

    #[test]
    fn the_qualifier_is_in_the_parameters_name() {
        assert_eq!(qualifier("/cdk-bootstrap/mine/version"), "mine");
        assert_eq!(qualifier("/own/place"), "hnb659fds");
    }
}
