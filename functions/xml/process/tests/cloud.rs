//! The function's binary in a cloud of the test's own, with the resources of the template that is deployed.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::testing::TestCloud;
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../../stack/templates/xml.template.json");

#[tokio::test]
async fn a_file_in_one_bucket_becomes_json_in_the_other() {
    let cloud = TestCloud::start().await.unwrap();
    cloud.binary("Process", env!("CARGO_BIN_EXE_xml-process"));
    cloud.handler("Upload", |_: Value| async { Ok::<_, String>(()) });
    cloud.apply(TEMPLATE).await.unwrap();
    let file = json!({ "Bucket": "xml-data", "Key": "a.xml", "Body": BASE64_STANDARD.encode("<items/>") });
    cloud.call("s3", "PutObject", file).await.unwrap();
    assert_eq!(cloud.invoked("Process", 1).await.unwrap()[0].error, None);
    let made =
        cloud.call("s3", "GetObject", json!({ "Bucket": "json-data", "Key": "a.json" })).await.unwrap();
    let made = BASE64_STANDARD.decode(made["Body"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(made).unwrap(), "{\n    \"products\": []\n}");
}
