//! Random filters before a real queue and a real stream: what they accept reaches the function exactly once, everything else is
//! deleted or settled, and nothing is lost while filters change or the mapping rests.

use std::cell::Cell;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{TestError, TestRunner},
};
use serde_json::{Map, Value, json};

use super::reference_filter::passes;
use crate::triggers::queues::tests::World;

const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
const QUEUE_URL: &str = "http://127.0.0.1:4566/000000000000/q";

/// Short texts of few letters, so that many comparisons hold.
const TEXTS: [&str; 8] = ["x", "X", "xy", "Yx", "yxy", "x*y", "10.0.0.7", "10.0.1.7"];
/// Payloads that are not JSON.
const NOT_JSON: [&str; 6] = ["x", "xy", "{", "[1", "10.0.0.7", "x*y"];
const NAMES: [&str; 3] = ["a", "b", "c"];

fn text() -> impl Strategy<Value = Value> {
    select(&TEXTS[..]).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![(-1_i64..3).prop_map(Value::from), select(&[0.5, 1.0, -1.5][..]).prop_map(Value::from)]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text(), 4 => number(), 1 => any::<bool>().prop_map(Value::from), 1 => Just(Value::Null)]
}

/// A value of a payload.
fn value() -> impl Strategy<Value = Value> {
    let object = |value: BoxedStrategy<Value>| {
        prop::collection::btree_map(select(&NAMES[..]), value, 0..4).prop_map(|members| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    };
    scalar().prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            3 => object(inner.clone().boxed()),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

fn payload() -> impl Strategy<Value = String> {
    let json = value().prop_map(|value| match value {
        Value::Object(_) | Value::Array(_) => value.to_string(),
        scalar => json!({ "a": scalar }).to_string(),
    });
    prop_oneof![4 => json, 1 => select(&NOT_JSON[..]).prop_map(str::to_owned)]
}

/// One comparison of a pattern.
fn comparison() -> impl Strategy<Value = Value> {
    let affix = || select(&["prefix", "suffix"][..]);
    let wildcard = || select(&["*", "x*", "*y", "x*y", "*x*", r"x\*y", r"\**"][..]);
    let relation = || select(&["=", "<", "<=", ">", ">="][..]);
    prop_oneof![
        4 => scalar(),
        1 => (affix(), text()).prop_map(|(name, text)| json!({ name: text })),
        1 => (affix(), text()).prop_map(|(name, text)| json!({ name: { "equals-ignore-case": text } })),
        1 => text().prop_map(|text| json!({ "equals-ignore-case": text })),
        1 => scalar().prop_map(|unwanted| json!({ "anything-but": unwanted })),
        1 => prop::collection::vec(scalar(), 1..3).prop_map(|unwanted| json!({ "anything-but": unwanted })),
        1 => (affix(), text()).prop_map(|(name, text)| json!({ "anything-but": { name: text } })),
        1 => (affix(), text(), text()).prop_map(|(name, a, b)| json!({ "anything-but": { name: [a, b] } })),
        1 => wildcard().prop_map(|text| json!({ "anything-but": { "wildcard": text } })),
        1 => wildcard().prop_map(|text| json!({ "wildcard": text })),
        2 => (relation(), number()).prop_map(|(relation, bound)| json!({ "numeric": [relation, bound] })),
        1 => (number(), number()).prop_map(|(least, most)| json!({ "numeric": [">", least, "<=", most] })),
        2 => any::<bool>().prop_map(|wanted| json!({ "exists": wanted })),
        1 => (0_u32..33).prop_map(|bits| json!({ "cidr": format!("10.0.0.0/{bits}") })),
    ]
}

fn comparisons() -> impl Strategy<Value = Value> {
    prop::collection::vec(comparison(), 1..4).prop_map(Value::Array)
}

/// Conditions on one object.
fn conditions() -> impl Strategy<Value = Value> {
    let named = |conditions: BoxedStrategy<Value>| {
        prop::collection::btree_map(select(&NAMES[..]), conditions, 1..3).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()
        })
    };
    named(comparisons().boxed()).prop_map(Value::Object).prop_recursive(2, 8, 3, move |inner| {
        let members = named(prop_oneof![comparisons(), inner.clone()].boxed());
        let or = prop::option::weighted(0.2, (inner.clone(), inner));
        (members, or).prop_map(|(mut members, or)| {
            members.extend(or.map(|(a, b)| ("$or".to_owned(), json!([a, b]))));
            Value::Object(members)
        })
    })
}

/// A pattern for a record whose payload is in this member.
fn pattern(member: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => conditions().prop_map(move |inner| json!({ member: inner })),
        3 => comparisons().prop_map(move |rules| json!({ member: rules })),
        1 => (conditions(), comparisons())
            .prop_map(move |(inner, rules)| json!({ "$or": [{ member: inner }, { member: rules }] })),
        1 => Just(json!({})),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<String>),
    Filters(Vec<Value>),
    Enable(bool),
}

fn steps(source: Source) -> impl Strategy<Value = Vec<Step>> {
    let filters = prop::collection::vec(pattern(source.member()), 0..4).prop_map(Step::Filters);
    let step = prop_oneof![
        4 => prop::collection::vec(payload(), 1..8).prop_map(Step::Send),
        2 => filters,
        1 => any::<bool>().prop_map(Step::Enable),
    ];
    prop::collection::vec(step, 2..10)
}

/// Where the payloads wait for the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Queue,
    Stream,
}

impl Source {
    /// The member of a record that has the payload.
    fn member(self) -> &'static str {
        if self == Self::Queue { "body" } else { "data" }
    }

    /// Sends a payload; returns the id that the function will see.
    async fn send(self, world: &World, payload: &str) -> String {
        let sent = if self == Self::Queue {
            world.sqs("SendMessage", json!({ "QueueUrl": QUEUE_URL, "MessageBody": payload })).await["MessageId"]
                .clone()
        } else {
            let data = BASE64_STANDARD.encode(payload);
            let input = json!({ "StreamName": "s", "PartitionKey": "k", "Data": data });
            world.kinesis("PutRecord", input).await["SequenceNumber"].clone()
        };
        sent.as_str().unwrap().to_owned()
    }
}

fn criteria(filters: &[Value]) -> Value {
    let filters = filters.iter().map(|pattern| json!({ "Pattern": pattern.to_string() }));
    json!({ "FilterCriteria": { "Filters": filters.collect::<Vec<_>>() } })
}

/// Plays a history. Returns how many payloads passed the filters, and how many did not.
async fn play(source: Source, batch_size: usize, steps: Vec<Step>) -> (u64, u64) {
    let mut world = World::new().await;
    world.kinesis("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    let uuid = world.map(match source {
        Source::Queue => json!({ "BatchSize": batch_size }),
        Source::Stream => {
            json!({ "BatchSize": batch_size, "EventSourceArn": STREAM_ARN, "StartingPosition": "TRIM_HORIZON" })
        }
    });
    world.settle().await;
    let (mut filters, mut enabled) = (Vec::new(), true);
    let mut waiting: Vec<(String, String)> = Vec::new();
    let (mut passed, mut filtered) = (0, 0);
    for step in steps.into_iter().chain([Step::Enable(true)]) {
        match step {
            Step::Send(payloads) => {
                for payload in payloads {
                    let id = source.send(&world, &payload).await;
                    waiting.push((payload, id));
                }
            }
            Step::Filters(new) => {
                world.update(&uuid, criteria(&new));
                filters = new;
            }
            Step::Enable(wanted) => {
                world.update(&uuid, json!({ "Enabled": wanted }));
                enabled = wanted;
            }
        }
        let mut expected = Vec::new();
        if enabled {
            for (payload, id) in waiting.drain(..) {
                if passes(&filters, source.member(), &payload) {
                    expected.push((payload, id));
                } else {
                    filtered += 1;
                }
            }
        }
        passed += expected.len() as u64;
        let batches = world.batches().await;
        assert!(batches.iter().all(|batch| batch.len() <= batch_size), "{batches:?}");
        let mut delivered = batches.concat();
        if source == Source::Queue {
            // A queue promises no order.
            expected.sort();
            delivered.sort();
        }
        assert_eq!(delivered, expected, "with {}", json!(filters));
        let status = &world.mappings.snapshot()[0];
        let counted: u64 = status.shards.iter().map(|shard| shard.filtered).sum();
        assert_eq!((status.lag_records, counted), (waiting.len(), filtered));
    }
    (passed, filtered)
}

fn check(source: Source) {
    let config = ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() };
    let (passed, filtered) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&(1_usize..11, steps(source)), |(batch_size, steps)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let counts = runtime.block_on(play(source, batch_size, steps));
        passed.set(passed.get() + counts.0);
        filtered.set(filtered.get() + counts.1);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, input)) => panic!("{why}: {input:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    // Both happen often, so that the comparison means something.
    let (passed, filtered) = (passed.get(), filtered.get());
    assert!(passed > 2_000 && filtered > 2_000, "{passed} passed, {filtered} did not");
}

#[test]
fn a_queues_filters_deliver_what_they_accept_once_and_delete_the_rest() {
    check(Source::Queue);
}

#[test]
fn a_streams_filters_deliver_what_they_accept_once_in_order_and_settle_the_rest() {
    check(Source::Stream);
}
