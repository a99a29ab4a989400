//! STS, IAM and SSM, driven by an unmodified boto3 and the aws command line.

mod boto3;

#[tokio::test]
async fn boto3_manages_roles_policies_and_parameters() {
    boto3::passes("identity_boto3.py").await;
}
