//! A workspace that knows nothing of devloop, with chains of two functions behind a queue, a topic, a bucket, an HTTP API and a call.
//!
//! `taker` gets the messages of the queue `jobs` and of the topic `news`, and the objects of the bucket `pictures`; `asked` gets the
//! requests of the API; `called` is called. They put each request into the stream `done`, from which `last` logs it, and writes a value
//! of the metric `Shop/Done`.

use serde_json::{Value, json};

use super::Workspace;
use super::branches::function;

/// The workspace's functions.
pub const HEADS: [&str; 4] = ["taker", "called", "asked", "last"];

/// Puts a record for each request's id in the event: a member of the payload, which is JSON in JSON behind a queue and a topic, or
/// an object's key.
const PASSES_ON: &str = r#"use lambda_runtime::{between, put, serve, variable};

fn main() {
    let stream = variable("STREAM");
    serve(|event| {
        let event = event.replace('\\', "");
        for id in [between(&event, "\"id\":\"", "\""), between(&event, "\"key\":\"", "\"")].concat() {
            put(&stream, id);
        }
    });
}
"#;

const LAST: &str = r##"use lambda_runtime::{between, call, serve};

fn main() {
    serve(|event| {
        for id in between(event, "\"partitionKey\":\"", "\"") {
            println!("{id} has come through");
            let value = r#"{"Namespace":"Shop","MetricData":[{"MetricName":"Done","Value":1}]}"#;
            call("GraniteServiceVersion20100801.PutMetricData", value);
        }
    });
}
"##;

/// The template that connects them.
fn template() -> Value {
    let may_call = |principal: &str, source: Value| {
        json!({ "Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": { "Ref": "Taker" }, "Action": "lambda:InvokeFunction", "Principal": principal, "SourceArn": source,
        } })
    };
    let bucket = "arn:aws:s3:::pictures";
    let mapping = |function: &str, source: Value| json!({ "FunctionName": { "Ref": function }, "EventSourceArn": source, "BatchSize": 10 });
    let mut from_stream = mapping("Last", json!({ "Fn::GetAtt": ["Done", "Arn"] }));
    from_stream["StartingPosition"] = json!("TRIM_HORIZON");
    json!({ "Resources": {
        "Jobs": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "jobs" } },
        "News": { "Type": "AWS::SNS::Topic", "Properties": { "TopicName": "news" } },
        "Pictures": { "Type": "AWS::S3::Bucket", "DependsOn": "PicturesMayCall", "Properties": {
            "BucketName": "pictures",
            "NotificationConfiguration": { "LambdaConfigurations": [
                { "Event": "s3:ObjectCreated:*", "Function": { "Fn::GetAtt": ["Taker", "Arn"] } },
            ] },
        } },
        "Done": { "Type": "AWS::Kinesis::Stream", "Properties": { "Name": "done", "ShardCount": 1 } },
        "Taker": function("taker", json!({ "STREAM": { "Ref": "Done" } })),
        "Called": function("called", json!({ "STREAM": { "Ref": "Done" } })),
        "Asked": function("asked", json!({ "STREAM": { "Ref": "Done" } })),
        "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": { "Name": "orders", "ProtocolType": "HTTP" } },
        "Integration": { "Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": { "Ref": "Api" }, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": { "Fn::GetAtt": ["Asked", "Arn"] },
        } },
        "Route": { "Type": "AWS::ApiGatewayV2::Route", "Properties": {
            "ApiId": { "Ref": "Api" }, "RouteKey": "POST /orders", "Target": { "Fn::Sub": "integrations/${Integration}" },
        } },
        "Stage": { "Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": { "Ref": "Api" }, "StageName": "v1", "AutoDeploy": true,
        } },
        "Last": function("last", json!({ "GREETING": "hello" })),
        "JobsToTaker": { "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": mapping("Taker", json!({ "Fn::GetAtt": ["Jobs", "Arn"] })) },
        "NewsToTaker": { "Type": "AWS::SNS::Subscription", "Properties": {
            "TopicArn": { "Ref": "News" }, "Protocol": "lambda", "Endpoint": { "Fn::GetAtt": ["Taker", "Arn"] },
        } },
        "NewsMayCall": may_call("sns.amazonaws.com", json!({ "Ref": "News" })),
        "PicturesMayCall": may_call("s3.amazonaws.com", json!(bucket)),
        "DoneToLast": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": from_stream },
    } })
}

impl Workspace {
    /// A fresh copy of the workspace, with its template in `heads.template.json`.
    pub fn heads() -> Self {
        let programs = [("taker", PASSES_ON), ("called", PASSES_ON), ("asked", PASSES_ON), ("last", LAST)];
        Self::of_programs("heads", &programs, &template())
    }
}
