//! `AWS::CloudWatch::Alarm` and `AWS::CloudWatch::Dashboard`.

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Flag, Integer, Parts, Text, Texts},
    Task,
};

/// All properties but the name; each of them can change in place.
const SETTINGS: &[&str] = &[
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];

/// `AWS::CloudWatch::Alarm`.
#[derive(Debug)]
pub(super) struct Alarm;

impl ResourceType for Alarm {
    fn properties(&self) -> Properties {
        &[
            ("ActionsEnabled", Flag),
            ("AlarmActions", Texts),
            ("AlarmDescription", Text),
            ("AlarmName", Text),
            ("ComparisonOperator", Text),
            ("DatapointsToAlarm", Integer),
            ("Dimensions", Parts(&[("Value", Text)])),
            ("EvaluateLowSampleCountPercentile", Text),
            ("EvaluationPeriods", Integer),
            ("ExtendedStatistic", Text),
            ("InsufficientDataActions", Texts),
            ("MetricName", Text),
            ("Metrics", Parts(&[("Period", Integer), ("ReturnData", Flag), ("Value", Text)])),
            ("Namespace", Text),
            ("OKActions", Texts),
            ("Period", Integer),
            ("Statistic", Text),
            ("Tags", Shape::TAGS),
            ("Threshold", Text),
            ("TreatMissingData", Text),
            ("Unit", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        SETTINGS
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(put(task, task.name("AlarmName", 255)))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(put(task, before.made.physical_id.clone()))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("monitoring", "DeleteAlarms", json!({ "AlarmNames": [physical_id] })).await?;
            Ok(())
        })
    }
}

async fn put(task: &Task<'_>, name: String) -> Result<Created, crate::resource::Cause> {
    let mut input = task.pick(SETTINGS);
    input.insert("AlarmName".to_owned(), name.clone().into());
    if let Some(tags) = task.properties.get("Tags") {
        input.insert("Tags".to_owned(), tags.clone());
    }
    task.call("monitoring", "PutMetricAlarm", Value::Object(input)).await?;
    task.began(&name);
    let arn = task.cx.arn("cloudwatch", &format!("alarm:{name}"));
    Ok(Created::new(name).with("Arn", arn))
}

/// `AWS::CloudWatch::Dashboard`.
#[derive(Debug)]
pub(super) struct Dashboard;

impl Dashboard {
    async fn put(task: &Task<'_>, name: &str) -> Result<Created, Cause> {
        let input = json!({ "DashboardName": name, "DashboardBody": task.required("DashboardBody")? });
        task.call("monitoring", "PutDashboard", input).await?;
        Ok(Created::new(name))
    }
}

impl ResourceType for Dashboard {
    fn properties(&self) -> Properties {
        &[("DashboardBody", Text), ("DashboardName", Text)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["DashboardBody"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Self::put(task, &task.name("DashboardName", 255)).await })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::put(task, &before.made.physical_id))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = json!({ "DashboardNames": [physical_id] });
            task.call("monitoring", "DeleteDashboards", input).await?;
            Ok(())
        })
    }
}
