//! CloudWatch metrics, driven by an unmodified boto3, the aws command line, and requests as older clients send them.

mod boto3;

#[tokio::test]
async fn boto3_puts_and_reads_metrics() {
    boto3::passes("cloudwatch_boto3.py").await;
}
