//! The cloud as a whole: its services, wired once, and the way to serve them.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    calls::Calls as _,
    clock::Clock,
    cloudformation::{Applied, CloudFormation, LeftOut, Outputs},
    context::{Context, Home},
    error::ApiError,
    faults::Faults,
    functions::{Functions, Invocation, Outcome},
    gateway::{self, Pages},
    lambda::{Activation, ActivationError, Lambda, LocalHandler, Replayed, collect_orphans},
    limits::Limits,
    registry::Registry,
    service::Service,
    services::{
        apigateway::ApiGateway,
        apigatewayv2::HttpApis,
        cloudwatch::CloudWatch,
        dynamodb::{DynamoDb, DynamoDbStreams},
        ecr::Ecr,
        events::{Courier, EventBridge},
        iam::Iam,
        kinesis::Kinesis,
        logs::{LogEvent, Logs},
        s3::S3,
        scheduler::Scheduler,
        secretsmanager::SecretsManager,
        sns::{Mail, Sns, Wired},
        sqs::Sqs,
        ssm::Ssm,
        sts::Sts,
    },
    template::{Template, TemplateError},
    triggers::Events,
};

/// The options that a cloud is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time for every wait of the cloud.
    pub clock: Clock,
    /// The twelve digits of the only account.
    pub account: String,
    /// The region of requests without a signature.
    pub region: String,
    /// The throughput limits of the streams and tables in this cloud.
    pub limits: Limits,
    /// The folder where the e-mails of topics are kept as `.eml` files; without a folder they are not kept.
    pub mail: Option<PathBuf>,
    /// The folders from which functions on Node.js find the AWS SDK that Lambda brings along, in `node_modules` of each or of a folder
    /// above it. Packages that are missing are to be installed in the first one; nothing is installed here.
    pub node_packages: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::real(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            limits: Limits::default(),
            mail: None,
            node_packages: Vec::new(),
        }
    }
}

/// A handle on the cloud. Cheap to clone; the cloud lives as long as one handle does.
#[derive(Debug, Clone)]
pub struct Cloud(pub(crate) Arc<Parts>);

/// The parts of the cloud. Services that only clients and other services use are in the registry alone.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) home: Arc<Home>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) pages: Arc<Pages>,
    logs: Arc<Logs>,
    sns: Arc<Sns>,
    lambda: Arc<Lambda>,
    events: Arc<Events>,
    cloudformation: Arc<CloudFormation>,
}

impl Cloud {
    /// A cloud with nothing in it. It starts no task before it has something to do.
    pub fn new(options: Options) -> Self {
        Self::with(options, Vec::new())
    }

    /// Makes a cloud with `more` services besides the registry's own.
    pub(crate) fn with(options: Options, more: Vec<Arc<dyn Service>>) -> Self {
        let Options { clock, account, region, limits, mail, node_packages } = options;
        let cloudwatch = Arc::new(CloudWatch::new(clock.clone()));
        let kinesis = Arc::new(Kinesis::new(clock.clone(), limits, Arc::clone(&cloudwatch)));
        let dynamodb = Arc::new(DynamoDb::new(clock.clone(), Arc::clone(&kinesis)));
        let sqs = Arc::new(Sqs::new(clock.clone()));
        sqs.reports_to(Arc::clone(&cloudwatch));
        let logs = Arc::new(Logs::new(clock.clone(), Arc::clone(&cloudwatch)));
        let lambda = Lambda::new(clock.clone(), Arc::clone(&logs), Arc::clone(&cloudwatch));
        let lambda = Arc::new(lambda.with_node_packages(&node_packages));
        let events = Arc::new(Events::new(
            clock.clone(),
            Arc::clone(&lambda),
            Arc::clone(&kinesis),
            Arc::clone(&dynamodb),
            Arc::clone(&sqs),
            Arc::clone(&cloudwatch),
        ));
        let functions = Arc::clone(&lambda) as Arc<dyn Functions>;
        cloudwatch.invokes(Arc::downgrade(&functions));
        let outlets = Wired { sqs: Arc::clone(&sqs), functions: Arc::clone(&functions) };
        let sns = Arc::new(Sns::new(clock.clone(), Box::new(outlets), mail));
        let courier = Courier::new(clock.clone(), Arc::clone(&functions));
        let cloudformation = CloudFormation::new(clock.clone(), node_packages.into_iter().next());
        cloudformation.invokes(Arc::downgrade(&functions));
        let iam = Arc::new(Iam::new(clock.clone()));
        // One line a service. Of two that share a name, the first one that takes an operation runs it.
        let mut services: Vec<Arc<dyn Service>> = vec![
            kinesis,
            Arc::new(DynamoDbStreams(Arc::clone(&dynamodb))),
            dynamodb,
            sqs,
            Arc::clone(&sns) as _,
            cloudwatch,
            Arc::clone(&logs) as _,
            Arc::clone(&events) as _,
            Arc::clone(&lambda) as _,
            // This comes before the REST APIs, which claim every address of an API.
            Arc::new(HttpApis::new(clock.clone(), Arc::clone(&functions), Arc::clone(&logs))),
            Arc::new(ApiGateway::new(clock.clone(), Arc::clone(&functions))),
            Arc::new(Ssm::new(clock.clone())),
            Arc::new(SecretsManager::new(clock.clone())),
            Arc::new(Sts::new(clock.clone(), Arc::clone(&iam))),
            iam,
            Arc::new(Ecr::new(clock.clone())),
            Arc::clone(&cloudformation) as _,
            Arc::new(EventBridge::new(clock.clone(), Arc::clone(&courier))),
            Arc::new(Scheduler::new(clock.clone(), courier)),
            Arc::new(S3::new(clock.clone(), functions)),
        ];
        services.extend(more);
        let registry = Registry::new(services);
        let home = Arc::new(Home::new(&account, &region));
        let pages = Arc::new(Pages::new(clock, Arc::clone(&home), Arc::clone(&registry)));
        Self(Arc::new(Parts { home, registry, pages, logs, sns, lambda, events, cloudformation }))
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
        let collecting = tokio::spawn(collect_orphans());
        let outcome = gateway::serve(Arc::clone(&self.0.pages), listener, shutdown).await;
        self.0.events.stop().await;
        self.0.lambda.stop().await;
        collecting.abort();
        outcome
    }

    /// Tells the cloud its own address before [`Cloud::serve`] runs, so that what is created meanwhile already names it.
    pub fn listens_on(&self, address: SocketAddr) {
        self.0.home.listens_on(address);
        self.0.lambda.listens_on(self.endpoint());
    }

    /// Answers programs of the user who runs this one, and root's, and nobody else's from now on. Which user's a program is, the
    /// system is asked once a connection.
    pub fn answer_own_user_only(&self) {
        self.0.pages.answer_own_user_only();
    }

    /// Passes the requests for services that the cloud lacks to another AWS on this machine, such as moto's server, from now on. The
    /// error says why `endpoint` cannot be one; AWS itself never is.
    pub fn fall_back_to(&self, endpoint: &str) -> Result<(), String> {
        self.0.pages.fall_back_to(endpoint)
    }

    /// Where the cloud listens, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> Arc<str> {
        self.0.home.endpoint()
    }

    /// The switches that make operations fail on purpose.
    pub fn faults(&self) -> &Faults {
        self.0.registry.faults()
    }

    /// The context of a call from inside the process, in `region`.
    pub fn context(&self, region: &str) -> Context {
        self.0.home.context(region)
    }

    /// Brings the stack `name` to what `template` says, in the cloud's default region, with `parameters` by name.
    ///
    /// Applying an unchanged template does nothing. A changed one creates new resources, updates in place what can be
    /// updated, and deletes the resources that it no longer has. When a service refuses, the changes of this call are
    /// undone, and the error names the resource and the cause.
    pub async fn apply(
        &self,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Outputs, TemplateError> {
        let cx = self.context(self.region());
        self.0.cloudformation.apply(cx, name, template, parameters).await
    }

    /// Does the same for a template that asks for more than the cloud supports: what no function and no event source
    /// mapping needs is left out and reported. The error names everything unsupported that one of them needs.
    pub async fn apply_what_runs(
        &self,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Applied, TemplateError> {
        let cx = self.context(self.region());
        self.0.cloudformation.apply_what_runs(cx, name, template, parameters).await
    }

    /// Does what [`Cloud::apply`] does, and also tells what changed.
    pub async fn apply_and_tell(
        &self,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Applied, TemplateError> {
        let cx = self.context(self.region());
        self.0.cloudformation.apply_and_tell(cx, name, template, parameters).await
    }

    /// What [`Cloud::apply_what_runs`] would leave out. Nothing changes; the error is the one that it would give.
    pub async fn left_out(
        &self,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Vec<LeftOut>, TemplateError> {
        let cx = self.context(self.region());
        self.0.cloudformation.left_out(&cx, name, template, parameters).await
    }

    /// Switches every function that runs from the hot-reload folder `folder` to the code that is in it now. A new
    /// environment must have asked for its first event before the old ones are retired, and invocations in flight finish on
    /// the old ones. Returns one outcome per function; none when no function runs from the folder.
    pub async fn activate(&self, folder: &Path) -> Vec<Result<Activation, ActivationError>> {
        let outcomes = self.0.lambda.activate(folder).await;
        for activation in outcomes.iter().flatten() {
            self.0.events.nudge(&activation.function);
        }
        outcomes
    }

    /// Sends the last event of each function that runs from the hot-reload folder `folder` again, and waits for the answers. Functions
    /// that got none yet are left out.
    pub async fn replay_last(&self, folder: &Path) -> Vec<Replayed> {
        self.0.lambda.replay_last(&self.context(self.region()), folder).await
    }

    /// Lets debuggers attach to the functions that are made from now on. No time limit of theirs or of an API counts while one does.
    pub fn wait_for_debuggers(&self) {
        self.0.lambda.wait_for_debuggers();
    }

    /// The ids of the processes of each function that runs from the hot-reload folder `folder`.
    pub fn processes(&self, folder: &Path) -> Vec<(String, Vec<i32>)> {
        self.0.lambda.processes(folder)
    }

    /// Lets the function `name` run this handler from now on, in this process.
    pub(crate) fn run_here(&self, name: &str, handler: LocalHandler) {
        self.0.lambda.run_here(name, handler);
    }

    /// The last events that functions got, as `devloop events` reads them.
    pub(crate) fn recent_events(&self) -> Value {
        self.0.lambda.recent_events()
    }

    /// Changes when an invocation ends; the value counts them.
    pub(crate) fn events_ended(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.lambda.events_ended()
    }

    /// Invokes a function of the default region and waits for its answer.
    pub(crate) async fn invoke(&self, name: &str, payload: Vec<u8>) -> Result<Outcome, ApiError> {
        let invocation = Invocation { payload: payload.into(), ..Invocation::default() };
        self.0.lambda.invoke(&self.context(self.region()), name, invocation).await
    }

    /// Follows every log line from now on; one who is too slow is told how many lines were missed.
    pub fn follow_logs(&self) -> tokio::sync::broadcast::Receiver<LogEvent> {
        self.0.logs.subscribe()
    }

    /// Follows every e-mail that a topic sends from now on.
    pub fn follow_mails(&self) -> tokio::sync::broadcast::Receiver<Mail> {
        self.0.sns.follow_mails()
    }

    /// The function of `region` that writes to the log group `group`, also when its settings name that group explicitly.
    pub fn function_of_group(&self, region: &str, group: &str) -> Option<String> {
        self.0.lambda.logs_to(region, group)
    }

    /// Creates a function that runs from the hot-reload folder `folder`, with a function URL, and returns the URL in the
    /// form that needs no name resolution.
    pub fn serve_folder(&self, name: &str, folder: &Path) -> Result<String, ApiError> {
        let cx = self.context(self.region());
        let id = self.0.lambda.serve_folder(&cx, name, folder)?;
        Ok(format!("{}/_aws/lambda-url/{id}/", cx.endpoint))
    }

    /// Deletes a function that [`Cloud::serve_folder`] has created, with its URL. Invocations in flight finish.
    pub fn remove_folder(&self, name: &str) -> Result<(), ApiError> {
        self.0.lambda.remove(&self.context(self.region()), name)
    }

    /// How many asynchronous events wait for each function, by the function's name: the events that are lost when the cloud
    /// ends.
    pub fn waiting_events(&self) -> Vec<(String, usize)> {
        self.0.lambda.waiting_events()
    }

    /// Changes when a client was turned away because the process is out of file descriptors; the value counts these
    /// clients.
    pub fn shortages(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.pages.shortages()
    }

    /// The account that everything belongs to.
    pub fn account(&self) -> &str {
        &self.0.home.account
    }

    /// The default region, in which the tool creates its resources.
    pub fn region(&self) -> &str {
        &self.0.home.region
    }

    /// The folder that a function's code lies in; its last part is the binary's name when it was deployed by devloop.
    pub fn code_folder(&self, region: &str, function: &str) -> Option<PathBuf> {
        self.0.lambda.folder(region, function)
    }

    /// What runs in the cloud and its figures, for `devloop status`. Figures count from the cloud's start; times are in ms.
    pub async fn status(&self) -> Value {
        self.0.pages.status().await
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
        self.0.registry.call(cx, service, operation, input).await
    }
}

/// Serves a new cloud with default options on `listener` until `shutdown` completes.
pub async fn run(listener: TcpListener, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
    Cloud::new(Options::default()).serve(listener, shutdown).await
}

#[cfg(test)]
mod tests;
