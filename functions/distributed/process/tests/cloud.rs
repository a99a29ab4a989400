//! The function's binary in a cloud of the test's own, with the resources of the template that is deployed.

use devloop_cloud::testing::TestCloud;
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../../stack/templates/distributed.template.json");

#[tokio::test]
async fn a_queued_word_is_stored_in_the_table() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.binary("Process", env!("CARGO_BIN_EXE_distributed-process"));
    for other in ["Data", "Dead"] {
        cloud.handler(other, |_: Value| async { Ok::<_, String>(json!({ "batchItemFailures": [] })) });
    }
    let outputs = cloud.apply(TEMPLATE).await.unwrap();
    let message = json!({ "QueueUrl": outputs["QueueUrl"], "MessageBody": r#"{"data":"word"}"# });
    cloud.call("sqs", "SendMessage", message).await.unwrap();
    assert_eq!(cloud.invoked("Process", 1).await.unwrap()[0].error, None);
    let items = cloud.items(&outputs["TableName"]).await.unwrap();
    assert!(json!(items).to_string().contains("word_processed"), "{items:?}");
}
