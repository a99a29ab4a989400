//! A cloud for tests: `devloop-cloud` as a dev-dependency.
//!
//! Five lines start a cloud on a free port, apply the template that is deployed, and call what is in it. A function runs as its own
//! binary, or as a handler in the test's process, where a debugger and the test's own values reach it. Nothing is shared between two
//! clouds, so tests may run side by side.
//!
//! ```
//! use devloop_cloud::testing::TestCloud;
//! use serde_json::{Value, json};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = TestCloud::start().await?;
//! cloud.handler("Orders", |event: Value| async move { Ok::<_, String>(json!({ "took": event["id"] })) });
//! let properties = "{Runtime: provided.al2023, Handler: bootstrap, Role: r, Code: {}}";
//! cloud.apply(&format!("Resources: {{Orders: {{Type: AWS::Lambda::Function, Properties: {properties}}}}}")).await?;
//! let answer = cloud.invoke("Orders", json!({ "id": 7 })).await?;
//! assert_eq!(answer, json!({ "took": 7 }));
//! # Ok(())
//! # }
//! ```
//!
//! A function of the package under test runs as the binary that cargo has built for the test:
//!
//! ```no_run
//! # use devloop_cloud::testing::TestCloud;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = TestCloud::start().await?;
//! # const BINARY: &str = "";
//! cloud.binary("Orders", BINARY); // env!("CARGO_BIN_EXE_orders")
//! cloud.apply(&std::fs::read_to_string("template.yaml")?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What functions cause is awaited, never slept for, and what was stored and what failed is read:
//!
//! ```
//! # use devloop_cloud::testing::TestCloud;
//! # use serde_json::{Value, json};
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = TestCloud::start().await?;
//! cloud.handler("Worker", |event: Value| async move {
//!     if event["Records"][0]["body"] == "bad" { Err("a bad message") } else { Ok(()) }
//! });
//! let outputs = cloud
//!     .apply(
//!         "
//!          Resources:
//!            Jobs: {Type: AWS::SQS::Queue}
//!            Worker:
//!              Type: AWS::Lambda::Function
//!              Properties: {Runtime: provided.al2023, Handler: bootstrap, Role: r, Code: {}}
//!            Source: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}}
//!          Outputs: {Queue: {Value: !Ref Jobs}}",
//!     )
//!     .await?;
//! cloud.call("sqs", "SendMessage", json!({ "QueueUrl": outputs["Queue"], "MessageBody": "bad" })).await?;
//! let invoked = cloud.invoked("Worker", 1).await?;
//! assert_eq!(invoked[0].event["Records"][0]["body"], "bad");
//! assert_eq!(cloud.failures()[0].error.as_deref(), Some("HandlerError: a bad message"));
//! # Ok(())
//! # }
//! ```
//!
//! Time can stand still until the test moves it: a schedule, a window or a retention of days takes no time at all.
//!
//! ```
//! # use devloop_cloud::testing::TestCloud;
//! # use serde_json::{Value, json};
//! # use std::time::Duration;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 2026-11-20T02:59:00Z
//! let cloud = TestCloud::start_at(1_795_143_540_000).await?;
//! cloud.handler("Nightly", |event: Value| async move { Ok::<_, String>(event) });
//! cloud
//!     .apply(
//!         "
//!          Resources:
//!            Nightly:
//!              Type: AWS::Lambda::Function
//!              Properties: {Runtime: provided.al2023, Handler: bootstrap, Role: r, Code: {}}
//!            Rule:
//!              Type: AWS::Events::Rule
//!              Properties: {ScheduleExpression: 'cron(0 3 * * ? *)', Targets: [{Id: nightly, Arn: !GetAtt Nightly.Arn}]}",
//!     )
//!     .await?;
//! cloud.advance(Duration::from_secs(120));
//! let invoked = cloud.invoked("Nightly", 1).await?;
//! assert_eq!(invoked[0].event["time"], "2026-11-20T03:00:00Z");
//! # Ok(())
//! # }
//! ```

mod code;
mod read;

use std::{collections::BTreeMap, fmt::Display, io, path::PathBuf, time::Duration};

use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    clock::Clock,
    cloud::{Cloud, Options},
    error::ApiError,
    lambda::LocalHandler,
    template::{Given, Template, TemplateError},
};

pub use read::Invoked;

/// The stack that [`TestCloud::apply`] makes.
const STACK: &str = "test";

/// A cloud of a test. It ends with this value, and everything in it does.
#[derive(Debug)]
pub struct TestCloud {
    cloud: Cloud,
    clock: Clock,
    /// Holds the functions' folders.
    home: TempDir,
    known: Mutex<Known>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<io::Result<()>>>,
}

/// What the test has said of functions, by the names that it uses for them: logical ids, or names.
#[derive(Debug, Default)]
struct Known {
    code: BTreeMap<String, Source>,
    /// The functions that there are: their names in the cloud.
    made: BTreeMap<String, String>,
}

/// What a function runs.
#[derive(Debug, Clone)]
enum Source {
    Binary(PathBuf),
    Handler(LocalHandler),
}

/// Why a cloud of a test does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The machine gives no port or folder.
    #[error("start a cloud: {0}")]
    Start(#[from] io::Error),
    /// The template asks for something that is not there, or is wrong.
    #[error("apply the template: {0}")]
    Template(#[from] TemplateError),
    /// The test has not said what a function runs.
    #[error(
        "apply the template: what runs the function {0}? Say it before: `cloud.binary(\"{0}\", env!(\"CARGO_BIN_EXE_…\"))`, \
         or `cloud.handler(\"{0}\", …)`"
    )]
    NoCode(String),
    /// There is no such function.
    #[error("there is no function {name}; there are: {there}")]
    NoFunction {
        /// What the test called it.
        name: String,
        /// What it could have said.
        there: String,
    },
    /// A service has refused a call.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The function failed: its error document.
    #[error("{function} failed: {document}")]
    Failed {
        /// The function's name.
        function: String,
        /// `errorType`, `errorMessage`, and what else its runtime told.
        document: Value,
    },
    /// What was waited for did not happen within ten seconds of the machine's time.
    #[error("{0} did not happen within 10 s")]
    Waited(String),
}

impl TestCloud {
    /// Starts a cloud on a free port of loopback.
    ///
    /// # Errors
    ///
    /// [`TestError::Start`] when there is no port or no folder for temporary files.
    pub async fn start() -> Result<Self, TestError> {
        Self::with(Clock::real()).await
    }

    /// The same with a clock that stands at this time, in ms since the epoch, until [`TestCloud::advance`] moves it.
    ///
    /// # Errors
    ///
    /// As [`TestCloud::start`].
    pub async fn start_at(now_ms: i64) -> Result<Self, TestError> {
        Self::with(Clock::manual(now_ms)).await
    }

    async fn with(clock: Clock) -> Result<Self, TestError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let home = tempfile::tempdir()?;
        let cloud = Cloud::new(Options { clock: clock.clone(), ..Options::default() });
        cloud.listens_on(listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = cloud.clone();
        let serving = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            served.serve(listener, until).await
        });
        let known = Mutex::default();
        Ok(Self { cloud, clock, home, known, stop: Some(stop), serving: Some(serving) })
    }

    /// Where the cloud answers, such as `http://127.0.0.1:34567`: what `AWS_ENDPOINT_URL` is for functions.
    pub fn endpoint(&self) -> String {
        self.cloud.endpoint().to_string()
    }

    /// The cloud itself, for what is not here: faults, mails, log lines as they come.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Lets the function called `function` run this binary. The name is its logical id in the template, also without the eight digits
    /// that the CDK appends to it, its `FunctionName`, or without a template any name.
    pub fn binary(&self, function: &str, binary: impl Into<PathBuf>) {
        self.known.lock().code.insert(function.to_owned(), Source::Binary(binary.into()));
    }

    /// Lets the function called `function` run this handler in the test's own process. An error fails the invocation with its text and
    /// the type `HandlerError`, and so does a panic, with the type `Panic`; both are retried as ever.
    ///
    /// Event and answer are of any type that serde knows. The handler of a `lambda_runtime` function is called as
    /// `|event: MyEvent| handle(LambdaEvent::new(event, Context::default()))`. What it prints is the test's own output.
    pub fn handler<In, Out, Failure, Answer>(
        &self,
        function: &str,
        handler: impl Fn(In) -> Answer + Send + Sync + 'static,
    ) where
        In: DeserializeOwned + 'static,
        Out: Serialize,
        Failure: Display,
        Answer: Future<Output = Result<Out, Failure>> + Send + 'static,
    {
        let local = LocalHandler::new(handler);
        self.known.lock().code.insert(function.to_owned(), Source::Handler(local));
    }

    /// Brings the cloud to what the template says, JSON or YAML, SAM or plain; returns its outputs. A second call is an update.
    ///
    /// # Errors
    ///
    /// [`TestError::NoCode`] for a function whose code was not named before, [`TestError::Template`] for everything else.
    pub async fn apply(&self, template: &str) -> Result<BTreeMap<String, String>, TestError> {
        self.apply_with(template, &[]).await
    }

    /// The same with values of the template's parameters.
    ///
    /// # Errors
    ///
    /// As [`TestCloud::apply`].
    pub async fn apply_with(
        &self,
        template: &str,
        parameters: &[(&str, &str)],
    ) -> Result<BTreeMap<String, String>, TestError> {
        let parameters: BTreeMap<String, String> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let file = |location: &str| std::fs::read_to_string(location).map_err(|error| error.to_string());
        let mut template = Template::read(template, &Given { parameters: &parameters, file: &file })?;
        self.place(&mut template)?;
        let outputs = self.cloud.apply(STACK, &template, &parameters).await?;
        self.note_what_was_made().await?;
        Ok(outputs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Invokes a function and waits for its answer. One that no template has is made at its first call.
    ///
    /// # Errors
    ///
    /// [`TestError::Failed`] with the error document when the function fails, [`TestError::NoFunction`] when there is none.
    pub async fn invoke(&self, function: &str, event: impl Serialize) -> Result<Value, TestError> {
        let name = self.name_of(function)?;
        let event = serde_json::to_vec(&event).map_err(io::Error::from)?;
        let outcome = self.cloud.invoke(&name, event).await?;
        let answer = serde_json::from_slice(&outcome.payload)
            .unwrap_or_else(|_| String::from_utf8_lossy(&outcome.payload).into_owned().into());
        match outcome.function_error {
            None => Ok(answer),
            Some(_) => Err(TestError::Failed { function: name, document: answer }),
        }
    }

    /// Calls an operation of a service, as a client with the JSON protocol would: `cloud.call("dynamodb", "Scan", …)`.
    ///
    /// # Errors
    ///
    /// [`TestError::Refused`] with the service's error.
    pub async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, TestError> {
        let cx = self.cloud.context(self.cloud.region());
        Ok(self.cloud.call(&cx, service, operation, input).await?)
    }

    /// Moves the clock of a cloud that [`TestCloud::start_at`] has made. What is due by then is started; [`TestCloud::invoked`]
    /// waits for it.
    pub fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Ends the cloud, and waits until no function's process is left.
    ///
    /// # Errors
    ///
    /// [`TestError::Start`] when the cloud could not serve.
    pub async fn close(mut self) -> Result<(), TestError> {
        drop(self.stop.take());
        match self.serving.take() {
            Some(serving) => Ok(serving.await.map_err(io::Error::other)??),
            None => Ok(()),
        }
    }
}
