//! What EventBridge declares about itself to the rest of the cloud.

use std::sync::{Weak, atomic::Ordering};

use serde_json::{Value, json};

use super::{EventBridge, cloudformation, courier::MEMORY};
use crate::{
    context::Context,
    http::{Arriving, Reply, Request, decode},
    resource::ResourceType,
    service::{About, Answering, Catalogue, Json, JsonVersion, Service, about_and_call},
};

static ABOUT: About = About {
    json: Some(Json { target: "AWSEvents", version: JsonVersion::V11, namespace: "", cbor: None }),
    operations: &[
        "CreateEventBus",
        "DeleteEventBus",
        "DeleteRule",
        "DescribeEventBus",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListEventBuses",
        "ListRuleNamesByTarget",
        "ListRules",
        "ListTagsForResource",
        "ListTargetsByRule",
        "PutEvents",
        "PutPermission",
        "PutRule",
        "PutTargets",
        "RemovePermission",
        "RemoveTargets",
        "TagResource",
        "TestEventPattern",
        "UntagResource",
        "UpdateEventBus",
    ],
    without_effect: &[
        "policies of buses and roles of rules and targets: the embedded cloud does not evaluate IAM",
        "the restriction on sources that begin with `aws.`: every client may send them, so that a test can send the events of AWS services",
        "LogConfig of a bus: the bus writes no logs",
    ],
    ..About::named("events")
};

/// A POST to `/_aws/events/fire/<rule>` runs a rule with a schedule at once.
const FIRE: &str = "/_aws/events/fire/";

impl Service for EventBridge {
    about_and_call!(ABOUT);

    fn connect(&self, all: Weak<dyn Catalogue>) {
        self.courier.connect(all);
    }

    fn is_addressed(&self, request: &Request) -> bool {
        let name = request.path.strip_prefix(FIRE).map(decode);
        name.is_some_and(|name| self.scheduled().iter().any(|(_, known)| *known == name))
    }

    fn answer<'a>(&'a self, cx: &'a Context, request: Request, _: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            let name = decode(request.path.strip_prefix(FIRE).unwrap_or_default());
            let found = self.scheduled().into_iter().find(|(_, known)| *known == name);
            if request.method != "POST" {
                return Reply::json(405, &json!({ "message": "a rule is fired with POST" }));
            }
            match found {
                Some((region, name)) => {
                    let cx = Context { region, ..cx.clone() };
                    Reply::json(200, &json!({ "fired": self.fire(&cx, &name) }))
                }
                None => Reply::json(
                    404,
                    &json!({ "message": format!("there is no rule {name} with a schedule") }),
                ),
            }
        })
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("rules", self.shown())] })
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let mut pending = 0;
        for (_, region) in self.regions.all() {
            for bus in region.buses.read().values() {
                pending +=
                    bus.rules.read().values().map(|rule| rule.pending.load(Ordering::Relaxed)).sum::<usize>();
            }
        }
        vec![("events_on_their_way", pending as u64), ("event_memory", self.courier.memory.bytes() as u64)]
    }

    /// The limit applies to all rules and all schedules together.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("event_memory", MEMORY as u64)]
    }
}
