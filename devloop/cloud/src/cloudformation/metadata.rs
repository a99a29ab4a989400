//! `AWS::CDK::Metadata`: kept in the stack, without any effect.

use crate::resource::{Created, Doing, Properties, ResourceType, Shape::Text, Task};

/// `AWS::CDK::Metadata`: statistics that the CDK adds to a template.
#[derive(Debug)]
pub(super) struct Metadata;

impl ResourceType for Metadata {
    fn properties(&self) -> Properties {
        &[("Analytics", Text)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Analytics"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Ok(Created::new(task.stable_id())) })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a crate::resource::Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, _: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
