//! `AWS::Lambda::Permission` and `AWS::Lambda::Url`: who may call a function, and where.

use hyper::Method;
use serde_json::Value;

use super::{
    call::{Rest, text},
    provider::{Cause, Created, Doing, Properties, Provider},
    shape::Shape::{Any, Flag, Text},
    task::Task,
};

/// `AWS::Lambda::Permission`.
#[derive(Debug)]
pub(super) struct Permission;

impl Permission {
    fn path(task: &Task<'_>) -> Result<String, Cause> {
        Ok(format!("/2015-03-31/functions/{}/policy", task.required("FunctionName")?))
    }
}

impl Provider for Permission {
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
            let mut input = task.properties.clone();
            input.remove("FunctionName");
            let id = task.name("StatementId", 100);
            input.insert("StatementId".to_owned(), id.as_str().into());
            task.rest(Rest::Lambda, Method::POST, &Self::path(task)?, Value::Object(input)).await?;
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let path = format!("{}/{physical_id}", Self::path(task)?);
            task.rest(Rest::Lambda, Method::DELETE, &path, Value::Null).await?;
            Ok(())
        })
    }
}

/// `AWS::Lambda::Url`.
#[derive(Debug)]
pub(super) struct Url;

impl Url {
    fn path(task: &Task<'_>) -> Result<String, Cause> {
        let function = task.required("TargetFunctionArn")?;
        Ok(match task.text("Qualifier") {
            Some(qualifier) => format!("/2021-10-31/functions/{function}/url?Qualifier={qualifier}"),
            None => format!("/2021-10-31/functions/{function}/url"),
        })
    }
}

impl Provider for Url {
    fn properties(&self) -> Properties {
        &[
            ("AuthType", Text),
            ("Cors", Any),
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
            let input = Value::Object(task.pick(&["AuthType", "Cors", "InvokeMode"]));
            let output = task.rest(Rest::Lambda, Method::POST, &Self::path(task)?, input).await?;
            let (arn, url) = (text(&output, "/FunctionArn")?, text(&output, "/FunctionUrl")?);
            Ok(Created::new(arn.clone()).with("FunctionArn", arn).with("FunctionUrl", url))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.rest(Rest::Lambda, Method::DELETE, &Self::path(task)?, Value::Null).await?;
            Ok(())
        })
    }
}
