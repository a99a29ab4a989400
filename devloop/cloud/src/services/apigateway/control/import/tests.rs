//! Documents in both formats make the same API, and invalid ones are refused with the place of the error.

use serde_json::{Value, json};

use crate::{Cloud, Options, context::Context};

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

struct World {
    cloud: Cloud,
    cx: Context,
}

impl World {
    fn new() -> Self {
        let cloud = Cloud::new(Options::default());
        let cx = cloud.context("us-east-1");
        Self { cloud, cx }
    }

    async fn call(&self, operation: &str, input: Value) -> Value {
        self.cloud.call(&self.cx, "apigateway", operation, input).await.unwrap()
    }

    /// The methods of an API by path and name.
    async fn methods(&self, api: &Value) -> Value {
        let listed = self.call("GetResources", json!({ "restApiId": api["id"], "embed": "methods" })).await;
        let resources = listed["item"].as_array().unwrap().iter();
        resources
            .map(|one| (one["path"].as_str().unwrap().to_owned(), one["resourceMethods"].clone()))
            .filter(|(_, methods)| !methods.is_null())
            .collect()
    }
}

fn integration() -> Value {
    json!({ "type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION, "passthroughBehavior": "when_no_match", "timeoutInMillis": 5000 })
}

fn preflight() -> Value {
    json!({
        "type": "mock",
        "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "responses": { "default": {
            "statusCode": "200",
            "responseParameters": { "method.response.header.Access-Control-Allow-Origin": "'*'" },
        } },
    })
}

fn swagger() -> Value {
    json!({
        "swagger": "2.0",
        "info": { "title": "Words", "version": "1" },
        "basePath": "/v1",
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-request-validators": { "all": { "validateRequestBody": true, "validateRequestParameters": true } },
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-gateway-responses": { "DEFAULT_4XX": { "responseParameters": { "gatewayresponse.header.X": "'y'" } } },
        "securityDefinitions": { "key": { "type": "apiKey", "name": "x-api-key", "in": "header" } },
        "definitions": {
            "Word": { "type": "object", "properties": { "data": { "$ref": "#/definitions/Text" } } },
            "Text": { "type": "string" },
        },
        "paths": {
            "/words/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "type": "string" }],
                "post": {
                    "operationId": "send",
                    "security": [{ "key": [] }],
                    "parameters": [
                        { "name": "q", "in": "query", "type": "string" },
                        { "name": "body", "in": "body", "schema": { "$ref": "#/definitions/Word" } },
                    ],
                    "responses": { "200": { "description": "sent", "headers": { "X": { "type": "string" } } } },
                    "x-amazon-apigateway-integration": integration(),
                },
                "options": {
                    "responses": { "200": { "headers": { "Access-Control-Allow-Origin": { "type": "string" } } } },
                    "x-amazon-apigateway-integration": preflight(),
                },
            },
            "/any": { "x-amazon-apigateway-any-method": { "responses": {}, "x-amazon-apigateway-integration": integration() } },
        },
    })
}

/// The same document in OpenAPI 3.
fn openapi() -> Value {
    let mut document = swagger();
    let members = document.as_object_mut().unwrap();
    members.remove("swagger");
    let definitions =
        members.remove("definitions").unwrap().to_string().replace("#/definitions/", "#/components/schemas/");
    let schemes = members.remove("securityDefinitions").unwrap();
    let schemas: Value = serde_json::from_str(&definitions).unwrap();
    members.insert("openapi".to_owned(), "3.0.1".into());
    members.insert(
        "components".to_owned(),
        json!({
            "schemas": schemas, "securitySchemes": schemes,
            "parameters": { "q": { "name": "q", "in": "query", "schema": { "type": "string" } } },
        }),
    );
    let send = document.pointer_mut("/paths/~1words~1{id}/post").unwrap();
    send["parameters"] = json!([{ "$ref": "#/components/parameters/q" }]);
    send["requestBody"] =
        json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Word" } } } });
    document
}

#[tokio::test]
async fn both_formats_make_the_same_api() {
    let world = World::new();
    for document in [swagger(), openapi()] {
        let api = world.call("ImportRestApi", json!({ "body": document })).await;
        assert_eq!(
            (&api["name"], &api["version"], &api["binaryMediaTypes"]),
            (&json!("Words"), &json!("1"), &json!(["image/png"]))
        );
        let methods = world.methods(&api).await;
        let send = &methods["/words/{id}"]["POST"];
        assert_eq!((&send["apiKeyRequired"], &send["operationName"]), (&json!(true), &json!("send")));
        let parameters = json!({ "method.request.path.id": true, "method.request.querystring.q": false });
        assert_eq!(send["requestParameters"], parameters);
        assert_eq!(send["requestModels"], json!({ "application/json": "Word" }));
        assert_eq!(send["methodIntegration"]["type"], "AWS_PROXY");
        assert_eq!(send["methodIntegration"]["timeoutInMillis"], 5000);
        assert_eq!(
            send["methodResponses"]["200"]["responseParameters"],
            json!({ "method.response.header.X": false })
        );
        assert!(send["requestValidatorId"].is_string(), "{send}");
        let options = &methods["/words/{id}"]["OPTIONS"]["methodIntegration"];
        let headers = json!({ "method.response.header.Access-Control-Allow-Origin": "'*'" });
        assert_eq!(options["integrationResponses"]["200"]["responseParameters"], headers);
        assert_eq!(methods["/any"]["ANY"]["methodIntegration"]["uri"], FUNCTION);
        let models = world.call("GetModels", json!({ "restApiId": api["id"] })).await;
        assert_eq!(models["item"].as_array().unwrap().len(), 2);
        let responses = world.call("GetGatewayResponses", json!({ "restApiId": api["id"] })).await;
        let mut own = responses["item"].as_array().unwrap().iter();
        assert!(own.any(|one| one["responseType"] == "DEFAULT_4XX" && one["defaultResponse"] == false));
        world.call("CreateDeployment", json!({ "restApiId": api["id"], "stageName": "s" })).await;
    }
}

#[tokio::test]
async fn a_document_is_merged_or_replaces_the_resources() {
    let world = World::new();
    let api = world.call("ImportRestApi", json!({ "body": swagger() })).await;
    let operation = json!({ "responses": {}, "x-amazon-apigateway-integration": integration() });
    let more =
        json!({ "swagger": "2.0", "info": { "title": "More" }, "paths": { "/more": { "get": operation } } });
    let put = async |mode: &str| {
        let input = json!({ "restApiId": api["id"], "mode": mode, "body": more.to_string() });
        let shown = world.call("PutRestApi", input).await;
        assert_eq!((&shown["id"], &shown["name"]), (&api["id"], &json!("More")));
        world.methods(&api).await.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(put("merge").await, ["/any", "/more", "/words/{id}"]);
    assert_eq!(put("overwrite").await, ["/more"]);
}

#[tokio::test]
async fn the_base_path_is_prepended_on_request() {
    let world = World::new();
    let api = world.call("ImportRestApi", json!({ "body": swagger(), "basepath": "prepend" })).await;
    assert!(world.methods(&api).await.get("/v1/any").is_some());
}

#[tokio::test]
async fn an_invalid_document_is_refused_with_its_place_and_creates_no_api() {
    let world = World::new();
    let check = async |path: &str, value: Value, part: &str| {
        let mut document = swagger();
        let (parent, name) = path.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        let error =
            world.cloud.call(&world.cx, "apigateway", "ImportRestApi", json!({ "body": document })).await;
        let error = error.unwrap_err();
        assert!(error.message.contains(part), "{path}: {error}");
    };
    let post = "/paths/~1words~1{id}/post";
    let in_post = |member: &str| format!("{post}/{member}");
    check("/swagger", json!("1.2"), "`openapi: 3.x` or `swagger: \"2.0\"`").await;
    check(
        "/securityDefinitions",
        json!({ "key": { "type": "oauth2" } }),
        "POST /words/{id}: the embedded cloud does not support the security scheme key, which is neither",
    )
    .await;
    check("/x-amazon-apigateway-policy", json!({ "Version": "2012-10-17" }), "x-amazon-apigateway-policy")
        .await;
    check("/x-amazon-apigateway-request-validator", json!("none"), "there is no request validator none")
        .await;
    check(&in_post("x-amazon-apigateway-integration"), json!({ "type": "http" }), "HTTP integrations").await;
    check(
        &in_post("x-amazon-apigateway-integration"),
        json!({ "type": "mock", "extra": 1 }),
        "extra of x-amazon-apigateway-integration",
    )
    .await;
    check(&in_post("x-amazon-apigateway-auth"), json!({ "type": "AWS_IAM" }), "AWS_IAM").await;
    check(&in_post("parameters"), json!([{ "$ref": "#/parameters/none" }]), "points nowhere").await;
    check("/definitions", json!({ "a-b": {} }), "the model a-b: Model name must be alphanumeric").await;
    assert_eq!(world.call("GetRestApis", json!({})).await["item"], json!([]));
}
