//! Kinesis, driven by an unmodified boto3.

mod boto3;

#[tokio::test]
async fn boto3_streams_records() {
    boto3::passes("kinesis_boto3.py").await;
}
