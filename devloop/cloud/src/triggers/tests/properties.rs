//! Property tests: ten thousand random histories of a mapping. After every step the mapping is compared with the model.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hyper::Method;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    fake::Answer,
    model::{Call, Code, Counts, Model, Reply, Rules, Told},
    world::World,
};

/// Keys of records; a record's number is its key's hundreds and its place among the key's records.
const KEYS: u32 = 5;
/// More bytes than a window's state may have.
const TOO_LARGE: usize = 1 << 20;

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    /// A record of each of these keys.
    Put(Vec<u32>),
    /// Seconds.
    Pass(u64),
    Update(Rules),
    Pause,
    Resume,
    NewCode(Code),
    /// The mapping is deleted and created again. The new one starts at the records of the last so many seconds; `None` starts at the
    /// first record.
    Restart(Option<i64>),
    /// One of the open shards is split in two.
    Split(usize),
    /// Two of the open shards are merged.
    Merge(usize),
}

/// Options with tumbling windows, or with several batches of a shard at a time; both together are refused.
fn rules(windows: bool) -> impl Strategy<Value = Rules> {
    let (factors, tumbling) = if windows {
        (1_usize..2, prop_oneof![6 => Just(60_i64), 2 => Just(20), 1 => Just(0)].boxed())
    } else {
        (1_usize..6, Just(0_i64).boxed())
    };
    let retries = prop_oneof![1 => Just(None), 4 => (0_u32..3).prop_map(Some)];
    let age = prop_oneof![2 => Just(None), 1 => (60_i64..100).prop_map(Some)];
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3));
    (1_usize..6, retries, age, flags, factors, tumbling).prop_map(
        |(batch_size, retries, age, (bisect, reads_failures, only_even), factor, tumbling)| Rules {
            batch_size,
            retries,
            age,
            bisect,
            reads_failures,
            only_even,
            factor,
            tumbling,
        },
    )
}

fn code() -> impl Strategy<Value = Code> {
    let bad = prop::collection::btree_set((0..KEYS, 0_u32..8).prop_map(|(key, n)| key * 100 + n), 0..5);
    let bad_sums = prop::option::weighted(0.3, 0_u64..3);
    let flags = (any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (flags, bad, bad_sums).prop_map(|((names_failures, throttled, heavy), bad, bad_sums)| Code {
        names_failures,
        bad,
        bad_sums,
        throttled,
        heavy,
    })
}

fn step(windows: bool) -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(0..KEYS, 1..7).prop_map(Step::Put),
        4 => (10_u64..40).prop_map(Step::Pass),
        2 => rules(windows).prop_map(Step::Update),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        2 => code().prop_map(Step::NewCode),
        1 => prop::option::of(0_i64..60).prop_map(Step::Restart),
        1 => any::<usize>().prop_map(Step::Split),
        1 => any::<usize>().prop_map(Step::Merge),
    ]
}

/// The real mapping and the model.
struct Story {
    world: World,
    uuid: String,
    model: Model,
    code: Arc<Mutex<Code>>,
    /// The calls of the function, as it saw them.
    calls: Arc<Mutex<Vec<Call>>>,
    /// What it stored since the mapping was made.
    stored: Arc<Mutex<Vec<u32>>>,
    /// What it wrote of windows since then.
    written: Arc<Mutex<u64>>,
    /// The shard that each key's next record goes into, and its number.
    home: BTreeMap<u32, usize>,
    next: BTreeMap<u32, u32>,
    /// The shard of each record.
    shards: Arc<Mutex<BTreeMap<u32, usize>>>,
    closed: Vec<bool>,
}

impl Story {
    fn new(rules: Rules, code: Code) -> Self {
        let world = World::new();
        let code = Arc::new(Mutex::new(code));
        let model = Model::new(rules.clone(), Arc::clone(&code), world.clock.now_ms());
        let uuid = world.map(rules.options());
        let story = Self {
            uuid,
            model,
            code,
            calls: Arc::default(),
            stored: Arc::default(),
            written: Arc::default(),
            home: (0..KEYS).map(|key| (key, 0)).collect(),
            next: BTreeMap::new(),
            shards: Arc::default(),
            closed: vec![false],
            world,
        };
        story.play_plain();
        story.play_windows();
        story
    }

    /// The function without windows.
    fn play_plain(&self) {
        let (code, calls) = (Arc::clone(&self.code), Arc::clone(&self.calls));
        let (stored, shards) = (Arc::clone(&self.stored), Arc::clone(&self.shards));
        self.world.answers(move |records| {
            let numbers = numbers(records);
            let reply = code.lock().call(&numbers);
            if let Reply::Stored(count) = reply {
                stored.lock().extend(&numbers[..count]);
            }
            let shard = shards.lock()[&numbers[0]];
            calls.lock().push(Call { shard, numbers, window: None });
            answer(reply, records, &Value::Null)
        });
    }

    /// The function with windows, which adds the records' numbers up.
    fn play_windows(&self) {
        let (code, calls) = (Arc::clone(&self.code), Arc::clone(&self.calls));
        let (stored, written) = (Arc::clone(&self.stored), Arc::clone(&self.written));
        *self.world.cloud.windowed.lock() = Box::new(move |event, records| {
            let (code, numbers) = (code.lock().clone(), numbers(records));
            let (is_final, early) =
                (event["isFinalInvokeForWindow"] == true, event["isWindowTerminatedEarly"] == true);
            let sum = event["state"]["sum"].as_u64().unwrap_or_default();
            let reply = if is_final { code.last_call(sum) } else { code.call(&numbers) };
            let shard = event["shardId"].as_str().unwrap().strip_prefix("shard-").unwrap().parse().unwrap();
            let start: jiff::Timestamp = event["window"]["start"].as_str().unwrap().parse().unwrap();
            let window = Some((start.as_millisecond(), sum, is_final, early));
            calls.lock().push(Call { shard, numbers: numbers.clone(), window });
            let Reply::Stored(count) = reply else { return answer(reply, records, &Value::Null) };
            stored.lock().extend(&numbers[..count]);
            if is_final {
                *written.lock() += sum;
            }
            let sum = sum + numbers[..count].iter().map(|number| u64::from(*number)).sum::<u64>();
            let counted = event["state"]["counted"].as_u64().unwrap_or_default() + count as u64;
            let padding = if code.is_too_large(counted) { TOO_LARGE } else { 0 };
            let state = json!({ "sum": sum, "counted": counted, "padding": "x".repeat(padding) });
            answer(reply, records, &state)
        });
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Put(keys) => keys.into_iter().for_each(|key| self.put(key)),
            Step::Pass(seconds) => {
                self.world.pass(Duration::from_secs(seconds)).await;
                self.model.pass(seconds);
            }
            Step::Update(rules) => {
                self.world.update(&self.uuid, &rules.options());
                self.model.update(rules, self.model.enabled);
            }
            Step::Pause => self.enable(false),
            Step::Resume => self.enable(true),
            Step::NewCode(code) => {
                *self.code.lock() = code;
                self.world.mappings.nudge("f");
                self.model.wake();
            }
            Step::Restart(ago) => self.restart(ago),
            Step::Split(which) => self.split(which),
            Step::Merge(which) => self.merge(which),
        }
        self.check().await;
    }

    fn put(&mut self, key: u32) {
        let (shard, next) = (self.home[&key], self.next.entry(key).or_default());
        let number = key * 100 + *next;
        *next += 1;
        self.shards.lock().insert(number, shard);
        self.world.put_into(&self.world.cloud.kinesis.lock().shard(shard), [number]);
        self.model.put(shard, number);
    }

    fn enable(&mut self, enabled: bool) {
        self.world.update(&self.uuid, &json!({ "Enabled": enabled }));
        self.model.update(self.model.rules.clone(), enabled);
    }

    fn restart(&mut self, ago: Option<i64>) {
        self.world.request(Method::DELETE, &format!("/{}", self.uuid), &Value::Null).unwrap();
        let since_ms = ago.map(|seconds| self.world.clock.now_ms() - seconds * 1_000);
        let mut options = self.model.rules.options();
        options["StartingPosition"] = json!(if ago.is_some() { "AT_TIMESTAMP" } else { "TRIM_HORIZON" });
        options["StartingPositionTimestamp"] = json!(since_ms.map(|ms| ms as f64 / 1_000.0));
        self.uuid = self.world.map(options);
        self.model.begin(self.model.rules.clone(), since_ms.unwrap_or_default());
        self.stored.lock().clear();
        *self.written.lock() = 0;
    }

    fn open_shards(&self) -> Vec<usize> {
        (0..self.closed.len()).filter(|shard| !self.closed[*shard]).collect()
    }

    fn add_shard(&mut self, parents: &[usize]) -> usize {
        let (number, stream) = (self.closed.len(), self.world.cloud.kinesis.lock().clone());
        let names: Vec<String> = parents.iter().map(|parent| format!("shard-{parent}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let first = 1_000 * (number as u128 + 1);
        for parent in parents {
            stream.shard(*parent).log.close();
            self.closed[*parent] = true;
        }
        stream.add_shard(&format!("shard-{number}"), &names, first);
        self.model.add_shard(first, parents.to_vec());
        self.closed.push(false);
        number
    }

    fn split(&mut self, which: usize) {
        let open = self.open_shards();
        let parent = open[which % open.len()];
        let children = [self.add_shard(&[parent]), self.add_shard(&[parent])];
        for (key, home) in &mut self.home {
            if *home == parent {
                *home = children[*key as usize % 2];
            }
        }
    }

    fn merge(&mut self, which: usize) {
        let open = self.open_shards();
        if open.len() < 2 {
            return;
        }
        let parents = [open[which % open.len()], open[(which + 1) % open.len()]];
        let child = self.add_shard(&parents);
        self.home.values_mut().filter(|home| parents.contains(home)).for_each(|home| *home = child);
    }

    /// Compares the calls, messages, sums and counts since the last check with the model.
    async fn check(&mut self) {
        self.world.settle().await;
        let (mut expected, mut expected_told) = self.model.run();
        let mut calls = std::mem::take(&mut *self.calls.lock());
        // Calls of different lanes have no common order.
        let factor = self.model.rules.factor;
        let lane = |call: &Call| {
            (call.shard, call.numbers.first().map_or(0, |number| *number as usize / 100 % factor))
        };
        calls.sort_by_key(lane);
        expected.sort_by_key(lane);
        assert_eq!(calls, expected, "calls");
        let mut told = self.told();
        told.sort_unstable();
        expected_told.sort_unstable();
        assert_eq!(told, expected_told, "messages");
        assert_eq!(*self.written.lock(), self.model.written(), "the windows' sums");
        for shard in &self.world.mappings.snapshot()[0].shards {
            let counts = Counts {
                retried: shard.retried,
                bisected: shard.bisected,
                checkpointed: shard.checkpointed,
                discarded: shard.discarded,
                filtered: shard.filtered,
                window: shard.window.map(|window| (window.start_ms, window.records)),
            };
            let number = shard.id.strip_prefix("shard-").unwrap().parse().unwrap();
            assert_eq!((counts, shard.in_flight), (self.model.counts(number), 0), "{}", shard.id);
        }
        self.check_order();
    }

    /// Independent of the model: no record is stored twice, and the records of a key are stored in order.
    fn check_order(&self) {
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        for number in self.stored.lock().iter() {
            let before = last.insert(number / 100, *number);
            assert!(before < Some(*number), "{before:?} before {number}");
        }
    }

    fn told(&mut self) -> Vec<Told> {
        let told = self.world.sent().into_iter().map(|(_, body)| {
            let (batch, context) = (&body["KinesisBatchInfo"], &body["requestContext"]);
            let number = |name: &str| batch[name].as_str().unwrap().parse::<u128>().unwrap();
            let why = match context["condition"].as_str().unwrap() {
                "RecordAgeExceeded" => "RecordAgeExceeded",
                "RetryAttemptsExhausted" => "RetryAttemptsExhausted",
                other => panic!("{other}"),
            };
            (
                batch["shardId"].as_str().unwrap().strip_prefix("shard-").unwrap().parse().unwrap(),
                number("startSequenceNumber"),
                number("endSequenceNumber"),
                batch["batchSize"].as_u64().unwrap() as usize,
                context["approximateInvokeCount"].as_u64().unwrap() as u32,
                why,
            )
        });
        told.collect()
    }
}

fn numbers(records: &[(u32, String)]) -> Vec<u32> {
    records.iter().map(|(number, _)| *number).collect()
}

fn answer(reply: Reply, records: &[(u32, String)], state: &Value) -> Answer {
    match reply {
        Reply::Throttle => Answer::Throttle,
        Reply::Error => Answer::Error,
        Reply::Stored(count) => {
            let failed = records.get(count).map(|(_, sequence)| json!({ "itemIdentifier": sequence }));
            Answer::Json(json!({ "state": state, "batchItemFailures": Vec::from_iter(failed) }))
        }
    }
}

/// Runs a history. Then the function accepts everything, and every record must come to an end.
fn play(rules: Rules, code: Code, steps: Vec<Step>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
        let mut story = Story::new(rules, code);
        story.check().await;
        for step in steps {
            story.step(step).await;
        }
        story.step(Step::NewCode(Code { bad: BTreeSet::new(), ..Code::default() })).await;
        story.step(Step::Resume).await;
        for _ in 0..20 {
            if story.model.is_through() {
                break;
            }
            story.step(Step::Pass(30)).await;
        }
        assert!(story.model.is_through(), "something waits for ever");
        assert_eq!((story.world.clock.sleepers(), story.world.mappings.snapshot()[0].lag_records), (0, 0));
    });
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(6_000))]

    #[test]
    fn every_record_is_stored_filtered_or_reported_as_the_rules_say(
        rules in rules(false),
        code in code(),
        steps in prop::collection::vec(step(false), 1..14),
    ) {
        play(rules, code, steps);
    }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn every_window_has_the_sum_that_the_rules_say(
        rules in rules(true),
        code in code(),
        steps in prop::collection::vec(step(true), 1..14),
    ) {
        play(rules, code, steps);
    }
}
