//! Tests of EventBridge Scheduler, in a cloud whose clock the test drives. The targets are queues.

use std::time::Duration;

use serde_json::{Value, json};

use crate::tests::driven::DrivenCloud;

/// 2026-03-01T00:00:00Z.
const START_MS: i64 = 1_772_323_200_000;
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

struct World(DrivenCloud);

impl World {
    async fn new() -> Self {
        Self(DrivenCloud::new(START_MS, &["q"]).await)
    }

    async fn schedule(&self, expression: &str, more: Value) {
        let mut input = json!({
            "Name": "s", "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": QUEUE, "RoleArn": "arn:aws:iam::000000000000:role/r", "Input": "<aws.scheduler.scheduled-time>"},
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.0.call("scheduler", "CreateSchedule", input).await;
    }

    async fn advance(&self, seconds: u64) {
        while self.0.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        self.0.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_schedule_is_due_in_its_time_zone() {
    let world = World::new().await;
    world.schedule("cron(0 3 * * ? *)", json!({"ScheduleExpressionTimezone": "Europe/Zurich"})).await;
    world.advance(2 * 3_600).await;
    assert_eq!(world.0.body("q").await, "2026-03-01T02:00:00Z");
    world.advance(24 * 3_600).await;
    assert_eq!(world.0.body("q").await, "2026-03-02T02:00:00Z");
}

#[tokio::test]
async fn a_completed_schedule_is_deleted_if_it_says_so() {
    let world = World::new().await;
    world.schedule("at(2026-03-01T01:00:00)", json!({"ActionAfterCompletion": "DELETE"})).await;
    world.advance(3_600).await;
    assert_eq!(world.0.body("q").await, "2026-03-01T01:00:00Z");
    let shown = async || world.0.call("scheduler", "ListSchedules", json!({})).await["Schedules"].clone();
    while shown().await != json!([]) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_rate_starts_at_once_or_at_its_start_date_and_ends_at_its_end_date() {
    let world = World::new().await;
    world.schedule("rate(1 hour)", json!({"EndDate": START_MS / 1_000 + 3_600})).await;
    assert_eq!(world.0.body("q").await, "2026-03-01T00:00:00Z");
    world.advance(3_600).await;
    assert_eq!(world.0.body("q").await, "2026-03-01T01:00:00Z");
    world.0.call("scheduler", "DeleteSchedule", json!({"Name": "s"})).await;
    world.schedule("rate(1 hour)", json!({"StartDate": START_MS / 1_000 + 5_400})).await;
    world.advance(1_800).await;
    assert_eq!(world.0.body("q").await, "2026-03-01T01:30:00Z");
}

#[tokio::test]
async fn without_an_input_the_documented_event_is_sent_once_even_if_the_clock_jumps() {
    let world = World::new().await;
    let target = json!({"Arn": QUEUE, "RoleArn": "arn:aws:iam::000000000000:role/r"});
    world.schedule("cron(30 * * * ? *)", json!({ "Target": target })).await;
    world.advance(3 * 3_600 + 60).await;
    let event: Value = serde_json::from_str(&world.0.body("q").await).unwrap();
    let expected = json!({
        "version": "0", "id": event["id"], "detail-type": "Scheduled Event", "source": "aws.scheduler",
        "account": "000000000000", "time": "2026-03-01T02:30:00Z", "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"], "detail": "{}",
    });
    assert_eq!(event, expected, "one run for all skipped times, with the latest of them");
}
