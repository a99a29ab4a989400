//! A template that creates an API of API Gateway.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Options, cloud::Cloud, cloudformation::Outputs, template::Template};

/// The API of a pipeline as the CDK writes it. The function in it is only an ARN.
fn api(part: &str, deployment: &str) -> Template {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations");
    let mut document = json!({
        "Resources": {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
                "Name": "Api", "EndpointConfiguration": {"Types": ["REGIONAL"]},
            }},
            "Part": {"Type": "AWS::ApiGateway::Resource", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "upload",
            }},
            "Post": {"Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Part"}, "HttpMethod": "POST",
                "AuthorizationType": "NONE",
                "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
                "MethodResponses": [{"StatusCode": "200", "ResponseModels": {"application/json": "Empty"}}],
            }},
            "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": deployment}, "StageName": "prod",
                "Variables": {"part": part},
            }},
            "Account": {"Type": "AWS::ApiGateway::Account", "Properties": {"CloudWatchRoleArn": "arn:aws:iam::0:role/x"}},
            "Metadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}},
        },
        "Outputs": {"Endpoint": {"Value": {"Fn::Join": ["", [
            "https://", {"Ref": "Api"}, ".execute-api.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/",
            {"Ref": "Stage"}, "/",
        ]]}}},
    });
    document["Resources"][deployment] = json!({
        "Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}, "DependsOn": ["Post"],
    });
    Template::parse(&document.to_string()).unwrap()
}

/// An HTTP API with these paths in its document, as SAM writes it.
fn http_api(paths: &[&str]) -> Template {
    let uri = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let integration =
        json!({"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": uri});
    let paths: Value = paths
        .iter()
        .map(|path| ((*path).to_owned(), json!({"get": {"x-amazon-apigateway-integration": integration}})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let document = json!({"Resources": {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": {
            "openapi": "3.0.1", "info": {"title": "a", "version": "1"}, "paths": paths,
        }}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": true,
        }},
    }});
    Template::parse(&document.to_string()).unwrap()
}

#[tokio::test]
async fn an_http_api_stays_when_its_document_gets_another_path() {
    let cloud = Cloud::new(Options::default());
    let none = BTreeMap::new();
    let first = cloud.apply("stack", &http_api(&["/a"]), &none).await.unwrap();
    let second = cloud.apply("stack", &http_api(&["/a", "/b"]), &none).await.unwrap();
    let id = &first.resources["Api"].physical_id;
    assert_eq!(&second.resources["Api"].physical_id, id);
    let input = json!({ "apiId": id });
    let routes = cloud.call(&cloud.context("us-east-1"), "apigatewayv2", "GetRoutes", input).await.unwrap();
    let mut keys: Vec<&str> =
        routes["items"].as_array().unwrap().iter().map(|route| route["routeKey"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["GET /a", "GET /b"]);
}

async fn get(cloud: &Cloud, operation: &str, input: Value) -> Value {
    cloud.call(&cloud.context("us-east-1"), "apigateway", operation, input).await.unwrap()
}

#[tokio::test]
async fn an_api_is_created_and_updated_with_its_template() {
    let cloud = Cloud::new(Options::default());
    let none = BTreeMap::new();
    let first = cloud.apply("stack", &api("one", "DeploymentA"), &none).await.unwrap();
    let physical = |outputs: &Outputs, logical: &str| outputs.resources[logical].physical_id.clone();
    let id = physical(&first, "Api");
    assert_eq!(
        first.get("Endpoint"),
        Some(format!("http://127.0.0.1:4566/_aws/execute-api/{id}/prod/").as_str())
    );
    let check = async |outputs: &Outputs, logical: &str, part: &str| {
        let deployments = get(&cloud, "GetDeployments", json!({ "restApiId": id })).await;
        let ids: Vec<&Value> =
            deployments["item"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
        assert_eq!(ids, [&json!(physical(outputs, logical))]);
        let stage = get(&cloud, "GetStage", json!({ "restApiId": id, "stageName": "prod" })).await;
        assert_eq!((&stage["variables"]["part"], &stage["deploymentId"]), (&json!(part), ids[0]));
    };
    check(&first, "DeploymentA", "one").await;

    let second = cloud.apply("stack", &api("two", "DeploymentB"), &none).await.unwrap();
    check(&second, "DeploymentB", "two").await;

    let elsewhere =
        Cloud::new(Options::default()).apply("stack", &api("one", "DeploymentA"), &none).await.unwrap();
    assert_eq!(physical(&elsewhere, "Api"), id, "the same address in every cloud");
}
