//! CloudWatch Logs, driven by an unmodified boto3 and the aws command line.

mod boto3;

#[tokio::test]
async fn boto3_writes_and_reads_logs() {
    boto3::passes("logs_boto3.py").await;
}
