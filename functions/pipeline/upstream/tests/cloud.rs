//! The function's binary in a cloud of the test's own, with the resources of the template that is deployed.

use devloop_cloud::testing::TestCloud;
use serde_json::{Value, json};

const TEMPLATE: &str =
    include_str!("../../../../stack/templates/ServerlessDataProcessingPipelineStack.template.json");

#[tokio::test]
async fn a_posted_message_reaches_the_next_function_through_the_stream() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.binary("Upstream", env!("CARGO_BIN_EXE_upstream"));
    for other in ["Midstream", "Downstream"] {
        cloud.handler(other, |_: Value| async { Ok::<_, String>(json!({ "batchItemFailures": [] })) });
    }
    cloud.apply(TEMPLATE).await.unwrap();
    let event: Value = serde_json::from_str(include_str!("fixtures/post.json")).unwrap();
    assert_eq!(cloud.invoke("Upstream", &event).await.unwrap()["statusCode"], 200);
    let invoked = cloud.invoked("Midstream", 1).await.unwrap();
    let id = &serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap()["id"];
    assert_eq!(&invoked[0].event["Records"][0]["kinesis"]["partitionKey"], id);
}
