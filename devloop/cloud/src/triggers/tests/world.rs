//! A cloud of fakes with mappings, and the steps that the tests are written with.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::fake::{Answer, FakeCloud, FakeShard, KINESIS_ARN, Seen};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    http::Request,
    triggers::{api, mappings::Mappings},
};

/// The time at which the clock starts.
pub(super) const START_MS: i64 = 1_700_000_000_000;

pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) cloud: Arc<FakeCloud>,
    pub(super) mappings: Mappings<FakeCloud>,
    pub(super) cx: Context,
    seen: Seen,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Clock::manual(START_MS);
        let (cloud, seen) = FakeCloud::new(&clock);
        let cloud = Arc::new(cloud);
        let mappings = Mappings::new(clock.clone(), Arc::clone(&cloud));
        let cx = Context {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            request_id: "request".into(),
            access_key: None,
        };
        Self { clock, cloud, mappings, cx, seen }
    }

    /// A request to a path below the mappings': returns the status and the document.
    pub(super) fn request(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value), ApiError> {
        self.call(method, &format!("/2015-03-31/event-source-mappings{path}"), body)
    }

    /// A request to the API: returns the status and the document, which is null when there is none.
    pub(super) fn call(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value), ApiError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
            peer: [127, 0, 0, 1].into(),
        };
        let routes = api::ROUTES.iter().chain(crate::lambda::ROUTES);
        let found = routes.into_iter().find_map(|route| Some((route, route.labels(&request)?)));
        let (route, labels) = found.ok_or_else(|| ApiError::unknown_operation("lambda", path))?;
        let input = route.input(&request, labels)?;
        Ok((route.status, api::call(&self.mappings, &self.cx, route.operation, input)?))
    }

    /// Maps the data stream to `f` from its beginning, with further options; returns the UUID.
    pub(super) fn map(&self, more: Value) -> String {
        let mut body =
            json!({ "EventSourceArn": KINESIS_ARN, "FunctionName": "f", "StartingPosition": "TRIM_HORIZON" });
        if let Value::Object(more) = more {
            body.as_object_mut().unwrap().extend(more);
        }
        let (status, document) = self.request(Method::POST, "", &body).unwrap();
        assert_eq!((status, &document["State"]), (202, &json!("Creating")));
        document["UUID"].as_str().unwrap().to_owned()
    }

    pub(super) fn update(&self, uuid: &str, body: &Value) -> Value {
        self.request(Method::PUT, &format!("/{uuid}"), body).unwrap().1
    }

    pub(super) fn show(&self, uuid: &str) -> Value {
        self.request(Method::GET, &format!("/{uuid}"), &Value::Null).unwrap().1
    }

    pub(super) fn shard(&self) -> Arc<FakeShard> {
        self.cloud.kinesis.lock().shard(0)
    }

    /// Puts records into the data stream's first shard.
    pub(super) fn put(&self, numbers: impl IntoIterator<Item = u32>) {
        self.put_into(&self.shard(), numbers);
    }

    pub(super) fn put_into(&self, shard: &FakeShard, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            shard.log.append(0, self.clock.now_ms(), 10, |_| number).unwrap();
        }
    }

    /// Sets how the function responds from now on.
    pub(super) fn answers(&self, behaviour: impl FnMut(&[(u32, String)]) -> Answer + Send + 'static) {
        *self.cloud.behaviour.lock() = Box::new(behaviour);
    }

    /// Lets every task run until all of them wait.
    pub(super) async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets time pass for every sleeping task.
    pub(super) async fn pass(&self, duration: Duration) {
        self.settle().await;
        self.clock.advance(duration);
        self.settle().await;
    }

    /// Lets time pass until no task sleeps any more.
    pub(super) async fn pass_all(&self) {
        self.settle().await;
        for _ in 0..10_000 {
            if self.clock.sleepers() == 0 {
                return;
            }
            self.pass(Duration::from_secs(10)).await;
        }
        panic!("a task waits for ever");
    }

    /// The batches that `f` or `g` received since the last call.
    pub(super) fn calls(&mut self) -> Vec<Vec<u32>> {
        self.calls_by_function().into_iter().map(|(_, numbers)| numbers).collect()
    }

    pub(super) fn calls_by_function(&mut self) -> Vec<(String, Vec<u32>)> {
        std::iter::from_fn(|| self.seen.calls.try_recv().ok()).collect()
    }

    /// The messages that the queue received since the last call.
    pub(super) fn sent(&mut self) -> Vec<(String, Value)> {
        std::iter::from_fn(|| self.seen.sent.try_recv().ok()).collect()
    }

    /// Makes invocations hang from now on, or lets them continue.
    pub(super) fn hold(&self, hold: bool) {
        self.cloud.open.send_replace(!hold);
    }

    /// Makes the queue refuse the next messages.
    pub(super) fn refuse(&self, messages: usize) {
        self.cloud.refusals.store(messages, Ordering::Release);
    }
}
