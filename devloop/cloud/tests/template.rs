//! The pipeline's template in this repository, applied with stand-ins for its functions, and requests to its API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use devloop_cloud::{Outputs, Template, TemplateError};
use serde_json::{Value, json};
use support::{Answer, FunctionFolder, TestCloud, eventually, script};

const STACK: &str = "ServerlessDataProcessingPipelineStack";
const UPSTREAM: &str = "UpstreamD1B9FBF8";
const TABLE: &str = "DynamoDBTable59784FC0";

struct Pipeline {
    cloud: TestCloud,
    document: Value,
    _code: tempfile::TempDir,
}

impl Pipeline {
    /// A cloud, and the pipeline's template with its functions' code in a temporary folder.
    async fn new() -> Self {
        let cloud = TestCloud::start().await;
        cloud.cloud.listens_on(cloud.address);
        let code = tempfile::tempdir().unwrap();
        let interpreter = script("").lines().next().unwrap().to_owned();
        let path = format!("{}/../../stack/templates/{STACK}.template.json", env!("CARGO_MANIFEST_DIR"));
        let mut document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for resource in document["Resources"].as_object_mut().unwrap().values_mut() {
            let Some(key) = resource.pointer_mut("/Properties/Code/S3Key") else { continue };
            let folder = code.path().join(key.as_str().unwrap().rsplit('/').next().unwrap());
            fs::create_dir(&folder).unwrap();
            let bootstrap = folder.join("bootstrap");
            fs::write(&bootstrap, format!("{interpreter}\n{}", include_str!("fixtures/proxy.py"))).unwrap();
            fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
            *key = folder.to_str().unwrap().into();
        }
        Self { cloud, document, _code: code }
    }

    async fn apply(&self) -> Result<Outputs, TemplateError> {
        let template = Template::parse(&self.document.to_string()).unwrap();
        self.cloud.cloud.apply(STACK, &template, &BTreeMap::new()).await
    }

    fn properties(&mut self, logical: &str) -> &mut Value {
        &mut self.document["Resources"][logical]["Properties"]
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let cx = self.cloud.cloud.context("us-east-1");
        self.cloud.cloud.call(&cx, service, operation, input).await.unwrap()
    }

    /// How many streams, tables, queues, functions, mappings and APIs there are.
    async fn census(&self) -> [usize; 6] {
        let count = |value: &Value| value.as_array().map_or(0, Vec::len);
        let get = async |path: &str| self.cloud.send("GET", path, &[], "").await.json();
        [
            count(&self.call("kinesis", "ListStreams", json!({})).await["StreamNames"]),
            count(&self.call("dynamodb", "ListTables", json!({})).await["TableNames"]),
            count(&self.call("sqs", "ListQueues", json!({})).await["QueueUrls"]),
            count(&get("/2015-03-31/functions").await["Functions"]),
            count(&get("/2015-03-31/event-source-mappings").await["EventSourceMappings"]),
            count(&get("/restapis").await["item"]),
        ]
    }

    /// Posts to the API at the address in the outputs.
    async fn post(&self, outputs: &Outputs, query: &str, body: &'static str) -> Answer {
        let endpoint = outputs.get("ApiGatewayMethodEndpoint").unwrap();
        let path = endpoint.strip_prefix(&format!("http://{}", self.cloud.address)).unwrap();
        let headers = [("content-type", "application/json"), ("x-note", "a"), ("x-note", "b")];
        self.cloud.send("POST", &format!("{path}{query}"), &headers, body).await
    }
}

#[tokio::test]
async fn the_pipelines_template_is_applied() {
    let pipeline = Pipeline::new().await;
    let outputs = pipeline.apply().await.unwrap();
    assert_eq!(pipeline.census().await, [1, 1, 2, 3, 2, 1]);
    assert_eq!(outputs.get("KinesisStreamName"), Some("KinesisStream"));
    let table = outputs.get("DynamoDBTableName").unwrap();
    assert!(table.starts_with("ServerlessDataProcessingPipelineStack-DynamoDBTable59784FC0-"), "{table}");
    let mappings = pipeline.cloud.send("GET", "/2015-03-31/event-source-mappings", &[], "").await.json();
    for mapping in mappings["EventSourceMappings"].as_array().unwrap() {
        assert_eq!((&mapping["State"], &mapping["BatchSize"]), (&json!("Enabled"), &json!(100)), "{mapping}");
    }

    let answer = pipeline.post(&outputs, "", "{}").await;
    assert_eq!((answer.status, &answer.body[..]), (200, br#"{"message":"success"}"#.as_slice()));
    assert_eq!(answer.header("content-length"), Some("21"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-requestid").is_some() && answer.header("x-amz-apigw-id").is_some());

    let again = pipeline.apply().await.unwrap();
    assert_eq!(again, outputs, "an unchanged template changes nothing");
    assert_eq!(pipeline.census().await, [1, 1, 2, 3, 2, 1]);
}

#[tokio::test]
async fn a_request_becomes_the_event_that_aws_sends() {
    let pipeline = Pipeline::new().await;
    let outputs = pipeline.apply().await.unwrap();
    let answer = pipeline.post(&outputs, "?do=echo&x=1&x=2", r#"{"id":"1"}"#).await;
    let event = answer.json();
    assert_eq!(event["resource"], "/");
    assert_eq!(event["path"], "/");
    assert_eq!(event["body"], r#"{"id":"1"}"#);
    assert_eq!(event["headers"]["Content-Type"], "application/json");
    assert_eq!(event["headers"]["Host"], pipeline.cloud.address.to_string());
    assert_eq!(event["headers"].get("Content-Length"), None);
    assert_eq!(event["multiValueHeaders"]["X-Note"], json!(["a", "b"]));
    assert_eq!(event["queryStringParameters"], json!({"do": "echo", "x": "2"}));
    assert_eq!(event["multiValueQueryStringParameters"]["x"], json!(["1", "2"]));
    assert_eq!(event["pathParameters"], Value::Null);
    let context = &event["requestContext"];
    assert_eq!((&context["stage"], &context["path"]), (&json!("prod"), &json!("/prod/")));
    assert_eq!(context["requestId"].as_str(), answer.header("x-amzn-requestid"));
    assert_eq!(context["extendedRequestId"].as_str(), answer.header("x-amz-apigw-id"));
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
}

#[tokio::test]
async fn a_function_that_fails_is_a_bad_gateway_and_the_next_request_works() {
    let pipeline = Pipeline::new().await;
    let outputs = pipeline.apply().await.unwrap();
    for failing in ["?do=text", "?do=exit"] {
        let answer = pipeline.post(&outputs, failing, "").await;
        assert_eq!(
            (answer.status, answer.json()),
            (502, json!({"message": "Internal server error"})),
            "{failing}"
        );
        assert_eq!(pipeline.post(&outputs, "", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_changed_function_is_updated_in_place() {
    let mut pipeline = Pipeline::new().await;
    let outputs = pipeline.apply().await.unwrap();
    assert_eq!(&pipeline.post(&outputs, "?do=stage", "").await.body[..], b"upstream");

    let upstream = pipeline.properties(UPSTREAM);
    upstream["Environment"]["Variables"]["LAMBDA_STAGE"] = "changed".into();
    upstream["MemorySize"] = "256".into();
    let changed = pipeline.apply().await.unwrap();
    assert_eq!(changed, outputs);
    assert_eq!(&pipeline.post(&outputs, "?do=stage", "").await.body[..], b"changed");

    pipeline.properties(TABLE)["KeySchema"][0]["AttributeName"] = "other".into();
    let refused = pipeline.apply().await.unwrap_err().to_string();
    assert!(refused.contains(TABLE) && refused.contains("Keys: [other]"), "{refused}");
    assert_eq!(&pipeline.post(&outputs, "?do=stage", "").await.body[..], b"changed");
}

#[tokio::test]
async fn a_template_that_fails_leaves_no_resources() {
    let mut pipeline = Pipeline::new().await;
    let mapping = json!({
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": UPSTREAM},
            "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/missing",
            "StartingPosition": "LATEST",
        },
        "DependsOn": ["ApiDeploymentStageprod3EB9684E"],
    });
    pipeline.document["Resources"]["Failing"] = mapping;
    let error = pipeline.apply().await.unwrap_err().to_string();
    let expected = "resource `Failing`: AWS::Lambda::EventSourceMapping could not be created: ";
    assert!(error.starts_with(expected), "{error}");
    assert!(!error.contains("could not be undone"), "{error}");
    assert_eq!(pipeline.census().await, [0; 6]);
    pipeline.document["Resources"].as_object_mut().unwrap().remove("Failing");
    pipeline.apply().await.unwrap();
}

/// An unrelated SAM template: one function with an HTTP API, a schedule, a bus and a table's stream.
const SAM: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Front:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: {Bucket: hot-reload, Key: FOLDER}
      Events:
        Item: {Type: HttpApi, Properties: {Path: '/items/{id}', Method: GET}}
        Night: {Type: Schedule, Properties: {Schedule: cron(0 3 * * ? *)}}
        Hour: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1000 days), State: DISABLED, Input: '{"do": "hour"}'}}
        Bus: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
        Changes:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON}
Outputs:
  Url: {Value: !Sub 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/'}
"#;

#[tokio::test]
async fn a_sam_template_with_an_http_api_schedules_a_bus_and_a_stream_works() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.cloud.listens_on(cloud.address);
    let template = Template::parse(&SAM.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    let outputs = cloud.cloud.apply("shop", &template, &BTreeMap::new()).await.unwrap();
    let path =
        outputs.get("Url").unwrap().strip_prefix(&format!("http://{}", cloud.address)).unwrap().to_owned();
    let answer = cloud.send("GET", &format!("{path}items/7?a=b"), &[], "").await;
    let event = &answer.json()["event"];
    assert_eq!(
        (answer.status, &event["routeKey"], &event["pathParameters"]["id"]),
        (200, &json!("GET /items/{id}"), &json!("7"))
    );
    assert_eq!(cloud.send("GET", &format!("{path}none"), &[], "").await.status, 404);

    // The schedule is for 3 a.m., so the test fires it by hand.
    let status = cloud.send("GET", "/_devloop/status", &[], "").await.json();
    let scheduled =
        status["rules"].as_array().unwrap().iter().find(|rule| rule["schedule"].is_string()).unwrap();
    for name in [&scheduled["name"], &status["schedules"][0]["name"]] {
        let fire = format!("/_aws/events/fire/{}", name.as_str().unwrap());
        assert_eq!(cloud.send("POST", &fire, &[], "").await.json(), json!({"fired": 1}));
    }
    let cx = cloud.cloud.context("us-east-1");
    let entry = json!({"Source": "shop", "DetailType": "order", "Detail": "{\"n\": 1}"});
    cloud.cloud.call(&cx, "events", "PutEvents", json!({ "Entries": [entry] })).await.unwrap();
    let table = outputs.resources().find(|(name, _)| *name == "Table").unwrap().1.physical_id.clone();
    let item = json!({ "TableName": table, "Item": {"id": {"S": "k"}} });
    cloud.cloud.call(&cx, "dynamodb", "PutItem", item).await.unwrap();
    let came = |events: &Value, pointer: &str, wanted: &str| {
        let events = events["events"].as_array().unwrap();
        events.iter().any(|event| {
            event["payload"].pointer(pointer) == Some(&json!(wanted)) && event["state"] != "running"
        })
    };
    let events = eventually("the function received all events", async || {
        let events = cloud.send("GET", "/_devloop/events", &[], "").await.json();
        let all = came(&events, "/detail-type", "Scheduled Event")
            && came(&events, "/do", "hour")
            && came(&events, "/detail-type", "order")
            && came(&events, "/Records/0/dynamodb/Keys/id/S", "k");
        all.then_some(events)
    })
    .await;
    assert_eq!(events["events"].as_array().unwrap().len(), 5);
    cloud.stop().await;
}

/// A SAM API whose methods ask a function, but for one; the functions are one program.
const GUARDED: &str = r"
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: {Bucket: hot-reload, Key: FOLDER}}}
Resources:
  Guard: {Type: AWS::Serverless::Function}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Auth:
        DefaultAuthorizer: Token
        Authorizers:
          Token: {FunctionArn: !GetAtt Guard.Arn, Identity: {Header: Who, ReauthorizeEvery: 0}}
  Front:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Closed: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /closed, Method: GET}}
        Open: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /open, Method: GET, Auth: {Authorizer: NONE}}}
Outputs:
  Url: {Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com/live'}
";

/// Lets `me` through when it is asked who may pass, and otherwise tells who called.
const GUARD: &str = r#"
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    event = json.loads(reply.read())
    if event.get("type") == "TOKEN":
        effect = "Allow" if event["authorizationToken"] == "me" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
        answer = {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    else:
        caller = (event["requestContext"].get("authorizer") or {}).get("principalId", "nobody")
        answer = {"statusCode": 200, "body": json.dumps(caller)}
    request = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps(answer))
    api.getresponse().read()
"#;

#[tokio::test]
async fn a_sam_api_asks_its_authorizer() {
    let cloud = TestCloud::start().await;
    cloud.cloud.listens_on(cloud.address);
    let folder = tempfile::tempdir().unwrap();
    let interpreter = script("").lines().next().unwrap().to_owned();
    let bootstrap = folder.path().join("bootstrap");
    fs::write(&bootstrap, format!("{interpreter}\n{GUARD}")).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    let template = Template::parse(&GUARDED.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    let outputs = cloud.cloud.apply("guarded", &template, &BTreeMap::new()).await.unwrap();
    let path = outputs.get("Url").unwrap().strip_prefix(&format!("http://{}", cloud.address)).unwrap();
    let ask = async |method: &str, who: &[(&str, &str)]| {
        let answer = cloud.send("GET", &format!("{path}/{method}"), who, "").await;
        (answer.status, answer.json())
    };
    assert_eq!(ask("closed", &[]).await, (401, json!({ "message": "Unauthorized" })));
    let denied = json!({ "message": "User is not authorized to access this resource" });
    assert_eq!(ask("closed", &[("Who", "you")]).await, (403, denied));
    assert_eq!(ask("closed", &[("Who", "me")]).await, (200, json!("me")));
    assert_eq!(ask("open", &[]).await, (200, json!("nobody")));
    cloud.stop().await;
}
