//! Uses a queue at random and compares it with a small model: which messages are visible when, how often each was received,
//! and where every message ends up.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Fixture;

/// How often a message is received before it moves to the dead-letter queue.
const MAX_RECEIVES: u32 = 3;
const VISIBILITY_MS: i64 = 30_000;

#[derive(Debug, Clone)]
enum Step {
    Send {
        group: u8,
        delay_s: i64,
    },
    Receive {
        most: usize,
    },
    /// The choice is among the receipts that were received so far.
    Delete {
        choice: usize,
    },
    Change {
        choice: usize,
        seconds: i64,
    },
    Pass {
        seconds: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u8, prop_oneof![Just(0), Just(7)]).prop_map(|(group, delay_s)| Step::Send { group, delay_s }),
        4 => (1..=10_usize).prop_map(|most| Step::Receive { most }),
        3 => any::<usize>().prop_map(|choice| Step::Delete { choice }),
        1 => (any::<usize>(), 0..60_i64).prop_map(|(choice, seconds)| Step::Change { choice, seconds }),
        2 => (1..40_u64).prop_map(|seconds| Step::Pass { seconds }),
    ];
    prop::collection::vec(step, 1..80)
}

#[derive(Debug, Clone)]
struct Modelled {
    group: u8,
    visible_at: i64,
    delayed: bool,
    receives: u32,
}

/// The existing messages in the order of sending; their bodies contain their numbers.
#[derive(Debug, Default)]
struct Model {
    here: BTreeMap<u64, Modelled>,
    dead: Vec<u64>,
    deleted: Vec<u64>,
    sent: u64,
}

impl Model {
    /// The messages that a FIFO queue returns, in order, after it has moved those that were received too often.
    fn receive_in_order(&mut self, now: i64, most: usize) -> Vec<u64> {
        let mut taken = Vec::new();
        let mut last_group = None;
        loop {
            let closed = |group: u8, before: u64, model: &Self| {
                model.here.iter().any(|(number, other)| {
                    let in_flight = other.visible_at > now && !other.delayed && !taken.contains(number);
                    let first = other.visible_at > now && other.delayed && *number < before;
                    other.group == group && (in_flight || first)
                })
            };
            let open = |(number, message): &(&u64, &Modelled)| {
                message.visible_at <= now && !closed(message.group, **number, self)
            };
            // More messages of the same group come before those of the next group.
            let same = self.here.iter().filter(open).find(|(_, message)| Some(message.group) == last_group);
            let next = same.or_else(|| {
                self.here
                    .iter()
                    .filter(open)
                    .find(|(_, message)| !taken.iter().any(|number| self.here[number].group == message.group))
            });
            let Some((number, message)) = next.map(|(number, message)| (*number, message.clone())) else {
                break;
            };
            if taken.len() == most {
                break;
            }
            last_group = Some(message.group);
            if message.receives >= MAX_RECEIVES {
                self.here.remove(&number);
                self.dead.push(number);
            } else {
                self.received(number, now);
                taken.push(number);
            }
        }
        taken
    }

    fn received(&mut self, number: u64, now: i64) {
        let message = self.here.get_mut(&number).unwrap();
        message.receives += 1;
        message.delayed = false;
        message.visible_at = now + VISIBILITY_MS;
    }
}

struct Run {
    fixture: Fixture,
    url: String,
    dead_url: String,
    fifo: bool,
    model: Model,
    receipts: Vec<(u64, u32, Value)>,
}

impl Run {
    async fn new(fifo: bool) -> Self {
        let fixture = Fixture::empty();
        let suffix = if fifo { ".fifo" } else { "" };
        let kind = if fifo { json!({ "FifoQueue": "true" }) } else { json!({}) };
        let dead = format!("dead{suffix}");
        fixture.ok("CreateQueue", json!({ "QueueName": dead, "Attributes": kind })).await;
        let target = format!("arn:aws:sqs:us-east-1:000000000000:{dead}");
        let mut attributes = kind.clone();
        attributes["RedrivePolicy"] =
            json!({ "deadLetterTargetArn": target, "maxReceiveCount": MAX_RECEIVES }).to_string().into();
        let queue = json!({ "QueueName": format!("q{suffix}"), "Attributes": attributes });
        let url = fixture.ok("CreateQueue", queue).await["QueueUrl"].as_str().unwrap().to_owned();
        let dead_url = format!("http://127.0.0.1:4566/000000000000/{dead}");
        Self { fixture, url, dead_url, fifo, model: Model::default(), receipts: Vec::new() }
    }

    async fn step(&mut self, step: Step) {
        let now = self.fixture.clock.now_ms();
        match step {
            Step::Send { group, delay_s } => {
                let number = self.model.sent;
                self.model.sent += 1;
                let mut input = json!({ "QueueUrl": self.url, "MessageBody": number.to_string() });
                let delay_s = if self.fifo { 0 } else { delay_s };
                if self.fifo {
                    input["MessageGroupId"] = group.to_string().into();
                    input["MessageDeduplicationId"] = number.to_string().into();
                } else {
                    input["DelaySeconds"] = delay_s.into();
                }
                self.fixture.ok("SendMessage", input).await;
                let visible_at = now + delay_s * 1000;
                let message = Modelled { group, visible_at, delayed: delay_s > 0, receives: 0 };
                self.model.here.insert(number, message);
            }
            Step::Receive { most } => self.receive(now, most).await,
            Step::Delete { choice } if !self.receipts.is_empty() => {
                let (number, receive, handle) = self.receipts[choice % self.receipts.len()].clone();
                let known = self.model.here.get(&number).cloned();
                let latest = known.as_ref().is_some_and(|message| message.receives == receive);
                let held = known.as_ref().is_some_and(|message| message.visible_at > now);
                let input = json!({ "QueueUrl": self.url, "ReceiptHandle": handle });
                let outcome = self.fixture.call("DeleteMessage", input).await;
                let expired = self.fifo && known.is_some() && !(latest && held);
                assert_eq!(outcome.is_err(), expired, "{outcome:?}");
                if latest && !expired {
                    self.model.here.remove(&number);
                    self.model.deleted.push(number);
                }
            }
            Step::Change { choice, seconds } if !self.receipts.is_empty() => {
                let (number, receive, handle) = self.receipts[choice % self.receipts.len()].clone();
                let input =
                    json!({ "QueueUrl": self.url, "ReceiptHandle": handle, "VisibilityTimeout": seconds });
                let outcome = self.fixture.call("ChangeMessageVisibility", input).await;
                let message = self.model.here.get_mut(&number);
                let message =
                    message.filter(|message| message.receives == receive && message.visible_at > now);
                assert_eq!(outcome.is_ok(), message.is_some(), "{outcome:?}");
                if let Some(message) = message {
                    message.visible_at = now + seconds * 1000;
                }
            }
            Step::Delete { .. } | Step::Change { .. } => {}
            Step::Pass { seconds } => self.fixture.pass(seconds),
        }
    }

    async fn receive(&mut self, now: i64, most: usize) {
        let input = json!({ "QueueUrl": self.url, "MaxNumberOfMessages": most });
        let received = self.fixture.receive(input).await;
        let numbers: Vec<u64> =
            received.iter().map(|message| message["Body"].as_str().unwrap().parse().unwrap()).collect();
        if self.fifo {
            assert_eq!(numbers, self.model.receive_in_order(now, most));
        } else {
            let visible: Vec<u64> = self
                .model
                .here
                .iter()
                .filter(|(_, message)| message.visible_at <= now && message.receives < MAX_RECEIVES)
                .map(|(number, _)| *number)
                .collect();
            assert_eq!(numbers.len(), most.min(visible.len()));
            for number in &numbers {
                assert!(visible.contains(number), "{number} is not one of {visible:?}");
                self.model.received(*number, now);
            }
        }
        if !self.fifo {
            // A standard queue decides itself which of the messages that were received too often it moves now.
            let gone = self.dead().await;
            self.model.here.retain(|number, message| {
                assert!(!gone.contains(number) || message.receives == MAX_RECEIVES);
                !gone.contains(number)
            });
            self.model.dead.extend(gone);
        }
        for (number, message) in numbers.iter().zip(&received) {
            let receives = self.model.here[number].receives;
            assert_eq!(message["Attributes"]["ApproximateReceiveCount"], receives.to_string());
            self.receipts.push((*number, receives, message["ReceiptHandle"].clone()));
        }
    }

    /// Receives until every message that was not deleted has reached its limit of receives and is in the dead-letter queue.
    async fn drain(mut self) {
        while !self.model.here.is_empty() {
            self.fixture.pass(60);
            self.receive(self.fixture.clock.now_ms(), 10).await;
        }
        if self.fifo {
            let mut found = Vec::new();
            loop {
                let more = self.dead().await;
                if more.is_empty() {
                    break;
                }
                found.extend(more);
            }
            found.sort_unstable();
            self.model.dead.sort_unstable();
            assert_eq!(found, self.model.dead);
        }
        let mut all: Vec<u64> = self.model.dead.iter().chain(&self.model.deleted).copied().collect();
        all.sort_unstable();
        assert_eq!(
            all,
            (0..self.model.sent).collect::<Vec<_>>(),
            "each message is deleted or dead exactly once"
        );
    }

    /// Receives all messages in the dead-letter queue now.
    async fn dead(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        loop {
            let messages = self.fixture.receive(json!({ "QueueUrl": self.dead_url })).await;
            if messages.is_empty() {
                return numbers;
            }
            for message in messages {
                numbers.push(message["Body"].as_str().unwrap().parse().unwrap());
                let input = json!({ "QueueUrl": self.dead_url, "ReceiptHandle": message["ReceiptHandle"] });
                self.fixture.ok("DeleteMessage", input).await;
            }
        }
    }
}

fn check(fifo: bool, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::new(fifo).await;
        for step in steps {
            run.step(step).await;
        }
        run.drain().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_standard_queue_neither_loses_nor_duplicates_messages(steps in steps()) {
        check(false, steps);
    }

    #[test]
    fn a_fifo_queue_keeps_the_order_of_every_group(steps in steps()) {
        check(true, steps);
    }
}
