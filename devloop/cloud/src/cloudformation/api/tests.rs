//! Tests of what the API shows of a stack.

use serde_json::{Value, json};

use crate::{Options, cloud::Cloud};

#[tokio::test]
async fn a_stack_shows_how_long_its_creation_may_take() {
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    let call =
        async |operation: &str, input: Value| cloud.call(&cx, "cloudformation", operation, input).await;
    let template = json!({ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } }).to_string();
    let create =
        |minutes: Value| json!({ "StackName": "s", "TemplateBody": template, "TimeoutInMinutes": minutes });
    let error = call("CreateStack", create("0".into())).await.unwrap_err();
    assert!(error.message.contains("'timeoutInMinutes'"), "{error}");
    call("CreateStack", create("5".into())).await.unwrap();
    let shown = call("DescribeStacks", json!({ "StackName": "s" })).await.unwrap();
    assert_eq!(shown["Stacks"][0]["TimeoutInMinutes"], 5);
}

#[tokio::test]
async fn a_stack_and_its_change_set_show_their_rollback_triggers() {
    let cloud = Cloud::new(Options::default());
    let cx = cloud.context("us-east-1");
    let call = async |operation: &str, input: Value| {
        cloud.call(&cx, "cloudformation", operation, input).await.unwrap()
    };
    let template = json!({ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } }).to_string();
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a";
    let triggers = json!({
        "RollbackTriggers": [{ "Arn": arn, "Type": "AWS::CloudWatch::Alarm" }], "MonitoringTimeInMinutes": 7,
    });
    let input = json!({ "StackName": "s", "TemplateBody": template, "RollbackConfiguration": triggers });
    call("CreateStack", input).await;
    let set = json!({ "StackName": "s", "ChangeSetName": "c", "TemplateBody": template });
    call("CreateChangeSet", set.clone()).await;
    let shown = call("DescribeStacks", json!({ "StackName": "s" })).await;
    assert_eq!(shown["Stacks"][0]["RollbackConfiguration"], triggers);
    assert_eq!(call("DescribeChangeSet", set).await["RollbackConfiguration"], triggers);
}
