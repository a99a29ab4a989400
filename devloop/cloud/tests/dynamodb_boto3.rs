//! DynamoDB and its streams, driven by an unmodified boto3.

mod boto3;

#[tokio::test]
async fn boto3_reads_and_writes() {
    boto3::passes("dynamodb_boto3.py").await;
}
