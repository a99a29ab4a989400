//! `AWS::Lambda::Permission` and `AWS::Lambda::Url`: who may call a function, and at which address.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, ResourceType,
    Shape::{Flag, Integer, Parts, Text},
    Task, text,
};

/// `AWS::Lambda::Permission`.
#[derive(Debug)]
pub(super) struct Permission;

impl ResourceType for Permission {
    fn properties(&self) -> Properties {
        &[
            ("Action", Text),
            ("EventSourceToken", Text),
            ("FunctionName", Text),
            ("FunctionUrlAuthType", Text),
            ("InvokedViaFunctionUrl", Flag),
            ("Principal", Text),
            ("PrincipalOrgID", Text),
            ("SourceAccount", Text),
            ("SourceArn", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            task.required("FunctionName")?;
            let mut input = task.properties.clone();
            let id = task.name("StatementId", 100);
            input.insert("StatementId".to_owned(), id.as_str().into());
            task.call("lambda", "AddPermission", Value::Object(input)).await?;
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let function = task.required("FunctionName")?;
            let input = json!({ "FunctionName": function, "StatementId": physical_id });
            task.call("lambda", "RemovePermission", input).await?;
            Ok(())
        })
    }
}

/// `AWS::Lambda::Url`.
#[derive(Debug)]
pub(super) struct Url;

impl Url {
    /// The input members that name the function.
    fn place(task: &Task<'_>) -> Result<Map<String, Value>, Cause> {
        let mut place = task.pick(&["Qualifier"]);
        place.insert("FunctionName".to_owned(), task.required("TargetFunctionArn")?.into());
        Ok(place)
    }
}

impl ResourceType for Url {
    fn properties(&self) -> Properties {
        &[
            ("AuthType", Text),
            ("Cors", Parts(&[("AllowCredentials", Flag), ("MaxAge", Integer)])),
            ("InvokeMode", Text),
            ("Qualifier", Text),
            ("TargetFunctionArn", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["FunctionArn", "FunctionUrl"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.pick(&["AuthType", "Cors", "InvokeMode"]);
            input.extend(Self::place(task)?);
            let output = task.call("lambda", "CreateFunctionUrlConfig", Value::Object(input)).await?;
            let (arn, url) = (text(&output, "/FunctionArn")?, text(&output, "/FunctionUrl")?);
            Ok(Created::new(arn.clone()).with("FunctionArn", arn).with("FunctionUrl", url))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = Value::Object(Self::place(task)?);
            task.call("lambda", "DeleteFunctionUrlConfig", input).await?;
            Ok(())
        })
    }
}
