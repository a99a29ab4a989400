//! `AWS::ApiGateway::Authorizer`, `RequestValidator`, `Model` and `GatewayResponse`.

use serde_json::Value;

use super::apis::{members, naming, on_api};
use crate::resource::{
    Created, Doing, Properties, ResourceType,
    Shape::{Any, Flag, Integer, Text},
    Task, text,
};

/// `AWS::ApiGateway::RequestValidator`.
#[derive(Debug)]
pub(super) struct RequestValidator;

impl ResourceType for RequestValidator {
    fn properties(&self) -> Properties {
        &[
            ("Name", Text),
            ("RestApiId", Text),
            ("ValidateRequestBody", Flag),
            ("ValidateRequestParameters", Flag),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["RequestValidatorId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let input = members(task.pick(&["Name", "ValidateRequestBody", "ValidateRequestParameters"]));
            let id = text(&on_api(task, "CreateRequestValidator", input).await?, "/id")?;
            Ok(Created::new(id.clone()).with("RequestValidatorId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteRequestValidator", naming("requestValidatorId", physical_id)).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Authorizer`.
#[derive(Debug)]
pub(super) struct Authorizer;

impl ResourceType for Authorizer {
    fn properties(&self) -> Properties {
        &[
            ("AuthType", Text),
            ("AuthorizerCredentials", Text),
            ("AuthorizerResultTtlInSeconds", Integer),
            ("AuthorizerUri", Text),
            ("IdentitySource", Text),
            ("IdentityValidationExpression", Text),
            ("Name", Text),
            ("ProviderARNs", Any),
            ("RestApiId", Text),
            ("Type", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["AuthorizerId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut properties = task.properties.clone();
            properties.remove("RestApiId");
            let id = text(&on_api(task, "CreateAuthorizer", members(properties)).await?, "/id")?;
            Ok(Created::new(id.clone()).with("AuthorizerId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteAuthorizer", naming("authorizerId", physical_id)).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Model`.
#[derive(Debug)]
pub(super) struct Model;

impl ResourceType for Model {
    fn properties(&self) -> Properties {
        &[("ContentType", Text), ("Description", Text), ("Name", Text), ("RestApiId", Text), ("Schema", Any)]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = members(task.pick(&["Description"]));
            // The names of models contain neither dashes nor underscores.
            let name: String = task.name("Name", 128).chars().filter(char::is_ascii_alphanumeric).collect();
            input.insert("name".to_owned(), name.clone().into());
            input.insert(
                "contentType".to_owned(),
                task.text("ContentType").unwrap_or("application/json").into(),
            );
            let schema = match task.properties.get("Schema") {
                None => "{}".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(schema) => schema.to_string(),
            };
            input.insert("schema".to_owned(), schema.into());
            on_api(task, "CreateModel", input).await?;
            Ok(Created::new(name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteModel", naming("modelName", physical_id)).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::GatewayResponse`.
#[derive(Debug)]
pub(super) struct GatewayResponse;

impl ResourceType for GatewayResponse {
    fn properties(&self) -> Properties {
        &[
            ("ResponseParameters", Any),
            ("ResponseTemplates", Any),
            ("ResponseType", Text),
            ("RestApiId", Text),
            ("StatusCode", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let kind = task.required("ResponseType")?;
            let mut input = members(task.pick(&["ResponseParameters", "ResponseTemplates", "StatusCode"]));
            input.extend(naming("responseType", kind));
            on_api(task, "PutGatewayResponse", input).await?;
            Ok(Created::new(kind).with("Id", kind))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteGatewayResponse", naming("responseType", physical_id)).await?;
            Ok(())
        })
    }
}
