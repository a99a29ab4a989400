//! What EventBridge Scheduler declares about itself to the rest of the cloud.

use serde_json::{Value, json};

use super::{Scheduler, cloudformation, fire};
use crate::{
    context::Context,
    http::{Arriving, Reply, Request, decode},
    resource::ResourceType,
    rest::Route,
    service::{About, Answering, Service, about_and_call},
};

static ABOUT: About = About {
    routes: &[
        Route::new("POST", "/schedules/{Name}", "CreateSchedule", 200),
        Route::new("GET", "/schedules/{Name}", "GetSchedule", 200),
        Route::new("PUT", "/schedules/{Name}", "UpdateSchedule", 200),
        Route::new("DELETE", "/schedules/{Name}", "DeleteSchedule", 200),
        Route::new("GET", "/schedules", "ListSchedules", 200),
        Route::new("POST", "/schedule-groups/{Name}", "CreateScheduleGroup", 200),
        Route::new("GET", "/schedule-groups/{Name}", "GetScheduleGroup", 200),
        Route::new("DELETE", "/schedule-groups/{Name}", "DeleteScheduleGroup", 200),
        Route::new("GET", "/schedule-groups", "ListScheduleGroups", 200),
        Route::new("GET", "/tags/{ResourceArn}", "ListTagsForResource", 200),
        Route::new("POST", "/tags/{ResourceArn}", "TagResource", 200),
        Route::new("DELETE", "/tags/{ResourceArn}", "UntagResource", 200),
    ],
    operations: &[
        "CreateSchedule",
        "CreateScheduleGroup",
        "DeleteSchedule",
        "DeleteScheduleGroup",
        "GetSchedule",
        "GetScheduleGroup",
        "ListScheduleGroups",
        "ListSchedules",
        "ListTagsForResource",
        "TagResource",
        "UntagResource",
        "UpdateSchedule",
    ],
    without_effect: &[
        "flexible time windows: a schedule fires exactly at its time",
        "the role of a target: the embedded cloud does not evaluate IAM",
    ],
    ..About::named("scheduler")
};

/// A POST to `/_aws/events/fire/<name>` or `/_aws/events/fire/<group>/<name>` runs a schedule at once.
const FIRE: &str = "/_aws/events/fire/";

impl Scheduler {
    fn named(&self, path: &str) -> Option<(std::sync::Arc<str>, std::sync::Arc<super::service::Schedule>)> {
        let path = decode(path.strip_prefix(FIRE)?);
        self.every().into_iter().find(|(_, schedule)| {
            let settings = &schedule.settings;
            settings.name == path || format!("{}/{}", settings.group_name, settings.name) == path
        })
    }
}

impl Service for Scheduler {
    about_and_call!(ABOUT);

    fn is_addressed(&self, request: &Request) -> bool {
        self.named(&request.path).is_some()
    }

    fn answer<'a>(&'a self, cx: &'a Context, request: Request, _: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            if request.method != "POST" {
                return Reply::json(405, &json!({ "message": "a schedule is fired with POST" }));
            }
            match self.named(&request.path) {
                Some((region, schedule)) => {
                    self.fire(&Context { region, ..cx.clone() }, &schedule);
                    Reply::json(200, &json!({ "fired": 1 }))
                }
                None => Reply::json(404, &json!({ "message": "there is no such schedule" })),
            }
        })
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move {
            let shown = self.every().iter().map(|(region, schedule)| fire::shown(region, schedule)).collect();
            vec![("schedules", Value::Array(shown))]
        })
    }
}
