//! SQS, driven by an unmodified boto3 and by forms of the query protocol.

mod boto3;

#[tokio::test]
async fn boto3_sends_and_receives() {
    boto3::passes("sqs_boto3.py").await;
}
