//! The cloud as a whole: its services, wired once, and the way to serve them.

use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    clock::Clock,
    cloudformation::CloudFormation,
    context::Context,
    error::ApiError,
    faults::Faults,
    gateway,
    lambda::{Activation, ActivationError, Lambda},
    memory,
    services::{
        apigateway::ApiGateway,
        cloudwatch::CloudWatch,
        dynamodb::DynamoDb,
        iam::Iam,
        kinesis::Kinesis,
        logs::{LogEvent, Logs},
        sqs::Sqs,
        ssm::Ssm,
        sts::Sts,
    },
    triggers::Events,
};

/// What a cloud is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time for every wait of the cloud.
    pub clock: Clock,
    /// The twelve digits of the only account.
    pub account: String,
    /// The region of requests without a signature.
    pub region: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Clock::real(), account: "000000000000".to_owned(), region: "us-east-1".to_owned() }
    }
}

/// A handle on the cloud. Cheap to clone; the cloud lives as long as one handle does.
#[derive(Debug, Clone)]
pub struct Cloud(pub(crate) Arc<Services>);

/// Every service of the cloud, each behind its own locks.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) options: Options,
    /// Tells this cloud from the next one on the same port.
    pub(crate) session: String,
    /// When the cloud was made, in ms since the epoch.
    pub(crate) started_ms: i64,
    /// Where the gateway listens; set when it does.
    endpoint: RwLock<Arc<str>>,
    pub(crate) faults: Faults,
    pub(crate) kinesis: Arc<Kinesis>,
    pub(crate) dynamodb: Arc<DynamoDb>,
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) cloudwatch: Arc<CloudWatch>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) sts: Sts,
    pub(crate) iam: Iam,
    pub(crate) ssm: Ssm,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) events: Arc<Events>,
    pub(crate) apigateway: ApiGateway,
    pub(crate) cloudformation: CloudFormation,
}

impl Cloud {
    /// A cloud with nothing in it. It starts no task before it has something to do.
    pub fn new(options: Options) -> Self {
        let clock = options.clock.clone();
        let kinesis = Arc::new(Kinesis::new(clock.clone()));
        let dynamodb = Arc::new(DynamoDb::new(clock.clone()));
        let sqs = Arc::new(Sqs::new(clock.clone()));
        let cloudwatch = Arc::new(CloudWatch::new(clock.clone()));
        let logs = Arc::new(Logs::new(clock.clone()));
        let lambda = Arc::new(Lambda::new(clock.clone(), Arc::clone(&logs), Arc::clone(&cloudwatch)));
        let events = Arc::new(Events::new(
            clock.clone(),
            Arc::clone(&lambda),
            Arc::clone(&kinesis),
            Arc::clone(&dynamodb),
            Arc::clone(&sqs),
        ));
        events.measures_into(Arc::clone(&cloudwatch));
        let apigateway = ApiGateway::new(clock.clone(), Arc::clone(&lambda));
        Self(Arc::new(Services {
            session: uuid::Uuid::new_v4().to_string(),
            started_ms: clock.now_ms(),
            endpoint: RwLock::new("http://127.0.0.1:4566".into()),
            faults: Faults::default(),
            kinesis,
            dynamodb,
            sqs,
            cloudwatch,
            logs,
            sts: Sts::new(clock.clone()),
            iam: Iam::new(clock.clone()),
            ssm: Ssm::new(clock.clone()),
            lambda,
            events,
            apigateway,
            cloudformation: CloudFormation::default(),
            options,
        }))
    }

    /// Serves the cloud on `listener`, which must be bound to loopback, until `shutdown` completes; then stops every
    /// environment and event source mapping.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        self.listens_on(address);
        let outcome = gateway::serve(self.clone(), listener, shutdown).await;
        self.0.events.stop().await;
        self.0.lambda.stop().await;
        outcome
    }

    /// Tells the cloud its own address before [`Cloud::serve`] runs, so that what is created meanwhile already names it.
    pub fn listens_on(&self, address: SocketAddr) {
        let endpoint: Arc<str> = format!("http://127.0.0.1:{}", address.port()).into();
        *self.0.endpoint.write() = Arc::clone(&endpoint);
        self.0.lambda.listens_on(endpoint);
    }

    /// Where the cloud listens, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> Arc<str> {
        Arc::clone(&self.0.endpoint.read())
    }

    /// The switches that make operations fail on purpose.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The context of a call from inside the process, in `region`.
    pub fn context(&self, region: &str) -> Context {
        Context {
            region: region.into(),
            account: self.0.options.account.as_str().into(),
            endpoint: self.endpoint(),
            request_id: crate::wire::unique_id().to_string().into(),
        }
    }

    /// Lets what lies in the hot-reload folder `folder` now take over in every function that runs from it: the new
    /// environment has asked for its first event before the old ones are let go, and what is in flight finishes on them.
    /// One outcome per function; none when no function runs from there.
    pub async fn activate(&self, folder: &Path) -> Vec<Result<Activation, ActivationError>> {
        let outcomes = self.0.lambda.activate(folder).await;
        for activation in outcomes.iter().flatten() {
            self.0.events.nudge(&activation.function);
        }
        outcomes
    }

    /// Follows every log line from now on; one who is too slow is told how many lines were missed.
    pub fn follow_logs(&self) -> tokio::sync::broadcast::Receiver<LogEvent> {
        self.0.logs.subscribe()
    }

    /// Creates a function that runs from the hot-reload folder `folder`, with a function URL, and returns the URL in the
    /// form that needs no name resolution.
    pub fn serve_folder(&self, name: &str, folder: &Path) -> Result<String, ApiError> {
        let cx = self.context(&self.0.options.region);
        let id = self.0.lambda.serve_folder(&cx, name, folder)?;
        Ok(format!("{}/_aws/lambda-url/{id}/", cx.endpoint))
    }

    /// Deletes a function that [`Cloud::serve_folder`] has created, with its URL. What is in flight ends.
    pub fn remove_folder(&self, name: &str) -> Result<(), ApiError> {
        self.0.lambda.remove(&self.context(&self.0.options.region), name)
    }

    /// The account that everything belongs to.
    pub fn account(&self) -> &str {
        &self.0.options.account
    }

    /// The region that what the tool makes is in.
    pub fn region(&self) -> &str {
        &self.0.options.region
    }

    /// The folder that a function's code lies in; its last part is the binary's name when it was deployed by devloop.
    pub fn code_folder(&self, region: &str, function: &str) -> Option<PathBuf> {
        self.0.lambda.folder(region, function)
    }

    /// What runs here and how it fares, for `devloop status`. Figures count from the cloud's start; times are in ms.
    pub async fn status(&self) -> Value {
        let services = &self.0;
        let now = services.options.clock.now_ms();
        json!({
            "endpoint": &*self.endpoint(),
            "at": now,
            "uptime_ms": now - services.started_ms,
            "functions": services.lambda.snapshot(services.started_ms).await,
            "mappings": services.events.snapshot(),
            "streams": services.kinesis.status(),
            "queues": services.sqs.status(),
            "tables": services.dynamodb.status(),
            "limits": memory::limits(),
            "retained": memory::retained(services),
        })
    }

    /// Calls one operation of one service from inside the process, as a client with the JSON protocol would: `service`
    /// is the endpoint prefix (`kinesis`, `dynamodb`, `monitoring`, ...).
    pub async fn call(
        &self,
        cx: &Context,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        gateway::operation(&self.0, cx, service, operation, input).await
    }
}

/// Serves a new cloud with default options on `listener` until `shutdown` completes.
pub async fn run(listener: TcpListener, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
    Cloud::new(Options::default()).serve(listener, shutdown).await
}
