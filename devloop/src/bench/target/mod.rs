//! The target of a load, found through the AWS APIs of its endpoint: the example pipeline ([`pipeline`]), or any other chain of
//! functions. It knows where requests go, which functions there are ([`find`]), and what is still on its way ([`pending`]).

mod ask;
mod find;
mod metric;
mod pending;
mod pipeline;

pub(crate) use metric::{MetricCount, SinkMetric};

use devloop_cloud::Arn;
use serde_json::Value;

use crate::aws::{Endpoints, Keys, Trust};
use crate::bench::chain::{Chain, EndRows, named};
use crate::bench::entry_point::EntryPoint;
use crate::bench::follow::{LogGroup, Wanted, log_group};
use crate::bench::http::Client;
use crate::bench::progress::Hop;
use crate::bench::sink::{Sink, SinkRows};
use local_postgres::DatabaseUrl;

/// The embedded cloud's status page.
pub(super) const PAGE: &str = "/_devloop/status";

/// The region where none is named.
const DEFAULT_REGION: &str = "us-east-1";

/// The pipeline's stages in their order, named after their two ends.
pub(crate) const STAGES: [&str; 3] = ["gateway_to_stream", "stream_to_store", "store_to_sink"];

/// Functions that take a load.
#[derive(Clone)]
pub(crate) struct BenchTarget {
    /// A client of their AWS APIs.
    pub(crate) client: Client,
    pub(crate) region: String,
    /// Where requests go; `None` if none will be sent.
    pub(crate) entry: Option<EntryPoint>,
    /// The functions in their order. Only the pipeline's first one can be unknown: if the API is on another machine.
    pub(crate) functions: Vec<Option<StageFunction>>,
    /// The cloud's process, if it runs on this machine.
    pub(crate) process: Option<u32>,
    /// How requests are followed.
    pub(crate) kind: Following,
    /// The queues for records that the mappings gave up.
    queues: Vec<String>,
    has_page: bool,
}

/// How requests are followed.
#[derive(Debug, Clone)]
pub(crate) enum Following {
    /// By the rows of the pipeline's functions; the last function writes to this sink.
    Pipeline(Sink),
    /// By the log lines of Lambda and the functions.
    Chain(Box<FollowedChain>),
}

/// A chain that is followed.
#[derive(Debug, Clone)]
pub(crate) struct FollowedChain {
    pub(crate) chain: Chain,
    /// The links whose logs say that a request is complete: the ends, or the one that the user named.
    pub(crate) ends: Vec<usize>,
    /// The metric whose values are counted instead, if the user named one.
    pub(crate) metric: Option<SinkMetric>,
    /// What could not be asked when the chain was found, and why.
    pub(crate) gaps: Vec<String>,
}

/// Where to look for functions, and for which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// The endpoints of their AWS APIs.
    pub(crate) apis: Endpoints,
    /// The keys that requests to them are signed with.
    pub(crate) keys: Keys,
    /// The functions' region, if the user named one.
    pub(crate) region: Option<String>,
    /// The stack that the functions belong to, if the user named one; an account has more.
    pub(crate) stack: Option<String>,
    /// The head of a chain, if the user named one; without one the pipeline is looked for first.
    pub(crate) head: Option<String>,
    /// The function whose log says that a request is complete, or the metric that gets a value for each, if the user named one.
    pub(crate) end: Option<String>,
    /// The URL to post to, if the user named one; otherwise the endpoint's API that takes a POST is used.
    pub(crate) api: Option<String>,
    /// Whether requests will be posted.
    pub(crate) posting: bool,
    /// The database of the pipeline's rows, if the user named one; otherwise the last function's variables name it.
    pub(crate) database: Option<DatabaseUrl>,
    /// The trusted authorities.
    pub(crate) trust: Trust,
}

/// The function of a stage or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageFunction {
    /// Its name in Lambda.
    pub(crate) name: String,
    /// The name that is shown.
    pub(crate) label: String,
    /// SHA-256 of its code, if the target reports it.
    pub(crate) digest: Option<String>,
    /// The directory that it runs from, if it runs from one.
    pub(crate) folder: Option<String>,
}

impl StageFunction {
    /// The log group of its lines.
    pub(crate) fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name)
    }
}

impl BenchTarget {
    /// The log group of a function, by its index.
    pub(crate) fn log(&self, place: usize) -> LogGroup {
        let name = self.functions[place].as_ref().map(StageFunction::log_group);
        log_group(&self.client, &self.region, name.unwrap_or_default())
    }

    /// A run's rows at the end, since `from` in ms since the epoch.
    pub(crate) fn rows(&self, from: i64, wanted: Wanted) -> SinkRows {
        match &self.kind {
            Following::Pipeline(sink) => sink.rows(self.log(2), self.client.trust().clone(), from, wanted),
            Following::Chain(followed)
                if followed.chain.ends_with_the_answer() || followed.metric.is_some() =>
            {
                SinkRows::Elsewhere
            }
            Following::Chain(followed) => {
                let groups = followed.ends.iter().map(|end| self.log(*end)).collect();
                SinkRows::Ends(Box::new(EndRows::new(groups, from, &wanted.run.unwrap_or_default())))
            }
        }
    }

    /// The chain that is followed, unless it is the pipeline.
    pub(crate) fn followed(&self) -> Option<&FollowedChain> {
        match &self.kind {
            Following::Pipeline(_) => None,
            Following::Chain(followed) => Some(followed),
        }
    }

    /// The function with this shown name.
    pub(crate) fn function(&self, name: &str) -> Option<&StageFunction> {
        self.functions.iter().flatten().find(|function| function.label == name || function.name == name)
    }

    /// The shown name of a function, by its index.
    pub(crate) fn label(&self, place: usize) -> String {
        self.functions.get(place).and_then(Option::as_ref).map_or("?", |function| &function.label).to_owned()
    }

    /// The functions that a request passes, for the progress display.
    pub(crate) fn hops(&self) -> Vec<Hop> {
        let followed = match &self.kind {
            Following::Pipeline(_) => {
                let hop = |place, source: &str, waits: &str| Hop {
                    source: source.to_owned(),
                    counted: source.to_owned(),
                    waits: waits.to_owned(),
                    function: self.label(place),
                    is_next: true,
                };
                return vec![
                    hop(0, "API", ""),
                    hop(1, "stream", "waits in the stream"),
                    hop(2, "table", "waits in the table's stream"),
                ];
            }
            Following::Chain(followed) => followed,
        };
        let links = followed.chain.links.iter().enumerate();
        let hops = links.map(|(place, link)| {
            let function = self.label(place);
            Hop {
                source: link.sources.first().map_or(String::new(), named),
                counted: function.clone(),
                waits: format!("waits for {function}"),
                is_next: place == 0 || link.after.contains(&(place - 1)),
                function,
            }
        });
        hops.collect()
    }
}

pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The function's name in an ARN, without a version.
pub(super) fn name_of(arn: &str) -> &str {
    Arn::parse(arn).and_then(|arn| arn.function()).unwrap_or(arn)
}
