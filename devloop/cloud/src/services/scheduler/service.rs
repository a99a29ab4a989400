//! The service: the schedules and groups of all regions.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicUsize},
};

use parking_lot::RwLock;
use serde_json::Value;

use super::{
    groups, schedules,
    settings::{Checked, Settings},
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    regional::Regional,
    services::events::{Courier, Timer},
};

/// The schedules of one region.
#[derive(Debug)]
pub(super) struct Region {
    /// Schedules by group and name.
    pub(super) schedules: RwLock<BTreeMap<(String, String), Arc<Schedule>>>,
    pub(super) groups: RwLock<BTreeMap<String, Group>>,
}

impl Default for Region {
    fn default() -> Self {
        let groups = BTreeMap::from([("default".to_owned(), Group::default())]);
        Self { schedules: RwLock::default(), groups: RwLock::new(groups) }
    }
}

/// A group of schedules.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// In ms since the epoch.
    pub(super) created_ms: i64,
    pub(super) tags: BTreeMap<String, String>,
}

/// A schedule. An update replaces it by a new one.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) arn: String,
    pub(super) settings: Settings,
    pub(super) checked: Checked,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    /// The deliveries in progress, including those that wait for a retry.
    pub(super) pending: Arc<AtomicUsize>,
    pub(super) timer: RwLock<Option<Timer>>,
}

/// EventBridge Scheduler.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(super) clock: Clock,
    pub(super) courier: Arc<Courier>,
    pub(super) regions: Arc<Regional<Region>>,
}

impl Scheduler {
    /// A service without schedules, whose targets `courier` delivers to.
    pub(crate) fn new(clock: Clock, courier: Arc<Courier>) -> Self {
        Self { clock, courier, regions: Arc::default() }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is asked this way")]
    pub(super) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let run = match operation {
            "CreateSchedule" => schedules::create,
            "CreateScheduleGroup" => groups::create,
            "DeleteSchedule" => schedules::delete,
            "DeleteScheduleGroup" => groups::delete,
            "GetSchedule" => schedules::get,
            "GetScheduleGroup" => groups::get,
            "ListScheduleGroups" => groups::list,
            "ListSchedules" => schedules::list,
            "ListTagsForResource" => groups::tags,
            "TagResource" => groups::tag,
            "UntagResource" => groups::untag,
            "UpdateSchedule" => schedules::update,
            _ => return Err(ApiError::unknown_operation("scheduler", operation)),
        };
        run(self, cx, &input)
    }
}

/// `ResourceNotFoundException`, status 404.
pub(super) fn missing(what: &str, name: &str) -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", format!("{what} {name} does not exist."))
}

/// `ConflictException`, status 409.
pub(super) fn taken(what: &str, name: &str) -> ApiError {
    ApiError::with_status(409, "ConflictException", format!("{what} {name} already exists."))
}
