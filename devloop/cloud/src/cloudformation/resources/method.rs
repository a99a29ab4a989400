//! `AWS::ApiGateway::Method`: a method, its integration, and the responses of both.

use hyper::Method as Verb;
use serde_json::{Map, Value};

use super::{
    apigateway::{members, on_api},
    provider::{Cause, Created, Doing, Properties, Provider, Record},
    shape::Shape::{Any, Flag, Text, Texts},
    task::Task,
};

/// `AWS::ApiGateway::Method`.
#[derive(Debug)]
pub(super) struct Method;

impl Method {
    fn path(task: &Task<'_>) -> Result<String, Cause> {
        Ok(format!("/resources/{}/methods/{}", task.required("ResourceId")?, task.required("HttpMethod")?))
    }

    async fn put_integration(task: &Task<'_>, path: &str) -> Result<(), Cause> {
        let Some(integration) = task.properties.get("Integration") else { return Ok(()) };
        let mut integration = structure(integration, "Integration")?;
        let responses = integration.remove("IntegrationResponses");
        let mut input = members(integration);
        if let Some(method) = input.remove("integrationHttpMethod") {
            input.insert("httpMethod".to_owned(), method);
        }
        on_api(task, Verb::PUT, &format!("{path}/integration"), Value::Object(input)).await?;
        Self::put_responses(task, &format!("{path}/integration/responses"), responses.as_ref()).await
    }

    async fn put_responses(task: &Task<'_>, path: &str, responses: Option<&Value>) -> Result<(), Cause> {
        for response in responses.and_then(Value::as_array).into_iter().flatten() {
            let mut response = structure(response, "a response")?;
            let status = match response.remove("StatusCode") {
                Some(Value::String(status)) => status,
                Some(Value::Number(status)) => status.to_string(),
                _ => return Err(Cause::Property("a response has no StatusCode".to_owned())),
            };
            on_api(task, Verb::PUT, &format!("{path}/{status}"), Value::Object(members(response))).await?;
        }
        Ok(())
    }
}

fn structure(value: &Value, what: &str) -> Result<Map<String, Value>, Cause> {
    value.as_object().cloned().ok_or_else(|| Cause::Property(format!("{what} must be a structure")))
}

impl Provider for Method {
    fn properties(&self) -> Properties {
        &[
            ("ApiKeyRequired", Flag),
            ("AuthorizationScopes", Texts),
            ("AuthorizationType", Text),
            ("AuthorizerId", Text),
            ("HttpMethod", Text),
            ("Integration", Any),
            ("MethodResponses", Any),
            ("OperationName", Text),
            ("RequestModels", Any),
            ("RequestParameters", Any),
            ("RequestValidatorId", Text),
            ("ResourceId", Text),
            ("RestApiId", Text),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Integration"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let path = Self::path(task)?;
            let input = members(task.pick(&[
                "ApiKeyRequired",
                "AuthorizationScopes",
                "AuthorizationType",
                "AuthorizerId",
                "OperationName",
                "RequestModels",
                "RequestParameters",
                "RequestValidatorId",
            ]));
            on_api(task, Verb::PUT, &path, Value::Object(input)).await?;
            let id = task.name("Id", 128);
            task.began(&id);
            let responses = task.properties.get("MethodResponses");
            Self::put_responses(task, &format!("{path}/responses"), responses).await?;
            Self::put_integration(task, &path).await?;
            Ok(Created::new(id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let path = Self::path(task)?;
            if task.properties.contains_key("Integration") {
                Self::put_integration(task, &path).await?;
            } else {
                on_api(task, Verb::DELETE, &format!("{path}/integration"), Value::Null).await?;
            }
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, Verb::DELETE, &Self::path(task)?, Value::Null).await?;
            Ok(())
        })
    }
}
