//! `AWS::ApiGateway::Method`: a method, its integration, and the responses of both.

use serde_json::{Map, Value};

use super::apis::{members, naming, on_api};
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Each, Flag, Integer, Parts, Text, Texts},
    Task,
};

/// `AWS::ApiGateway::Method`.
#[derive(Debug)]
pub(super) struct Method;

impl Method {
    /// The input members that name the method.
    fn place(task: &Task<'_>) -> Result<Map<String, Value>, Cause> {
        let mut place = naming("resourceId", task.required("ResourceId")?);
        place.insert("httpMethod".to_owned(), task.required("HttpMethod")?.into());
        Ok(place)
    }

    async fn put_integration(task: &Task<'_>) -> Result<(), Cause> {
        let Some(integration) = task.properties.get("Integration") else { return Ok(()) };
        let mut integration = structure(integration, "Integration")?;
        let responses = integration.remove("IntegrationResponses");
        let mut input = members(integration);
        input.extend(Self::place(task)?);
        on_api(task, "PutIntegration", input).await?;
        Self::put_responses(task, "PutIntegrationResponse", responses.as_ref()).await
    }

    async fn put_responses(task: &Task<'_>, operation: &str, responses: Option<&Value>) -> Result<(), Cause> {
        for response in responses.and_then(Value::as_array).into_iter().flatten() {
            let mut response = structure(response, "a response")?;
            let status = match response.remove("StatusCode") {
                Some(Value::String(status)) => status,
                Some(Value::Number(status)) => status.to_string(),
                _ => return Err(Cause::Property("a response has no StatusCode".to_owned())),
            };
            let mut input = members(response);
            input.insert("statusCode".to_owned(), status.into());
            input.extend(Self::place(task)?);
            on_api(task, operation, input).await?;
        }
        Ok(())
    }
}

fn structure(value: &Value, what: &str) -> Result<Map<String, Value>, Cause> {
    value.as_object().cloned().ok_or_else(|| Cause::Property(format!("{what} must be a structure")))
}

impl ResourceType for Method {
    fn properties(&self) -> Properties {
        &[
            ("ApiKeyRequired", Flag),
            ("AuthorizationScopes", Texts),
            ("AuthorizationType", Text),
            ("AuthorizerId", Text),
            ("HttpMethod", Text),
            ("Integration", Parts(&[("StatusCode", Text), ("TimeoutInMillis", Integer)])),
            ("MethodResponses", Parts(&[("ResponseParameters", Each(&Flag)), ("StatusCode", Text)])),
            ("OperationName", Text),
            ("RequestModels", Any),
            ("RequestParameters", Each(&Flag)),
            ("RequestValidatorId", Text),
            ("ResourceId", Text),
            ("RestApiId", Text),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "ApiKeyRequired",
            "AuthorizationScopes",
            "AuthorizationType",
            "AuthorizerId",
            "Integration",
            "MethodResponses",
            "OperationName",
            "RequestModels",
            "RequestParameters",
            "RequestValidatorId",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = members(task.pick(&[
                "ApiKeyRequired",
                "AuthorizationScopes",
                "AuthorizationType",
                "AuthorizerId",
                "OperationName",
                "RequestModels",
                "RequestParameters",
                "RequestValidatorId",
            ]));
            input.extend(Self::place(task)?);
            on_api(task, "PutMethod", input).await?;
            let id = task.name("Id", 128);
            task.began(&id);
            let responses = task.properties.get("MethodResponses");
            Self::put_responses(task, "PutMethodResponse", responses).await?;
            Self::put_integration(task).await?;
            Ok(Created::new(id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            if self.updatable().iter().any(|name| *name != "Integration" && task.differs(before, name)) {
                // Meanwhile a deployed API keeps its own copy of the method.
                on_api(task, "DeleteMethod", Self::place(task)?).await?;
                self.create(task).await?;
                return Ok(before.made.clone());
            }
            if task.properties.contains_key("Integration") {
                Self::put_integration(task).await?;
            } else {
                on_api(task, "DeleteIntegration", Self::place(task)?).await?;
            }
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteMethod", Self::place(task)?).await?;
            Ok(())
        })
    }
}
