//! One event through a pipeline that unmodified clients built: boto3 and the AWS CLI.

mod boto3;

#[tokio::test]
async fn clients_build_and_watch_a_pipeline() {
    boto3::passes("pipeline_boto3.py").await;
}
