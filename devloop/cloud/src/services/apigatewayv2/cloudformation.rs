//! The resource types of HTTP APIs.

use serde_json::{Map, Value, json};

use super::control::OPERATIONS;
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Each, Flag, Integer, Number, Parts, Text, Texts},
    Task, text,
};

/// The resource types that HTTP APIs implement.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    let part = |kind: &'static str, id: &'static str, properties: Properties| {
        Box::new(Part { kind, id, properties }) as Box<dyn ResourceType>
    };
    vec![
        ("AWS::ApiGatewayV2::Api", Box::new(Api)),
        ("AWS::ApiGatewayV2::Authorizer", part("Authorizer", "authorizerId", AUTHORIZER)),
        ("AWS::ApiGatewayV2::Deployment", part("Deployment", "deploymentId", DEPLOYMENT)),
        ("AWS::ApiGatewayV2::Integration", part("Integration", "integrationId", INTEGRATION)),
        ("AWS::ApiGatewayV2::Route", part("Route", "routeId", ROUTE)),
        ("AWS::ApiGatewayV2::Stage", part("Stage", "stageName", STAGE)),
    ]
}

const AUTHORIZER: Properties = &[
    ("ApiId", Text),
    ("AuthorizerCredentialsArn", Text),
    ("AuthorizerPayloadFormatVersion", Text),
    ("AuthorizerResultTtlInSeconds", Integer),
    ("AuthorizerType", Text),
    ("AuthorizerUri", Text),
    ("EnableSimpleResponses", Flag),
    ("IdentitySource", Texts),
    ("JwtConfiguration", Any),
    ("Name", Text),
];

const DEPLOYMENT: Properties = &[("ApiId", Text), ("Description", Text), ("StageName", Text)];

const INTEGRATION: Properties = &[
    ("ApiId", Text),
    ("ConnectionType", Text),
    ("CredentialsArn", Text),
    ("Description", Text),
    ("IntegrationMethod", Text),
    ("IntegrationType", Text),
    ("IntegrationUri", Text),
    ("PayloadFormatVersion", Text),
    ("TimeoutInMillis", Integer),
];

const ROUTE: Properties = &[
    ("ApiId", Text),
    ("ApiKeyRequired", Flag),
    ("AuthorizationScopes", Texts),
    ("AuthorizationType", Text),
    ("AuthorizerId", Text),
    ("OperationName", Text),
    ("RouteKey", Text),
    ("Target", Text),
];

const STAGE: Properties = &[
    ("AccessLogSettings", Any),
    ("ApiId", Text),
    ("AutoDeploy", Flag),
    (
        "DefaultRouteSettings",
        Parts(&[
            ("DataTraceEnabled", Flag),
            ("DetailedMetricsEnabled", Flag),
            ("ThrottlingBurstLimit", Integer),
            ("ThrottlingRateLimit", Number),
        ]),
    ),
    ("DeploymentId", Text),
    ("Description", Text),
    (
        "RouteSettings",
        Parts(&[
            ("DataTraceEnabled", Flag),
            ("DetailedMetricsEnabled", Flag),
            ("ThrottlingBurstLimit", Integer),
            ("ThrottlingRateLimit", Number),
        ]),
    ),
    ("StageName", Text),
    ("StageVariables", Each(&Text)),
    ("Tags", Each(&Text)),
];

/// A property's name as a member of the API's input: `RouteKey` becomes `routeKey`.
fn member(property: &str) -> String {
    let mut letters = property.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// A structure's properties as members of the API's input.
fn structure(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (member(name), value.clone())).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Properties as members of the API's input. Structures are renamed one level deep; the keys of maps stay as users wrote
/// them.
fn members(properties: &Map<String, Value>) -> Map<String, Value> {
    let named = |(name, value): (&String, &Value)| {
        let value = match name.as_str() {
            "CorsConfiguration" | "JwtConfiguration" | "AccessLogSettings" | "DefaultRouteSettings" => {
                structure(value)
            }
            "RouteSettings" => value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(route, bounds)| (route.clone(), structure(bounds)))
                .collect::<Map<_, _>>()
                .into(),
            _ => value.clone(),
        };
        (member(name), numbers(value))
    };
    properties.iter().map(named).collect()
}

/// Converts the numbers and booleans of a structure, which templates often write as text.
fn numbers(value: Value) -> Value {
    const NAMES: [&str; 5] = [
        "maxAge",
        "allowCredentials",
        "throttlingBurstLimit",
        "throttlingRateLimit",
        "detailedMetricsEnabled",
    ];
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::String(text) if NAMES.contains(&name.as_str()) => {
                        serde_json::from_str(&text).unwrap_or(Value::String(text))
                    }
                    other => numbers(other),
                };
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// `AWS::ApiGatewayV2::Api`.
#[derive(Debug)]
struct Api;

impl Api {
    /// The input of `CreateApi` or `UpdateApi` for the properties.
    fn input(task: &Task<'_>) -> Map<String, Value> {
        let mut properties = task.properties.clone();
        for kept in ["Tags", "Body", "FailOnWarnings", "BasePath"] {
            properties.remove(kept);
        }
        members(&properties)
    }

    /// The OpenAPI document of the properties, if they have one, with the name and with `tags`, which a document lists in its own form.
    fn document(task: &Task<'_>, tags: &Map<String, Value>) -> Option<String> {
        let mut body = task.properties.get("Body")?.clone();
        let listed = |(name, value): (&String, &Value)| json!({ "name": name, "x-amazon-apigateway-tag-value": value });
        let own = body["tags"].as_array().cloned().unwrap_or_default();
        body["tags"] = own.into_iter().chain(tags.iter().map(listed)).collect::<Vec<_>>().into();
        if body["info"]["title"].is_null() {
            body["info"]["title"] = task.name("Name", 128).into();
        }
        Some(body.to_string())
    }
}

impl ResourceType for Api {
    fn properties(&self) -> Properties {
        &[
            ("Body", Any),
            ("CorsConfiguration", Parts(&[("AllowCredentials", Flag), ("MaxAge", Integer)])),
            ("CredentialsArn", Text),
            ("Description", Text),
            ("DisableExecuteApiEndpoint", Flag),
            ("FailOnWarnings", Flag),
            ("IpAddressType", Text),
            ("Name", Text),
            ("ProtocolType", Text),
            ("RouteKey", Text),
            ("RouteSelectionExpression", Text),
            ("Tags", Each(&Text)),
            ("Target", Text),
            ("Version", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["ApiEndpoint", "ApiId"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Body", "CorsConfiguration", "Description", "Name", "Version"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            // The id is the same in every cloud, so that an address which a user has copied stays valid.
            let mut tags = match task.properties.get("Tags") {
                Some(Value::Object(tags)) => tags.clone(),
                _ => Map::new(),
            };
            tags.entry("_custom_id_").or_insert_with(|| task.stable_id().into());
            let mut input = Self::input(task);
            input.insert("tags".to_owned(), tags.clone().into());
            let output = match Self::document(task, &tags) {
                None => task.call("apigatewayv2", "CreateApi", input.into()).await?,
                Some(body) => {
                    let output = task.call("apigatewayv2", "ImportApi", json!({ "body": body })).await?;
                    task.began(&text(&output, "/apiId")?);
                    output
                }
            };
            let id = text(&output, "/apiId")?;
            if task.properties.contains_key("Body") {
                let mut input = Self::input(task);
                input.remove("protocolType");
                input.insert("apiId".to_owned(), id.clone().into());
                task.call("apigatewayv2", "UpdateApi", input.into()).await?;
            }
            Ok(Created::new(id.clone()).with("ApiId", id).with("ApiEndpoint", text(&output, "/apiEndpoint")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let id = &before.made.physical_id;
            if let Some(body) = Self::document(task, &Map::new()) {
                let input = json!({ "apiId": id, "body": body });
                task.call("apigatewayv2", "ReimportApi", input).await?;
            } else if !task.properties.contains_key("CorsConfiguration") {
                task.call("apigatewayv2", "DeleteCorsConfiguration", json!({ "apiId": id })).await?;
            }
            let mut input = Self::input(task);
            input.insert("apiId".to_owned(), id.as_str().into());
            for fixed in ["protocolType", "target", "routeKey", "credentialsArn"] {
                input.remove(fixed);
            }
            task.call("apigatewayv2", "UpdateApi", input.into()).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("apigatewayv2", "DeleteApi", json!({ "apiId": physical_id })).await?;
            Ok(())
        })
    }
}

/// A resource type for a part of an API. The operations that create, update and delete it are named after its kind.
#[derive(Debug)]
struct Part {
    kind: &'static str,
    /// The name of the member that has its id.
    id: &'static str,
    properties: Properties,
}

impl Part {
    async fn call(
        &self,
        task: &Task<'_>,
        verb: &str,
        id: Option<&str>,
        input: Map<String, Value>,
    ) -> Result<Value, Cause> {
        let mut input = input;
        input.insert("apiId".to_owned(), task.required("ApiId")?.into());
        if let Some(id) = id {
            input.insert(self.id.to_owned(), id.into());
        }
        let operation = format!("{verb}{}", self.kind);
        debug_assert!(OPERATIONS.contains(&operation.as_str()), "{operation}");
        task.call("apigatewayv2", &operation, input.into()).await
    }
}

impl ResourceType for Part {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn attributes(&self) -> &'static [&'static str] {
        match self.kind {
            "Authorizer" => &["AuthorizerId"],
            "Deployment" => &["DeploymentId"],
            "Integration" => &["IntegrationId"],
            "Route" => &["RouteId"],
            _ => &[],
        }
    }

    fn updatable(&self) -> &'static [&'static str] {
        match self.kind {
            "Stage" => {
                &["AutoDeploy", "DefaultRouteSettings", "DeploymentId", "RouteSettings", "StageVariables"]
            }
            "Integration" => &["IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis"],
            "Route" => &["AuthorizationScopes", "AuthorizationType", "AuthorizerId", "RouteKey", "Target"],
            _ => &[],
        }
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let output = self.call(task, "Create", None, members(task.properties)).await?;
            let id = text(&output, &format!("/{}", self.id))?;
            let created = Created::new(id.clone());
            Ok(self.attributes().first().map_or(created.clone(), |name| created.with(*name, id)))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = members(task.properties);
            input.remove("stageName");
            self.call(task, "Update", Some(&before.made.physical_id), input).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            self.call(task, "Delete", Some(physical_id), Map::new()).await?;
            Ok(())
        })
    }
}
