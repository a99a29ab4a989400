//! Runs schedules when they are due.

use std::sync::{Arc, Weak};

use serde_json::{Value, json, value::RawValue};

use super::service::{Region, Schedule, Scheduler};
use crate::{
    clock::Clock,
    context::Context,
    regional::Regional,
    services::events::{Courier, Delivery, Event, Expression, Timer},
    wire,
};

/// What the timer of a schedule needs.
#[derive(Clone)]
struct Waiting {
    clock: Clock,
    courier: Arc<Courier>,
    regions: Arc<Regional<Region>>,
    cx: Context,
    schedule: Weak<Schedule>,
}

impl Scheduler {
    /// Starts the timer of an enabled schedule.
    pub(super) fn start_timer(&self, cx: &Context, schedule: &Arc<Schedule>) {
        if schedule.settings.state != "ENABLED" {
            return;
        }
        let waiting = Waiting {
            clock: self.clock.clone(),
            courier: Arc::clone(&self.courier),
            regions: Arc::clone(&self.regions),
            cx: cx.clone(),
            schedule: Arc::downgrade(schedule),
        };
        let (checked, settings) = (schedule.checked.clone(), &schedule.settings);
        let (start_ms, end_ms) = (settings.start_date, settings.end_date);
        let made_ms = schedule.updated_ms;
        let next =
            move |after_ms: i64| due(&checked.expression, &checked.zone, after_ms, made_ms, start_ms, end_ms);
        let next_too = next.clone();
        let work = move |due_ms: i64| {
            let waiting = waiting.clone();
            let is_last = next_too(due_ms).is_none();
            async move { waiting.run(due_ms, is_last) }
        };
        *schedule.timer.write() = Some(Timer::start(self.clock.clone(), made_ms, next, work));
    }

    /// Every schedule with its region, including disabled ones.
    pub(super) fn every(&self) -> Vec<(Arc<str>, Arc<Schedule>)> {
        let mut found = Vec::new();
        for (region, store) in self.regions.all() {
            found.extend(store.schedules.read().values().map(|one| (Arc::clone(&region), Arc::clone(one))));
        }
        found
    }

    /// Runs a schedule now, as if it were due.
    pub(super) fn fire(&self, cx: &Context, schedule: &Schedule) {
        self.courier.send(delivery(cx, schedule, self.clock.now_ms()));
    }
}

/// The first time after `after_ms` at which a schedule is due, within its start and end dates. `made_ms` is when it was
/// created or updated: a rate without a start date is due then [StartDate, CreateSchedule].
fn due(
    expression: &Expression,
    zone: &jiff::tz::TimeZone,
    after_ms: i64,
    made_ms: i64,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
) -> Option<i64> {
    let base_ms = start_ms.unwrap_or(made_ms);
    let after_ms = start_ms.map_or(after_ms, |start| after_ms.max(start - 1));
    let found = expression.next(after_ms, base_ms, zone)?;
    // Start and end dates do not apply to `at`.
    let within = matches!(expression, Expression::At(_)) || end_ms.is_none_or(|end| found <= end);
    Some(found).filter(|_| within)
}

impl Waiting {
    fn run(&self, due_ms: i64, is_last: bool) {
        let Some(schedule) = self.schedule.upgrade() else { return };
        self.courier.send(delivery(&self.cx, &schedule, due_ms));
        if is_last && schedule.settings.action_after_completion == "DELETE" {
            let key = (schedule.settings.group_name.clone(), schedule.settings.name.clone());
            self.regions.of(&self.cx.region).schedules.write().remove(&key);
        }
        tracing::debug!(schedule = schedule.arn, now_ms = self.clock.now_ms(), "a schedule was due");
    }
}

fn delivery(cx: &Context, schedule: &Schedule, due_ms: i64) -> Delivery {
    let target = &schedule.settings.target;
    let time = jiff::Timestamp::from_millisecond(due_ms).unwrap_or_default();
    let time = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let execution = wire::unique_id().to_string();
    let body = match &target.input {
        // Context attributes in the input [Adding context attributes in EventBridge Scheduler].
        Some(input) => input
            .replace("<aws.scheduler.schedule-arn>", &schedule.arn)
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &execution)
            .replace("<aws.scheduler.attempt-number>", "1"),
        None => {
            // In the event of a schedule without an input, the detail is a text.
            let detail = RawValue::from_string("\"{}\"".to_owned()).unwrap_or_default();
            Event::new(cx, "aws.scheduler", "Scheduled Event", vec![schedule.arn.clone()], &detail, due_ms)
                .text()
        }
    };
    let text = |given: &Option<Value>, name: &str| {
        given.as_ref().and_then(|given| given[name].as_str()).map(str::to_owned)
    };
    let events = &target.event_bridge_parameters;
    Delivery {
        cx: cx.clone(),
        from: schedule.arn.clone(),
        target: target.arn.clone(),
        body,
        partition: text(&target.kinesis_parameters, "PartitionKey").unwrap_or(execution),
        group: text(&target.sqs_parameters, "MessageGroupId"),
        kind: (text(events, "Source").unwrap_or_default(), text(events, "DetailType").unwrap_or_default()),
        patience: schedule.checked.patience,
        dead_letters: schedule.checked.dead_letters.clone(),
        pending: Arc::clone(&schedule.pending),
    }
}

/// A schedule for the status page.
pub(super) fn shown(region: &str, schedule: &Schedule) -> Value {
    json!({
        "region": region,
        "group": schedule.settings.group_name,
        "name": schedule.settings.name,
        "enabled": schedule.settings.state == "ENABLED",
        "schedule": schedule.settings.schedule_expression,
        "zone": schedule.settings.schedule_expression_timezone,
        "target": schedule.settings.target.arn,
    })
}
