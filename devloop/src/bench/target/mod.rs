//! What is put under load, found through the AWS APIs of its endpoint: the example pipeline ([`pipeline`]), or any other chain of
//! functions. Where requests go, which functions there are, and what is still on its way ([`pending`]).

mod ask;
mod pending;
mod pipeline;

use serde_json::{Value, json};

use crate::aws::{Endpoints, Keys, Trust};
use crate::bench::chain::{Chain, Choice, EndRows, Head, Kind, Source, choose, named};
use crate::bench::door::{Door, Form};
use crate::bench::follow::{LogGroup, Wanted, log_group};
use crate::bench::http::{Client, Service, address};
use crate::bench::progress::Stop;
use crate::bench::sink::{Sink, SinkRows};
use crate::bench::usage::listener;
use crate::engine::Problem;
use crate::postgres::DatabaseUrl;

/// The page of the embedded cloud that says how it fares.
pub(super) const PAGE: &str = "/_devloop/status";

/// Where a target keeps what names no region.
const DEFAULT_REGION: &str = "us-east-1";

/// The pipeline's stages in their order, by their two ends.
pub(crate) const STAGES: [&str; 3] = ["gateway_to_stream", "stream_to_store", "store_to_sink"];

/// Functions that answer.
#[derive(Clone)]
pub(crate) struct Target {
    /// The APIs that tell of them.
    pub(crate) client: Client,
    /// Where they are.
    pub(crate) region: String,
    /// Where requests go; none where nobody is going to send any.
    pub(crate) door: Option<Door>,
    /// The functions in their order. Only the pipeline's first one can be unknown, where the API is another machine's.
    pub(crate) functions: Vec<Option<StageFunction>>,
    /// The cloud's process, if it is one of this machine.
    pub(crate) process: Option<u32>,
    /// How requests are followed.
    pub(crate) way: Way,
    /// The queues of what the mappings gave up.
    queues: Vec<String>,
    has_page: bool,
}

/// How requests are followed.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// By the rows of the pipeline's functions; the last one writes there.
    Pipeline(Sink),
    /// By what Lambda and the functions log.
    Chain(Box<Followed>),
}

/// A chain that is followed.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    /// The chain.
    pub(crate) chain: Chain,
    /// The links whose logs say that a request is complete: the ends, or the one that the user named.
    pub(crate) ends: Vec<usize>,
    /// What could not be asked when it was found, and why.
    pub(crate) gaps: Vec<String>,
}

/// Where to look for functions, and for which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Their AWS APIs.
    pub(crate) apis: Endpoints,
    /// What requests to them are signed with.
    pub(crate) keys: Keys,
    /// Where the functions are, if the user said so.
    pub(crate) region: Option<String>,
    /// The stack that they are of, if the user said so; an account has more.
    pub(crate) stack: Option<String>,
    /// The head of a chain, if the user named one; without one the pipeline is looked for first.
    pub(crate) head: Option<String>,
    /// The function whose log says that a request is complete, if the user named one.
    pub(crate) end: Option<String>,
    /// Where to post, if the user said so; else the endpoint's own API that takes a POST is found.
    pub(crate) api: Option<String>,
    /// Requests are going to be posted.
    pub(crate) posting: bool,
    /// Where the pipeline's rows are, if the user said so; else the last function's variables tell.
    pub(crate) database: Option<DatabaseUrl>,
    /// Whose certificates are believed.
    pub(crate) trust: Trust,
}

/// A function that does a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageFunction {
    /// Its name in Lambda.
    pub(crate) name: String,
    /// The name that people know it by.
    pub(crate) label: String,
    /// SHA-256 of its code, where the target tells.
    pub(crate) digest: Option<String>,
    /// The directory that it runs from, where it does.
    pub(crate) folder: Option<String>,
}

impl StageFunction {
    /// Where its lines are.
    pub(crate) fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name)
    }
}

impl Target {
    /// Finds the pipeline, or the chain that is meant.
    pub(crate) async fn find(mut search: Search) -> Result<Self, Problem> {
        let client = Client::new(
            std::mem::take(&mut search.apis),
            std::mem::take(&mut search.keys),
            std::mem::take(&mut search.trust),
        )
        .map_err(unreachable)?;
        let page = client.page(PAGE).await.map_err(unreachable)?.filter(|page| page["functions"].is_array());
        let region = search.region.as_deref().unwrap_or(DEFAULT_REGION).to_owned();
        let mappings = ask::mappings(&client, &region).await.map_err(unreachable)?;
        let finding = Finding { client, page, search, region, mappings };
        if let Some(found) = finding.pipeline().await? {
            return Ok(found);
        }
        finding.chain().await
    }

    /// Where a function writes its lines, by its place.
    pub(crate) fn log(&self, place: usize) -> LogGroup {
        let name = self.functions[place].as_ref().map(StageFunction::log_group);
        log_group(&self.client, &self.region, name.unwrap_or_default())
    }

    /// A run's rows at the end, since `from` in ms since the epoch.
    pub(crate) fn rows(&self, from: i64, wanted: Wanted) -> SinkRows {
        match &self.way {
            Way::Pipeline(sink) => sink.rows(self.log(2), self.client.trust().clone(), from, wanted),
            Way::Chain(followed) if followed.chain.ends_with_the_answer() => SinkRows::Answers,
            Way::Chain(followed) => {
                let groups = followed.ends.iter().map(|end| self.log(*end)).collect();
                SinkRows::Ends(Box::new(EndRows::new(groups, from, &wanted.run.unwrap_or_default())))
            }
        }
    }

    /// The chain that is followed, unless it is the pipeline.
    pub(crate) fn followed(&self) -> Option<&Followed> {
        match &self.way {
            Way::Pipeline(_) => None,
            Way::Chain(followed) => Some(followed),
        }
    }

    /// The function that people know by the name.
    pub(crate) fn function(&self, name: &str) -> Option<&StageFunction> {
        self.functions.iter().flatten().find(|function| function.label == name || function.name == name)
    }

    /// What a function is called, by its place.
    pub(crate) fn label(&self, place: usize) -> String {
        self.functions.get(place).and_then(Option::as_ref).map_or("?", |function| &function.label).to_owned()
    }

    /// The functions on the way of a request, for whoever watches.
    pub(crate) fn stops(&self) -> Vec<Stop> {
        let followed = match &self.way {
            Way::Pipeline(_) => {
                let stop = |place, source: &str, waits: &str| Stop {
                    source: source.to_owned(),
                    counted: source.to_owned(),
                    waits: waits.to_owned(),
                    function: self.label(place),
                    is_next: true,
                };
                return vec![
                    stop(0, "API", ""),
                    stop(1, "stream", "waits in the stream"),
                    stop(2, "table", "waits in the table's stream"),
                ];
            }
            Way::Chain(followed) => followed,
        };
        let links = followed.chain.links.iter().enumerate();
        let stops = links.map(|(place, link)| {
            let function = self.label(place);
            Stop {
                source: link.sources.first().map_or(String::new(), named),
                counted: function.clone(),
                waits: format!("waits for {function}"),
                is_next: place == 0 || link.after.contains(&(place - 1)),
                function,
            }
        });
        stops.collect()
    }
}

/// What is known while a target is looked for.
struct Finding {
    client: Client,
    page: Option<Value>,
    search: Search,
    region: String,
    /// Every event source mapping, as Lambda lists it.
    mappings: Vec<Value>,
}

impl Finding {
    /// The pipeline, unless another chain is named or there is none.
    async fn pipeline(&self) -> Result<Option<Target>, Problem> {
        let Finding { client, search, .. } = self;
        let stack = search.stack.as_deref();
        if search.head.is_some() || search.end.is_some() {
            return Ok(None);
        }
        let Some((store, sink)) = pipeline::stages(&self.mappings, stack) else { return Ok(None) };
        let region = store.0.split(':').nth(3).unwrap_or(DEFAULT_REGION).to_owned();
        let variables = pipeline::variables(client, &region, name_of(&sink.0)).await;
        if !pipeline::is_last(variables.as_ref()) {
            return Ok(None);
        }
        let entrance =
            pipeline::entrance(client, &region, search.api.as_deref(), stack).await.map_err(unreachable)?;
        let first = entrance.as_ref().and_then(|(_, function)| function.clone());
        let api = search.api.clone().or(entrance.map(|(url, _)| url));
        if search.posting && api.is_none() {
            let message = format!("find the API: {} has none that takes a POST", client.endpoint());
            return Err(Problem::new("api_missing", message)
                .with_hint("name its URL with --api, API_ENDPOINT or APIGW_ENDPOINT"));
        }
        let functions = [first.as_deref(), Some(name_of(&store.0)), Some(name_of(&sink.0))];
        let queues = [store.1, sink.1.clone()].into_iter().flatten().collect();
        let sink = Sink::of(&variables.unwrap_or_default(), search.database.clone())?;
        Ok(Some(self.target(region, api.as_deref().map(Door::post), &functions, Way::Pipeline(sink), queues)))
    }

    /// The chain that is meant.
    async fn chain(&self) -> Result<Target, Problem> {
        let Finding { client, search, region, .. } = self;
        let facts = ask::facts(client, region, search.stack.as_deref(), &self.mappings).await;
        let facts = facts.map_err(unreachable)?;
        let choice = Choice { head: search.head.as_deref(), api: search.api.as_deref() };
        let chain = choose(&facts, choice)?;
        if !search.posting {
            return Err(not_followed());
        }
        let door = match &search.api {
            Some(url) => Door::new(url, "POST", self.endpoint()),
            None => self.door(&chain.head).await?,
        };
        let ends = match &search.end {
            None => chain.ends(),
            Some(end) => vec![self.end(&chain, end)?],
        };
        let functions: Vec<Option<&str>> = chain.links.iter().map(|link| Some(&*link.function)).collect();
        let queues = chain.links.iter().filter_map(|link| link.on_failure.clone()).collect();
        let way = Way::Chain(Box::new(Followed { chain: chain.clone(), ends, gaps: facts.gaps }));
        Ok(self.target(region.clone(), Some(door), &functions, way, queues))
    }

    /// How requests get to the head.
    async fn door(&self, head: &Head) -> Result<Door, Problem> {
        let Source { kind, name, arn } = &head.source;
        Ok(match kind {
            Kind::Api | Kind::Url => {
                Door::new(head.url.as_deref().unwrap_or_default(), &head.method, self.endpoint())
            }
            Kind::Queue => {
                let input = json!({ "QueueName": name });
                let answer = self.client.call(Service::Queues, &self.region, "GetQueueUrl", &input).await;
                let url = answer.map_err(unreachable)?["QueueUrl"].as_str().unwrap_or_default().to_owned();
                Door::of_service(Form::Message { queue: url }, arn)
            }
            Kind::Stream => Door::of_service(Form::Record { stream: name.clone() }, arn),
            Kind::Topic => Door::of_service(Form::Publication { topic: arn.clone() }, arn),
            Kind::Bucket => Door::of_service(Form::Object { bucket: name.clone() }, arn),
            Kind::Invoke => Door::of_service(Form::Invocation { function: name.clone() }, arn),
            Kind::Table | Kind::Rule => {
                let word = kind.word();
                return Err(Problem::new(
                    "head_unsupported",
                    format!(
                        "load the {word} {name}: bench makes no items of a table, and no rule can be hurried"
                    ),
                )
                .with_hint(format!(
                    "load what writes to the {word}, or call the function behind it with --head FUNCTION"
                )));
            }
        })
    }

    /// The link of the function that the user named for the end.
    fn end(&self, chain: &Chain, name: &str) -> Result<usize, Problem> {
        let label = |function: &str| function_of(self.page.as_ref(), function).label;
        let found =
            chain.links.iter().position(|link| link.function == name || label(&link.function) == name);
        found.ok_or_else(|| {
            let known: Vec<String> = chain.links.iter().map(|link| label(&link.function)).collect();
            Problem::new(
                "function_unknown",
                format!("find the end {name}: the chain's functions are {}", known.join(", ")),
            )
            .with_hint("--sink names one of them; without it every function at an end counts")
        })
    }

    /// The URL of all services, where they have one.
    fn endpoint(&self) -> Option<&str> {
        Some(self.client.endpoint()).filter(|_| !self.client.is_aws())
    }

    fn target(
        &self,
        region: String,
        door: Option<Door>,
        functions: &[Option<&str>],
        way: Way,
        queues: Vec<String>,
    ) -> Target {
        let process = address(self.client.endpoint()).ok().filter(|place| is_this_machine(&place.host));
        let known = |name: &str| function_of(self.page.as_ref(), name);
        Target {
            client: self.client.clone(),
            region,
            door,
            functions: functions.iter().map(|name| name.map(known)).collect(),
            process: process.and_then(|place| listener(place.port)),
            way,
            queues,
            has_page: self.page.is_some(),
        }
    }
}

fn unreachable(reason: String) -> Problem {
    Problem::new("cloud_unreachable", format!("find the pipeline: {reason}"))
        .with_hint("`devloop watch` starts one; --endpoint or AWS_ENDPOINT_URL names another")
}

/// `bench wait` knows what was sent only as the pipeline's rows.
fn not_followed() -> Problem {
    Problem::new("pipeline_missing", "find the pipeline: no function takes events from a Kinesis stream and another one from a table's stream")
        .with_hint("`devloop bench` loads and follows other chains; `devloop watch` in the pipeline's workspace deploys it")
}

pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether the host is a name of this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The function's name in an ARN, without a version.
pub(super) fn name_of(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

/// The function as the status page tells it; without one, what its name tells.
fn function_of(page: Option<&Value>, name: &str) -> StageFunction {
    let told = page.and_then(|page| each(&page["functions"]).find(|function| function["name"] == name));
    let text = |member: &str| told.and_then(|told| told[member].as_str()).map(str::to_owned);
    let folder = text("folder");
    let binary =
        folder.as_deref().and_then(|folder| folder.rsplit('/').next()).filter(|name| !name.is_empty());
    StageFunction {
        name: name.to_owned(),
        label: binary.unwrap_or(name).to_owned(),
        digest: text("deployed_digest"),
        folder: folder.filter(|_| told.is_some_and(|told| told["hot_reload"] == true)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_know_a_function_by_its_binary_where_that_is_known() {
        let page = json!({ "functions": [{ "name": "S-Up-1", "folder": "/d/upstream", "hot_reload": true, "deployed_digest": "ab" }] });
        assert_eq!(function_of(Some(&page), "S-Up-1").label, "upstream");
        assert_eq!(function_of(Some(&page), "S-Up-1").digest.as_deref(), Some("ab"));
        assert_eq!(function_of(Some(&page), "other").label, "other");
        assert_eq!(function_of(None, "other").digest, None);
    }
}
