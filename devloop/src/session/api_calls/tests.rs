//! The calls are sent to the APIs that they were made for, by a shell and curl as a user does it.

use std::process::Command;

use devloop_cloud::{Options, Template};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::*;

/// A cloud with the stack of this template, and the stack's outputs.
async fn furnished(template: Value) -> (Cloud, BTreeMap<String, String>, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cloud = Cloud::new(Options::default());
    cloud.listens_on(listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    tokio::spawn({
        let (cloud, stop) = (cloud.clone(), stop.clone());
        async move { cloud.serve(listener, stop.cancelled_owned()).await }
    });
    let template = Template::parse(&template.to_string()).unwrap();
    let outputs = cloud.apply("calls", &template, &[].into()).await.unwrap();
    let outputs = outputs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (cloud, outputs, stop.drop_guard())
}

/// A template of one REST API with these paths in OpenAPI, whose stage `dev` has a usage plan with a key. `end` is the end of the output.
fn rest(paths: &Value, end: &str) -> Value {
    json!({
        "Resources": {
            "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Body": {
                "openapi": "3.0.1",
                "info": { "title": "calls", "version": "1" },
                "x-amazon-apigateway-request-validators": {
                    "all": { "validateRequestBody": true, "validateRequestParameters": true },
                },
                "x-amazon-apigateway-request-validator": "all",
                "components": {
                    "securitySchemes": { "key": { "type": "apiKey", "name": "x-api-key", "in": "header" } },
                    "schemas": { "Word": {
                        "type": "object",
                        "required": ["data", "times"],
                        "properties": {
                            "data": { "type": "string", "minLength": 3 },
                            "times": { "type": "integer", "minimum": 2 },
                        },
                    } },
                },
                "paths": paths,
            } } },
            "Deployment": { "Type": "AWS::ApiGateway::Deployment", "Properties": { "RestApiId": { "Ref": "Api" } } },
            "Stage": { "Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": { "Ref": "Api" }, "DeploymentId": { "Ref": "Deployment" }, "StageName": "dev",
            } },
            "Key": { "Type": "AWS::ApiGateway::ApiKey", "Properties": { "Enabled": true } },
            "Plan": { "Type": "AWS::ApiGateway::UsagePlan", "Properties": {
                "ApiStages": [{ "ApiId": { "Ref": "Api" }, "Stage": { "Ref": "Stage" } }],
            } },
            "PlanKey": { "Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {
                "KeyId": { "Ref": "Key" }, "KeyType": "API_KEY", "UsagePlanId": { "Ref": "Plan" },
            } },
        },
        "Outputs": {
            "ApiEndpoint": { "Value": {
                "Fn::Sub": format!("https://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/dev{end}"),
            } },
            "Other": { "Value": "https://example.com/_aws" },
        },
    })
}

/// A method that answers with 200 and is not behind a function.
fn mock(more: Value) -> Value {
    let mut method = json!({
        "responses": { "200": { "description": "done" } },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
            "responses": { "default": { "statusCode": "200" } },
        },
    });
    method.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    method
}

/// The first line of what the shell's command prints.
fn run(command: &str) -> String {
    let ended = Command::new("sh").args(["-c", &format!("{command} -sS")]).output().unwrap();
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).lines().next().unwrap_or_default().trim().to_owned()
}

/// The call that is made for the API's output is let through. Returns its command with `API` for the address of the API.
async fn let_through(paths: Value, end: &str) -> String {
    let (cloud, outputs, _serving) = furnished(rest(&paths, end)).await;
    let calls = of_outputs(&cloud, &outputs).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    let command = calls[&outputs["ApiEndpoint"]].command().join(" ");
    assert_eq!(run(&command), "HTTP/1.1 200 OK", "{command}");
    let base = outputs["ApiEndpoint"].strip_suffix(end).unwrap();
    let key = command.split_once("x-api-key: ").map(|(_, rest)| rest.split('\'').next().unwrap());
    key.map_or_else(|| command.clone(), |key| command.replace(key, "KEY")).replace(base, "API")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_with_a_key_and_a_model_gets_both() {
    let body =
        json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Word" } } } });
    let method = mock(json!({ "security": [{ "key": [] }], "requestBody": body }));
    let paths = json!({ "/words": { "post": method, "options": mock(json!({})) } });
    assert_eq!(
        let_through(paths, "/words").await,
        r#"curl -i -H 'x-api-key: KEY' -H 'content-type: application/json' -d '{"data":"hello","times":2}' API/words"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_below_the_output_gets_its_parameters() {
    let parameter = |name: &str, place: &str| json!({ "name": name, "in": place, "required": true, "schema": { "type": "string" } });
    let method = mock(
        json!({ "parameters": [parameter("id", "path"), parameter("size", "query"), parameter("x-trace", "header")] }),
    );
    assert_eq!(
        let_through(json!({ "/things/{id}": { "put": method } }), "/").await,
        "curl -i -X PUT -H 'x-trace: 1' -H 'content-type: application/json' -d '{}' 'API/things/1?size=1'"
    );
    assert_eq!(
        let_through(json!({ "/things/{id}": { "delete": mock(json!({})) } }), "/things").await,
        "curl -i -X DELETE API/things/1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_can_be_read_is_read() {
    let paths = json!({ "/": { "get": mock(json!({})), "post": mock(json!({})) }, "/more": { "get": mock(json!({})) } });
    assert_eq!(let_through(paths, "/").await, "curl -i API/");
    let paths = json!({ "/": { "get": mock(json!({ "security": [{ "key": [] }] })) } });
    assert_eq!(let_through(paths, "/").await, "curl -i -H 'x-api-key: KEY' API/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_of_an_http_api_is_called_by_its_method() {
    let route = |key: &str| {
        json!({
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": { "ApiId": { "Ref": "Api" }, "RouteKey": key, "Target": { "Fn::Sub": "integrations/${To}" } },
        })
    };
    let template = json!({
        "Resources": {
            "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": { "Name": "calls", "ProtocolType": "HTTP" } },
            "To": { "Type": "AWS::ApiGatewayV2::Integration", "Properties": {
                "ApiId": { "Ref": "Api" }, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
                "IntegrationUri": { "Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:none" },
            } },
            "Post": route("POST /orders"),
            "Delete": route("DELETE /orders/{id}"),
            "Default": { "Type": "AWS::ApiGatewayV2::Stage", "Properties": {
                "ApiId": { "Ref": "Api" }, "StageName": "$default", "AutoDeploy": true,
            } },
        },
        "Outputs": { "Url": { "Value": { "Fn::GetAtt": ["Api", "ApiEndpoint"] } } },
    });
    let (cloud, outputs, _serving) = furnished(template).await;
    let url = &outputs["Url"];
    let calls = of_outputs(&cloud, &outputs).await;
    assert_eq!(calls.keys().collect::<Vec<_>>(), [url]);
    assert_eq!(
        calls[url].command().join(" "),
        format!("curl -i -H 'content-type: application/json' -d '{{}}' {}/orders", url.trim_end_matches('/'))
    );
}
