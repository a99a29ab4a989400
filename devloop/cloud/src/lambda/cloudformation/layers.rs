//! `AWS::Lambda::LayerVersion`.

use serde_json::{Value, json};

use super::super::layers::version_of;
use crate::resource::{
    Cause, Created, Doing, Properties, ResourceType,
    Shape::{Any, Text, Texts},
    Task, text,
};

/// `AWS::Lambda::LayerVersion`.
#[derive(Debug)]
pub(super) struct LayerVersion;

impl ResourceType for LayerVersion {
    fn properties(&self) -> Properties {
        &[
            ("CompatibleArchitectures", Texts),
            ("CompatibleRuntimes", Texts),
            ("Content", Any),
            ("Description", Text),
            ("LayerName", Text),
            ("LicenseInfo", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["LayerVersionArn"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            if !task.properties.contains_key("Content") {
                return Err(Cause::Property("the property Content is missing".to_owned()));
            }
            let mut input = task.pick(&[
                "CompatibleArchitectures",
                "CompatibleRuntimes",
                "Content",
                "Description",
                "LicenseInfo",
            ]);
            input.insert("LayerName".to_owned(), task.name("LayerName", 64).into());
            let output = task.call("lambda", "PublishLayerVersion", Value::Object(input)).await?;
            let arn = text(&output, "/LayerVersionArn")?;
            Ok(Created::new(arn.clone()).with("LayerVersionArn", arn))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let (name, version) = version_of(physical_id)
                .ok_or_else(|| Cause::Property(format!("{physical_id} is not the ARN of a layer version")))?;
            let input = json!({ "LayerName": name, "VersionNumber": version });
            task.call("lambda", "DeleteLayerVersion", input).await?;
            Ok(())
        })
    }
}
