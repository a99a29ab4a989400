//! `AWS::Scheduler::Schedule` and `ScheduleGroup`.

use serde_json::{Value, json};

use crate::resource::{
    Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Integer, Parts, Text},
    Task, text,
};

/// The resource types that EventBridge Scheduler implements.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::Scheduler::Schedule", Box::new(Schedule)),
        ("AWS::Scheduler::ScheduleGroup", Box::new(ScheduleGroup)),
    ]
}

/// `AWS::Scheduler::Schedule`.
#[derive(Debug)]
struct Schedule;

impl Schedule {
    fn input(task: &Task<'_>, name: &str) -> Value {
        let mut input = task.properties.clone();
        input.insert("Name".to_owned(), name.into());
        // Templates often write numbers as text.
        if let Some(minutes) =
            input.get_mut("FlexibleTimeWindow").and_then(|w| w.get_mut("MaximumWindowInMinutes"))
            && let Some(number) = minutes.as_str().and_then(|text| text.parse::<u32>().ok())
        {
            *minutes = number.into();
        }
        input.into()
    }
}

impl ResourceType for Schedule {
    fn properties(&self) -> Properties {
        &[
            ("ActionAfterCompletion", Text),
            ("Description", Text),
            ("EndDate", Text),
            ("FlexibleTimeWindow", Parts(&[("MaximumWindowInMinutes", Integer)])),
            ("GroupName", Text),
            ("Name", Text),
            ("ScheduleExpression", Text),
            ("ScheduleExpressionTimezone", Text),
            ("StartDate", Text),
            ("State", Text),
            ("Target", Parts(&[("MaximumRetryAttempts", Integer), ("MaximumEventAgeInSeconds", Integer)])),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "ActionAfterCompletion",
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("Name", 64);
            let output = task.call("scheduler", "CreateSchedule", Self::input(task, &name)).await?;
            Ok(Created::new(name).with("Arn", text(&output, "/ScheduleArn")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            task.call("scheduler", "UpdateSchedule", Self::input(task, &before.made.physical_id)).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let group = task.text("GroupName").unwrap_or("default");
            let input = json!({ "Name": physical_id, "GroupName": group });
            task.call("scheduler", "DeleteSchedule", input).await?;
            Ok(())
        })
    }
}

/// `AWS::Scheduler::ScheduleGroup`.
#[derive(Debug)]
struct ScheduleGroup;

impl ResourceType for ScheduleGroup {
    fn properties(&self) -> Properties {
        &[("Name", Text), ("Tags", Shape::TAGS)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("Name", 64);
            let mut input = task.pick(&["Tags"]);
            input.insert("Name".to_owned(), name.as_str().into());
            let output = task.call("scheduler", "CreateScheduleGroup", input.into()).await?;
            Ok(Created::new(name).with("Arn", text(&output, "/ScheduleGroupArn")?))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("scheduler", "DeleteScheduleGroup", json!({ "Name": physical_id })).await?;
            Ok(())
        })
    }
}
