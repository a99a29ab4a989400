//! The function's binary in a cloud of the test's own, with the resources of the template that is deployed.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::testing::TestCloud;
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../../stack/templates/wildrydes.template.json");

#[tokio::test]
async fn a_reading_is_stored_in_the_table() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.binary("Processor", env!("CARGO_BIN_EXE_processor"));
    cloud.handler("Aggregator", |_: Value| async { Ok::<_, String>(()) });
    cloud.apply(TEMPLATE).await.unwrap();
    let reading =
        json!({ "Name": "Shadowfax", "StatusTime": "t1", "InputData": "Unicorn", "Distance": 29.5 });
    let data = BASE64_STANDARD.encode(reading.to_string());
    let event = json!({ "Records": [{ "kinesis": { "sequenceNumber": "1", "data": data } }] });
    assert_eq!(cloud.invoke("Processor", event).await.unwrap(), json!({ "batchItemFailures": [] }));
    let items = cloud.items("UnicornSensorData").await.unwrap();
    assert_eq!((&items[0]["Name"]["S"], &items[0]["Distance"]["N"]), (&json!("Shadowfax"), &json!("29.5")));
}
