//! SNS, driven by an unmodified boto3.

mod boto3;

#[tokio::test]
async fn boto3_publishes_and_subscribes() {
    boto3::passes("sns_boto3.py").await;
}
