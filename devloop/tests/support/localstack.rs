//! A server that behaves as LocalStack where devloop depends on it: hot-reload directories, one update at a time, functions that
//! failed for good, a digest that never changes, and the header. It runs nothing. It records the calls in order, with the state of
//! the directories at that moment.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// LocalStack's digest of every directory.
const SHA: &str = "hot-reloading-hash-not-available";

/// The bucket whose keys are directories.
const BUCKET: &str = "hot-reload";

/// How many questions an update lasts, so that nothing here depends on time.
const QUESTIONS: u32 = 2;

/// A function.
#[derive(Debug, Clone, Default)]
pub struct Function {
    /// The directory that it runs from.
    pub directory: PathBuf,
    /// How many streams feed it.
    pub sources: usize,
    /// Whether it could not be started.
    pub failed: bool,
    /// How many updates are refused because of another one.
    pub conflicts: u32,
    /// When its last request ended, in ms; `None` before the first.
    pub called_at: Option<i64>,
    /// When its code was last updated, in ms; the session's own updates do not count here.
    pub updated_at: Option<i64>,
    /// Whether it is `arm64` instead of `x86_64`.
    pub arm: bool,
    /// The directories of its published versions.
    pub versions: Vec<PathBuf>,
    /// How many questions the update still lasts.
    pub updating: u32,
}

/// The state of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The directory's inode and permissions.
    pub directory: (u64, u32),
    /// The program in it, if there is one: its inode, permissions, and number of links.
    pub program: Option<(u64, u32, u64)>,
    /// The file system.
    pub device: u64,
}

/// The directory's current state.
pub fn look(directory: &Path) -> Option<Seen> {
    let own = fs::metadata(directory).ok()?;
    let program = fs::metadata(directory.join("bootstrap")).ok();
    Some(Seen {
        directory: (own.ino(), own.mode() & 0o777),
        program: program.map(|program| (program.ino(), program.mode() & 0o777, program.nlink())),
        device: own.dev(),
    })
}

/// A recorded call.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its operation, such as `UpdateFunctionCode`.
    pub name: &'static str,
    /// The function that it was about.
    pub function: String,
    /// The directory of an update.
    pub key: Option<PathBuf>,
    /// The status of the answer.
    pub status: u16,
    /// When it was made.
    pub at: Instant,
    /// The directory that the function ran from, and that of the update, before the answer.
    pub seen: (Option<Seen>, Option<Seen>),
}

#[derive(Debug, Default)]
struct State {
    functions: BTreeMap<String, Function>,
    /// Names of functions by logical id, by stack.
    stacks: BTreeMap<String, BTreeMap<String, String>>,
    operations: Vec<Operation>,
}

/// The server; it ends when this is dropped.
pub struct Localstack {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
    _stop: oneshot::Sender<()>,
}

impl Localstack {
    /// Listens on a free port.
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let (sender, port) = std::sync::mpsc::channel();
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap().port()).unwrap();
                tokio::select! { () = serve(listener, serving) => {}, _ = stopped => {} }
            });
        });
        Self { endpoint: format!("http://127.0.0.1:{}", port.recv().unwrap()), state, _stop: stop }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Deploys a function of a stack.
    pub fn deploy(&self, stack: &str, logical_id: &str, name: &str, function: Function) {
        let mut state = self.state();
        state.stacks.entry(stack.to_owned()).or_default().insert(logical_id.to_owned(), name.to_owned());
        state.functions.insert(name.to_owned(), function);
    }

    /// Changes a function behind devloop's back.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Function)) {
        change(self.state().functions.get_mut(name).unwrap());
    }

    /// The function's current state.
    pub fn function(&self, name: &str) -> Function {
        self.state().functions[name].clone()
    }

    /// The calls so far.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// The updates of a function.
    pub fn updates(&self, name: &str) -> Vec<Operation> {
        let mine =
            |operation: &Operation| operation.name == "UpdateFunctionCode" && operation.function == name;
        self.operations().into_iter().filter(mine).collect()
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let answering = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(answer(request, &state).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), answering).await;
        });
    }
}

async fn answer(request: Request<Incoming>, state: &Mutex<State>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path().to_owned();
    // LocalStack's own pages come without the header.
    if path.starts_with("/_localstack/") {
        let page =
            json!({ "services": { "lambda": "available" }, "edition": "unknown", "version": "4.14.0" });
        return Response::new(Full::from(page.to_string()));
    }
    let mut state = state.lock().unwrap();
    let reply = if !parts.headers.contains_key("authorization") {
        refuse(403, "MissingAuthenticationToken", "no credential")
    } else if path == "/" {
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        match target {
            Some(target) => state.target(target, &body),
            None => state.query(&String::from_utf8_lossy(&body)),
        }
    } else {
        state.lambda(&parts.method, &path, parts.uri.query().unwrap_or_default(), &body)
    };
    let response = Response::builder().status(reply.0).header("x-localstack", "true");
    let response = reply.2.iter().fold(response, |response, kind| response.header("x-amzn-errortype", kind));
    response.body(Full::from(reply.1)).unwrap()
}

type Reply = (u16, String, Option<String>);

fn tell(value: &Value) -> Reply {
    (200, value.to_string(), None)
}

fn refuse(status: u16, code: &str, message: &str) -> Reply {
    (status, json!({ "Message": message }).to_string(), Some(code.to_owned()))
}

fn not_found(name: &str) -> Reply {
    refuse(404, "ResourceNotFoundException", &format!("Function not found: {name}"))
}

impl State {
    fn note(&mut self, name: &'static str, function: &str, key: Option<PathBuf>, status: u16) {
        let current = self.functions.get(function).and_then(|function| look(&function.directory));
        let seen = (current, key.as_deref().and_then(look));
        let function = function.to_owned();
        self.operations.push(Operation { name, function, key, status, at: Instant::now(), seen });
    }

    fn lambda(&mut self, method: &Method, path: &str, query: &str, body: &[u8]) -> Reply {
        if let Some(rest) = path.strip_prefix("/2015-03-31/event-source-mappings") {
            let name =
                query.split('&').find_map(|pair| pair.strip_prefix("FunctionName=")).unwrap_or_default();
            assert!(rest.trim_matches('/').is_empty() && method == Method::GET, "{method} {path}");
            self.note("ListEventSourceMappings", name, None, 200);
            let fed = self.functions.iter().filter(|(known, _)| name.is_empty() || *known == name);
            let mapping = |name: &String| {
                let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
                json!({ "UUID": "u", "State": "Enabled", "FunctionArn": arn, "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s" })
            };
            let mappings: Vec<Value> =
                fed.flat_map(|(name, function)| vec![mapping(name); function.sources]).collect();
            return tell(&json!({ "EventSourceMappings": mappings }));
        }
        let Some(rest) = path.strip_prefix("/2015-03-31/functions") else {
            return refuse(404, "UnknownOperation", path);
        };
        let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
        let Some(name) = segments.next() else {
            let all: Vec<Value> = self.functions.keys().map(|name| self.configuration(name)).collect();
            return tell(&json!({ "Functions": all }));
        };
        match (method.as_str(), segments.next()) {
            ("GET", None) => self.get(name, query),
            ("GET", Some("versions")) => {
                let Some(function) = self.functions.get(name) else { return not_found(name) };
                let versions = (0..function.versions.len()).map(|number| (number + 1).to_string());
                let versions: Vec<Value> = ["$LATEST".to_owned()]
                    .into_iter()
                    .chain(versions)
                    .map(|version| json!({ "Version": version }))
                    .collect();
                tell(&json!({ "Versions": versions }))
            }
            ("PUT", Some("code")) => self.update(name, body),
            _ => refuse(501, "NotImplemented", &format!("{method} {path}")),
        }
    }

    fn get(&mut self, name: &str, query: &str) -> Reply {
        let Some(function) = self.functions.get_mut(name) else {
            self.note("GetFunction", name, None, 404);
            return not_found(name);
        };
        function.updating = function.updating.saturating_sub(1);
        let version = query.strip_prefix("Qualifier=").and_then(|version| version.parse::<usize>().ok());
        let directory = match version {
            Some(version) => function.versions[version - 1].clone(),
            None => function.directory.clone(),
        };
        self.note("GetFunction", name, None, 200);
        let location = format!("file://{}", directory.display());
        tell(&json!({
            "Configuration": self.configuration(name),
            "Code": { "RepositoryType": "S3", "Location": location },
        }))
    }

    fn configuration(&self, name: &str) -> Value {
        let function = &self.functions[name];
        let updated = function.updated_at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        json!({
            "LastModified": updated.map(|at| at.to_string()),
            "FunctionName": name,
            "FunctionArn": format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 3, "Version": "$LATEST",
            "Architectures": [if function.arm { "arm64" } else { "x86_64" }],
            "CodeSha256": SHA, "CodeSize": 0,
            "State": if function.failed { "Failed" } else { "Active" },
            "StateReason": if function.failed { "Error while creating lambda" } else { "" },
            "LastUpdateStatus": if function.updating > 0 { "InProgress" } else { "Successful" },
        })
    }

    fn update(&mut self, name: &str, body: &[u8]) -> Reply {
        let input: Value = serde_json::from_slice(body).unwrap();
        let key = PathBuf::from(input["S3Key"].as_str().unwrap_or_default());
        let reply = self.updated(name, &input, &key);
        self.note("UpdateFunctionCode", name, Some(key.clone()), reply.0);
        if reply.0 == 200 {
            let function = self.functions.get_mut(name).unwrap();
            function.directory = key;
            function.updating = QUESTIONS;
            return tell(&self.configuration(name));
        }
        reply
    }

    fn updated(&mut self, name: &str, input: &Value, key: &Path) -> Reply {
        let Some(function) = self.functions.get_mut(name) else { return not_found(name) };
        if input["S3Bucket"] != BUCKET || !key.is_absolute() {
            return refuse(
                400,
                "InvalidParameterValueException",
                "the archive key has to be an absolute path!",
            );
        }
        if function.failed {
            let message = format!("Version {name}:$LATEST cannot be updated if an old one is not running");
            return refuse(500, "InternalError", &message);
        }
        if function.conflicts > 0 || function.updating > 0 {
            function.conflicts = function.conflicts.saturating_sub(1);
            return refuse(409, "ResourceConflictException", "An update is in progress for resource");
        }
        tell(&Value::Null)
    }

    fn target(&mut self, target: &str, body: &[u8]) -> Reply {
        match target {
            "Logs_20140328.DescribeLogStreams" => {}
            // There are no metrics.
            "GraniteServiceVersion20100801.GetMetricData" => {
                return tell(&json!({ "MetricDataResults": [] }));
            }
            "GraniteServiceVersion20100801.GetMetricStatistics" => return tell(&json!({ "Datapoints": [] })),
            // The streams are only names here, and nothing waits in them.
            "Kinesis_20131202.ListShards" => return tell(&json!({ "Shards": [] })),
            "Logs_20140328.FilterLogEvents" => return tell(&json!({ "events": [] })),
            _ => return refuse(501, "NotImplemented", target),
        }
        let input: Value = serde_json::from_slice(body).unwrap();
        let name = input["logGroupName"].as_str().unwrap().strip_prefix("/aws/lambda/").unwrap().to_owned();
        match self.functions.get(&name).and_then(|function| function.called_at) {
            Some(at) => {
                let stream = json!({ "logStreamName": "s", "creationTime": at, "lastEventTimestamp": at });
                tell(&json!({ "logStreams": [stream] }))
            }
            None => {
                let body = json!({ "__type": "ResourceNotFoundException", "message": "no group" });
                (400, body.to_string(), None)
            }
        }
    }

    fn query(&mut self, body: &str) -> Reply {
        let value = |name: &str| body.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or_default();
        let (action, stack) = (value("Action="), value("StackName="));
        let stacks = self.stacks.get(stack);
        let inside = match (action, stacks) {
            ("GetCallerIdentity", _) => "<Account>000000000000</Account>".to_owned(),
            (_, None) => {
                let text = format!(
                    "<Error><Code>ValidationError</Code><Message>Stack {stack} does not exist</Message></Error>"
                );
                return (400, text, None);
            }
            ("DescribeStackResources", Some(made)) => {
                let resource = |(id, name): (&String, &String)| {
                    format!(
                        "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{name}</PhysicalResourceId>\
                         <ResourceType>AWS::Lambda::Function</ResourceType></member>"
                    )
                };
                format!("<StackResources>{}</StackResources>", made.iter().map(resource).collect::<String>())
            }
            ("DescribeStacks", Some(_)) => {
                "<Stacks><member><Outputs><member><OutputKey>Environment</OutputKey>\
                <OutputValue>LocalStack</OutputValue></member></Outputs></member></Stacks>"
                    .to_owned()
            }
            (other, _) => return refuse(501, "NotImplemented", other),
        };
        (200, format!("<{action}Response><{action}Result>{inside}</{action}Result></{action}Response>"), None)
    }
}
