//! An artificial pipeline that does what a test orders: it takes posts, answers the AWS APIs that `devloop bench` asks, and writes
//! the lines that functions would write, with delays, losses, duplicates and overtaking of the test's choice. Times are written,
//! not waited for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::now_ms;

/// What happens to a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fate {
    /// Whether the answer is not 200, and nothing follows.
    pub refused: bool,
    /// The delays between gateway and stream, stream and table, table and sink, in ms.
    pub delays: [i64; 3],
    /// Whether the request never gets to the table.
    pub lost_before_store: bool,
    /// Whether it never gets to the sink.
    pub lost_before_sink: bool,
    /// How many further rows it has at the table.
    pub again_at_store: u64,
    /// How many further rows it has at the sink.
    pub again_at_sink: u64,
    /// Whether it gets to the sink after the same user's next request.
    pub overtaken: bool,
}

/// How long each stage's handler takes, in ms, as its REPORT lines say.
pub const HANDLERS: [f64; 3] = [1.25, 3.5, 2.75];

/// The running pipeline; its threads end with the test.
pub struct Artificial {
    pub endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    fate: Box<dyn Fn(u32, u32) -> Fate + Send + Sync>,
    /// The status page, if there is one: how many records wait, by how often it was asked.
    page: Option<Box<dyn Fn(u64) -> u64 + Send + Sync>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Events by log group.
    events: BTreeMap<String, Vec<(i64, String)>>,
    /// Lines that wait for the user's next request.
    held: BTreeMap<u32, Vec<String>>,
    /// Lines at the sink that wait until the page says that nothing waits.
    withheld: Vec<String>,
    asked: u64,
    numbers: u64,
    /// The signatures of requests to the AWS APIs.
    authorizations: Vec<String>,
    /// What was done to the requests.
    truth: Truth,
}

/// What was done to the requests, as the report must have it.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub accepted: u64,
    pub refused: u64,
    pub stored: u64,
    pub sunk: u64,
    pub lost_before_store: Vec<String>,
    pub lost_before_sink: Vec<String>,
    pub again_at_store: u64,
    pub again_at_sink: u64,
    pub overtaken: Vec<String>,
    /// The delays of requests that came through.
    pub delays: [Vec<i64>; 3],
}

impl Artificial {
    /// Starts a pipeline; `fate` decides from user and iteration what happens to a request.
    pub fn start(fate: impl Fn(u32, u32) -> Fate + Send + Sync + 'static) -> Self {
        Self::new(Box::new(fate), None)
    }

    /// Starts a pipeline with a status page that says how many records wait when it is asked for the n-th time. Rows only get to
    /// the sink's log when it says that none waits.
    pub fn with_page(
        fate: impl Fn(u32, u32) -> Fate + Send + Sync + 'static,
        page: impl Fn(u64) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self::new(Box::new(fate), Some(Box::new(page)))
    }

    fn new(
        fate: Box<dyn Fn(u32, u32) -> Fate + Send + Sync>,
        page: Option<Box<dyn Fn(u64) -> u64 + Send + Sync>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { fate, page, state: Mutex::default() });
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = Arc::clone(&server);
                std::thread::spawn(move || serve(&stream, &server));
            }
        });
        Self { endpoint, shared }
    }

    /// The signatures of requests to the AWS APIs so far.
    pub fn authorizations(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().authorizations.clone()
    }

    /// How often the status page was asked for.
    pub fn asked(&self) -> u64 {
        self.shared.state.lock().unwrap().asked
    }

    /// What was done to the requests so far.
    pub fn truth(&self) -> Truth {
        self.shared.state.lock().unwrap().truth.clone()
    }
}

/// Answers the requests of one connection.
fn serve(stream: &TcpStream, shared: &Shared) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let (status, answer) = shared.answer(&request);
        let body = answer.to_string();
        let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n", body.len());
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}

impl Shared {
    fn answer(&self, request: &Request) -> (u16, Value) {
        if let Some(authorization) = request.headers.get("authorization") {
            self.state.lock().unwrap().authorizations.push(authorization.clone());
        }
        if let Some(target) = request.headers.get("x-amz-target") {
            return match target.rsplit('.').next().unwrap() {
                "FilterLogEvents" => (200, self.filter(&request.body)),
                "GetMetricStatistics" => (200, json!({ "Datapoints": [] })),
                other => (400, json!({ "message": format!("no {other} here") })),
            };
        }
        let function = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_devloop/status") => self.page(),
            ("GET", "/2015-03-31/event-source-mappings/") => (
                200,
                json!({ "EventSourceMappings": [
                    { "EventSourceArn": "arn:aws:kinesis:us-east-1:0:stream/s", "FunctionArn": function("middle") },
                    { "EventSourceArn": "arn:aws:dynamodb:us-east-1:0:table/t/stream/1", "FunctionArn": function("last") },
                ] }),
            ),
            ("GET", "/restapis") => (200, json!({ "item": [{ "id": "api" }] })),
            ("GET", "/restapis/api/stages") => (200, json!({ "item": [{ "stageName": "prod" }] })),
            ("GET", "/restapis/api/resources?embed=methods") => {
                let uri = format!(
                    "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/{}/invocations",
                    function("first")
                );
                let method = json!({ "methodIntegration": { "uri": uri } });
                (200, json!({ "item": [{ "path": "/", "resourceMethods": { "POST": method } }] }))
            }
            ("POST", "/_aws/execute-api/api/prod/") => self.take(request),
            _ => (404, json!({ "message": "nothing here" })),
        }
    }

    fn page(&self) -> (u16, Value) {
        let Some(page) = &self.page else { return (404, json!({})) };
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        let waiting = page(state.asked);
        if waiting == 0 {
            for line in std::mem::take(&mut state.withheld) {
                state.log("last", line);
            }
        }
        let mapping = |function: &str, lag: u64| json!({ "function": function, "lag_records": lag });
        let report = json!({ "functions": [], "mappings": [mapping("middle", 0), mapping("last", waiting)] });
        (200, report)
    }

    /// Takes a request at the gateway, and writes everything about it at once.
    fn take(&self, request: &Request) -> (u16, Value) {
        let id = request.body["id"].as_str().unwrap().to_owned();
        let run = request.headers["x-run-id"].clone();
        let mut parts = id.rsplitn(3, '-').map(|part| part.parse::<u32>().unwrap_or_default());
        let (iteration, user) = (parts.next().unwrap(), parts.next().unwrap());
        let fate = (self.fate)(user, iteration);
        let mut state = self.state.lock().unwrap();
        if fate.refused {
            state.truth.refused += 1;
            return (500, json!({ "message": "refused on purpose" }));
        }
        state.truth.accepted += 1;
        let received = now_ms();
        let arrived = received + fate.delays[0];
        let stored = arrived + fate.delays[1];
        let completed = stored + fate.delays[2];
        let sent = request.body["timestamp"].as_i64().unwrap_or_default();
        let mut times = json!({ "runId": run, "receivedMs": received });
        state.invoke("first", 0, received, &id, "accepted", &times);
        let followers = state.held.remove(&user).unwrap_or_default();
        let mut sink = Vec::new();
        if fate.lost_before_store {
            state.truth.lost_before_store.push(id);
        } else {
            state.truth.stored += 1;
            times["arrivedMs"] = json!(arrived);
            times["storedMs"] = json!(stored);
            for time in 0..=fate.again_at_store {
                let outcome = if time == 0 { "stored" } else { "already_stored" };
                state.invoke("middle", 1, stored, &id, outcome, &times);
            }
            state.truth.again_at_store += fate.again_at_store;
            if fate.lost_before_sink {
                state.truth.lost_before_sink.push(id);
            } else {
                state.truth.sunk += 1;
                for (seen, delay) in state.truth.delays.iter_mut().zip(fate.delays) {
                    seen.push(delay);
                }
                times["completedMs"] = json!(completed);
                times["clientLatencyMs"] = json!(completed - sent);
                times["coarse"] = json!(false);
                for _ in 0..=fate.again_at_sink {
                    sink.extend(state.lines(2, completed, &id, "measured", &times));
                }
                state.truth.again_at_sink += fate.again_at_sink;
                if fate.overtaken {
                    state.truth.overtaken.push(id);
                }
            }
        }
        if fate.overtaken {
            state.held.insert(user, sink);
        } else {
            sink.extend(followers);
            for line in sink {
                if self.page.is_some() {
                    state.withheld.push(line);
                } else {
                    state.log("last", line);
                }
            }
        }
        (200, json!({ "message": "success" }))
    }

    /// Pages of a hundred events, because the service limits its pages.
    fn filter(&self, input: &Value) -> Value {
        const PAGE: usize = 100;
        let state = self.state.lock().unwrap();
        let group = input["logGroupName"].as_str().unwrap().trim_start_matches("/aws/lambda/");
        let from = input["startTime"].as_i64().unwrap_or(0);
        let first: usize = input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let events = state.events.get(group).map_or(&[][..], Vec::as_slice);
        let last = (first + PAGE).min(events.len());
        let page: Vec<Value> = (first..last)
            .filter(|index| events[*index].0 >= from)
            .map(|index| {
                let (at, message) = &events[index];
                json!({ "eventId": format!("{group}-{index:010}"), "timestamp": at, "message": message })
            })
            .collect();
        let mut answer = json!({ "events": page });
        if last < events.len() {
            answer["nextToken"] = json!(last.to_string());
        }
        answer
    }
}

impl State {
    /// One invocation with one record.
    fn invoke(&mut self, group: &str, stage: usize, at: i64, id: &str, outcome: &str, times: &Value) {
        for line in self.lines(stage, at, id, outcome, times) {
            self.log(group, line);
        }
    }

    fn lines(&mut self, stage: usize, at: i64, id: &str, outcome: &str, times: &Value) -> Vec<String> {
        self.numbers += 1;
        let invocation = format!("invocation-{}", self.numbers);
        let mut record =
            json!({ "ts": at, "request_id": invocation, "key": id, "outcome": outcome, "ms": 0.0 });
        for (name, value) in times.as_object().unwrap() {
            record[name] = value.clone();
        }
        let duration = HANDLERS[stage];
        vec![
            format!("START RequestId: {invocation} Version: $LATEST"),
            record.to_string(),
            json!({ "ts": at, "request_id": invocation, "outcome": "ok", "ms": 0.0, "records": 1 })
                .to_string(),
            format!("REPORT RequestId: {invocation}\tDuration: {duration:.2} ms\tBilled Duration: 4 ms\t"),
        ]
    }

    fn log(&mut self, group: &str, line: String) {
        self.events.entry(group.to_owned()).or_default().push((now_ms(), line));
    }
}
