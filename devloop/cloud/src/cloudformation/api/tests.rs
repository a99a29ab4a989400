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
