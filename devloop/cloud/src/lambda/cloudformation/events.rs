//! `AWS::Lambda::EventInvokeConfig`: settings of a function's asynchronous invocations.

use serde_json::{Map, Value};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Integer, Text},
    Task,
};

/// `AWS::Lambda::EventInvokeConfig`.
#[derive(Debug)]
pub(super) struct EventInvokeConfig;

impl EventInvokeConfig {
    /// The input members that name the function and its version or alias.
    fn place(task: &Task<'_>) -> Result<Map<String, Value>, Cause> {
        task.required("FunctionName")?;
        task.required("Qualifier")?;
        Ok(task.pick(&["FunctionName", "Qualifier"]))
    }

    async fn put(task: &Task<'_>) -> Result<Created, Cause> {
        let mut input = Self::place(task)?;
        input.extend(task.pick(&["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"]));
        task.call("lambda", "PutFunctionEventInvokeConfig", Value::Object(input)).await?;
        Ok(Created::new(format!("{}|{}", task.required("FunctionName")?, task.required("Qualifier")?)))
    }
}

impl ResourceType for EventInvokeConfig {
    fn properties(&self) -> Properties {
        &[
            ("DestinationConfig", Any),
            ("FunctionName", Text),
            ("MaximumEventAgeInSeconds", Integer),
            ("MaximumRetryAttempts", Integer),
            ("Qualifier", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(Self::put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = Value::Object(Self::place(task)?);
            task.call("lambda", "DeleteFunctionEventInvokeConfig", input).await?;
            Ok(())
        })
    }
}
