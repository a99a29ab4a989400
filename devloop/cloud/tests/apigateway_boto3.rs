//! The API Gateway control plane, driven by an unmodified boto3.

mod boto3;

#[tokio::test]
async fn boto3_manages_an_api() {
    boto3::passes("apigateway_boto3.py").await;
}
