//! The service: runs operations by name, and finds buses.

use std::sync::Arc;

use serde_json::Value;

use super::{
    buses,
    courier::Courier,
    put, rules,
    store::{Bus, DEFAULT, Region},
    targets,
};
use crate::{arn::Arn, clock::Clock, context::Context, error::ApiError, regional::Regional};

/// EventBridge.
#[derive(Debug)]
pub(crate) struct EventBridge {
    pub(super) clock: Clock,
    pub(super) courier: Arc<Courier>,
    /// Shared with the timers of rules, which are dropped with their rules.
    pub(super) regions: Arc<Regional<Region>>,
}

impl EventBridge {
    /// A service without rules, whose targets `courier` delivers to.
    pub(crate) fn new(clock: Clock, courier: Arc<Courier>) -> Self {
        Self { clock, courier, regions: Arc::default() }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is asked this way")]
    pub(super) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let run = match operation {
            "CreateEventBus" => buses::create,
            "DeleteEventBus" => buses::delete,
            "DeleteRule" => rules::delete,
            "DescribeEventBus" => buses::describe,
            "DescribeRule" => rules::describe,
            "DisableRule" => rules::disable,
            "EnableRule" => rules::enable,
            "ListEventBuses" => buses::list,
            "ListRuleNamesByTarget" => targets::rules_of,
            "ListRules" => rules::list,
            "ListTagsForResource" => buses::tags,
            "ListTargetsByRule" => targets::list,
            "PutEvents" => put::put_events,
            "PutPermission" => buses::put_permission,
            "PutRule" => rules::put,
            "PutTargets" => targets::put,
            "RemovePermission" => buses::remove_permission,
            "RemoveTargets" => targets::remove,
            "TagResource" => buses::tag,
            "TestEventPattern" => put::test_pattern,
            "UntagResource" => buses::untag,
            "UpdateEventBus" => buses::update,
            _ => return Err(ApiError::unknown_operation("events", operation)),
        };
        run(self, cx, &input)
    }

    /// The bus with this name or ARN.
    pub(super) fn bus(&self, cx: &Context, name: &str) -> Result<Arc<Bus>, ApiError> {
        find(&self.regions, cx, name)
    }
}

/// The bus with this name or ARN; an empty name is the default bus.
pub(super) fn find(regions: &Regional<Region>, cx: &Context, name: &str) -> Result<Arc<Bus>, ApiError> {
    let region = Arn::parse(name).map_or(&*cx.region, |arn| arn.region);
    let name = name.rsplit("event-bus/").next().filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
    let found = regions.of(region).buses.read().get(name).cloned();
    found.ok_or_else(|| missing(format!("Event bus {name} does not exist.")))
}

/// `ResourceNotFoundException`.
pub(super) fn missing(message: impl Into<String>) -> ApiError {
    ApiError::client("ResourceNotFoundException", message)
}
