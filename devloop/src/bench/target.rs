//! The pipeline under test, found through the AWS APIs of its endpoint: where requests go, which function does which stage, and
//! what is still on its way. The embedded cloud's status page tells more, sooner; a target without one is asked for metrics.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::{Endpoints, Keys, Trust, belongs};
use crate::bench::follow::{LogGroup, Wanted, log_group};
use crate::bench::http::{Client, Service, address};
use crate::bench::sink::{Sink, SinkRows};
use crate::bench::usage::listener;
use crate::bench::wait::Pending;
use crate::engine::Problem;
use crate::postgres::DatabaseUrl;

/// The page of the embedded cloud that says how it fares.
pub(super) const PAGE: &str = "/_devloop/status";

/// Where a target keeps what names no region.
const DEFAULT_REGION: &str = "us-east-1";

/// The stages in their order, by their two ends.
pub(crate) const STAGES: [&str; 3] = ["gateway_to_stream", "stream_to_store", "store_to_sink"];

/// A pipeline that answers.
#[derive(Clone)]
pub(crate) struct Target {
    /// Its APIs.
    pub(crate) client: Client,
    /// Where its functions are.
    pub(crate) region: String,
    /// The URL that requests are posted to; none where nobody is going to post.
    pub(crate) api: Option<String>,
    /// The functions of the three stages; the first is unknown where the API is another machine's.
    pub(crate) functions: [Option<StageFunction>; 3],
    /// The cloud's process, if it is one of this machine.
    pub(crate) process: Option<u32>,
    /// Where the last function writes.
    pub(crate) sink: Sink,
    /// The queues of what the mappings gave up.
    queues: Vec<String>,
    has_page: bool,
}

/// Where to look for a pipeline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Its AWS APIs.
    pub(crate) apis: Endpoints,
    /// What requests to them are signed with.
    pub(crate) keys: Keys,
    /// Where its functions are, if the user said so.
    pub(crate) region: Option<String>,
    /// The stack that they are of, if the user said so; an account has more.
    pub(crate) stack: Option<String>,
    /// Where to post, if the user said so; else the endpoint's own API that takes a POST is found.
    pub(crate) api: Option<String>,
    /// Requests are going to be posted.
    pub(crate) posting: bool,
    /// Where rows are, if the user said so; else the last function's variables tell.
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

/// Records that wait, by stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    /// In the Kinesis stream.
    pub(crate) stream: u64,
    /// In the table's stream.
    pub(crate) table: u64,
}

impl Target {
    /// Finds the pipeline.
    pub(crate) async fn find(search: Search) -> Result<Self, Problem> {
        let Search { apis, keys, region, stack, api, posting, database, trust } = search;
        let (region, stack) = (region.as_deref().unwrap_or(DEFAULT_REGION), stack.as_deref());
        let failed = |reason: String| {
            Problem::new("cloud_unreachable", format!("find the pipeline: {reason}"))
                .with_hint("`devloop watch` starts one; --endpoint or AWS_ENDPOINT_URL names another")
        };
        let client = Client::new(apis, keys, trust).map_err(failed)?;
        let page = client.page(PAGE).await.map_err(failed)?.filter(|page| page["functions"].is_array());
        let mappings = mappings(&client, region).await.map_err(failed)?;
        let (store, sink) = stages(&mappings, stack)?;
        let region = store.0.split(':').nth(3).unwrap_or(DEFAULT_REGION).to_owned();
        let entrance = entrance(&client, &region, api.as_deref(), stack).await.map_err(failed)?;
        let first = entrance.as_ref().and_then(|(_, function)| function.clone());
        let api = api.or(entrance.map(|(url, _)| url));
        if posting && api.is_none() {
            let message = format!("find the API: {} has none that takes a POST", client.endpoint());
            return Err(Problem::new("api_missing", message)
                .with_hint("name its URL with --api, API_ENDPOINT or APIGW_ENDPOINT"));
        }
        let known = |name: &str| function(page.as_ref(), name);
        let functions =
            [first.as_deref().map(known), Some(known(name_of(&store.0))), Some(known(name_of(&sink.0)))];
        let queues = [store.1, sink.1.clone()].into_iter().flatten().collect();
        let process = address(client.endpoint()).ok().filter(|place| is_this_machine(&place.host));
        let process = process.and_then(|place| listener(place.port));
        let sink = Sink::of(&variables(&client, &region, name_of(&sink.0)).await, database)?;
        Ok(Self { client, region, api, functions, process, sink, queues, has_page: page.is_some() })
    }

    /// Where a stage's function writes its lines.
    pub(crate) fn log(&self, stage: usize) -> LogGroup {
        let name = self.functions[stage].as_ref().map(StageFunction::log_group);
        log_group(&self.client, &self.region, name.unwrap_or_default())
    }

    /// A run's rows at the sink, since `from` in ms since the epoch.
    pub(crate) fn rows(&self, from: i64, wanted: Wanted) -> SinkRows {
        self.sink.rows(self.log(2), self.client.trust().clone(), from, wanted)
    }

    /// The function that people know by the name.
    pub(crate) fn function(&self, name: &str) -> Option<&StageFunction> {
        self.functions.iter().flatten().find(|function| function.label == name || function.name == name)
    }

    /// What the functions are called, stage by stage.
    pub(crate) fn label(&self, stage: usize) -> String {
        self.functions.get(stage).and_then(Option::as_ref).map_or("?", |function| &function.label).to_owned()
    }

    /// What is on its way, and where it waits as far as that is known. `now_ms` is this machine's time.
    pub(crate) async fn pending(&self, now_ms: u64) -> Result<(Pending, Option<Lag>), String> {
        let given_up = self.given_up().await;
        if !self.has_page {
            let since_batch = self.since_batch(now_ms).await?;
            return Ok((Pending { since_batch, given_up, ..Pending::default() }, None));
        }
        let page = self.client.page(PAGE).await?.unwrap_or_default();
        let lag_of = |stage: usize| {
            let name = self.functions[stage].as_ref().map_or("", |function| &function.name);
            each(&page["mappings"])
                .filter(|mapping| mapping["function"] == name)
                .filter_map(|mapping| mapping["lag_records"].as_u64())
                .sum()
        };
        let in_flight = each(&page["functions"])
            .filter(|function| self.functions.iter().flatten().any(|known| function["name"] == *known.name))
            .flat_map(|function| {
                ["busy", "waiting"].map(|what| function["environments"][what].as_u64().unwrap_or(0))
            })
            .sum();
        let lag = Lag { stream: lag_of(1), table: lag_of(2) };
        let records = Some(lag.stream + lag.table);
        Ok((Pending { records, in_flight: Some(in_flight), since_batch: None, given_up }, Some(lag)))
    }

    /// Failure records in the queues; none where there is no queue, or it does not answer, since nothing depends on it.
    async fn given_up(&self) -> Option<u64> {
        if self.queues.is_empty() {
            return None;
        }
        let mut sum = 0;
        for arn in &self.queues {
            let name = json!({ "QueueName": arn.rsplit(':').next()? });
            let found = self.client.call(Service::Queues, &self.region, "GetQueueUrl", &name).await.ok()?;
            let input =
                json!({ "QueueUrl": found["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"] });
            let read =
                self.client.call(Service::Queues, &self.region, "GetQueueAttributes", &input).await.ok()?;
            sum += read["Attributes"]["ApproximateNumberOfMessages"].as_str()?.parse::<u64>().ok()?;
        }
        Some(sum)
    }

    /// How long ago a stage took a batch from its stream: IteratorAge has a point for every minute in which one was taken.
    async fn since_batch(&self, now_ms: u64) -> Result<Option<Duration>, String> {
        let mut latest = None;
        for stage in [1, 2] {
            for point in self.iterator_ages(stage, now_ms.saturating_sub(600_000), now_ms).await? {
                latest = latest.max(point["Timestamp"].as_f64().map(|seconds| (seconds * 1_000.0) as u64));
            }
        }
        Ok(latest.map(|at| Duration::from_millis(now_ms.saturating_sub(at + 60_000))))
    }

    /// The oldest record's age in ms when a stage took a batch, between two times.
    pub(crate) async fn iterator_age(&self, stage: usize, from_ms: u64, to_ms: u64) -> Option<f64> {
        let points = self.iterator_ages(stage, from_ms, to_ms).await.ok()?;
        points.iter().filter_map(|point| point["Maximum"].as_f64()).reduce(f64::max)
    }

    async fn iterator_ages(&self, stage: usize, from_ms: u64, to_ms: u64) -> Result<Vec<Value>, String> {
        let Some(function) = &self.functions[stage] else { return Ok(Vec::new()) };
        let from = from_ms / 1_000;
        let input = json!({
            "Namespace": "AWS/Lambda",
            "MetricName": "IteratorAge",
            "Dimensions": [{ "Name": "FunctionName", "Value": function.name }],
            "StartTime": from - from % 60,
            "EndTime": to_ms / 1_000 + 1,
            "Period": 60,
            "Statistics": ["Maximum"],
        });
        let answer = self.client.call(Service::Metrics, &self.region, "GetMetricStatistics", &input).await?;
        Ok(answer["Datapoints"].as_array().cloned().unwrap_or_default())
    }
}

pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether the host is a name of this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Every event source mapping.
async fn mappings(client: &Client, region: &str) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    let mut marker = String::new();
    loop {
        let path = format!("/2015-03-31/event-source-mappings/{marker}");
        let page = client.get("lambda", region, &path).await?;
        found.extend(each(&page["EventSourceMappings"]).cloned());
        match page["NextMarker"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => marker = format!("?Marker={next}"),
            None => return Ok(found),
        }
    }
}

/// A function's ARN and the queue of what its mapping gives up.
type Taker = (String, Option<String>);

/// The function that takes from a Kinesis stream, and the one that takes from a table's stream.
fn stages(mappings: &[Value], stack: Option<&str>) -> Result<(Taker, Taker), Problem> {
    let taker = |service: &str| {
        let mapping = mappings.iter().find(|mapping| {
            let function = mapping["FunctionArn"].as_str().unwrap_or_default();
            mapping["EventSourceArn"].as_str().is_some_and(|arn| arn.split(':').nth(2) == Some(service))
                && stack.is_none_or(|stack| belongs(name_of(function), stack))
        })?;
        let function = mapping["FunctionArn"].as_str()?.to_owned();
        let queue = mapping["DestinationConfig"]["OnFailure"]["Destination"].as_str();
        Some((function, queue.filter(|arn| arn.contains(":sqs:")).map(str::to_owned)))
    };
    match (taker("kinesis"), taker("dynamodb")) {
        (Some(store), Some(sink)) => Ok((store, sink)),
        (store, _) => {
            let missing = if store.is_none() { "a Kinesis stream" } else { "a table's stream" };
            let message = format!("find the pipeline: no function takes events from {missing}");
            Err(Problem::new("pipeline_missing", message)
                .with_hint("`devloop watch` in the pipeline's workspace deploys it"))
        }
    }
}

/// The function's environment; nothing where it is not told.
async fn variables(client: &Client, region: &str, function: &str) -> Value {
    let path = format!("/2015-03-31/functions/{function}/configuration");
    let told = client.get("lambda", region, &path).await.unwrap_or_default();
    told["Environment"]["Variables"].clone()
}

/// The function's name in an ARN, without a version.
fn name_of(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

/// The function as the status page tells it; without one, what its name tells.
fn function(page: Option<&Value>, name: &str) -> StageFunction {
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

/// The URL of the endpoint's method that takes a POST, and the function behind it. With a URL given, only the function.
async fn entrance(
    client: &Client,
    region: &str,
    given: Option<&str>,
    stack: Option<&str>,
) -> Result<Option<(String, Option<String>)>, String> {
    let apis = client.get("apigateway", region, "/restapis").await?;
    for id in each(&apis["item"]).filter_map(|api| api["id"].as_str()) {
        if given.is_some_and(|url| !url.contains(id)) {
            continue;
        }
        let stages = client.get("apigateway", region, &format!("/restapis/{id}/stages")).await?;
        let Some(stage) = each(&stages["item"]).find_map(|stage| stage["stageName"].as_str()) else {
            continue;
        };
        let resources =
            client.get("apigateway", region, &format!("/restapis/{id}/resources?embed=methods")).await?;
        for resource in each(&resources["item"]) {
            let method = &resource["resourceMethods"]["POST"];
            let Some(path) = resource["path"].as_str().filter(|_| method.is_object()) else { continue };
            let function = method["methodIntegration"]["uri"].as_str().and_then(integrated);
            if stack.is_some_and(|stack| !function.as_deref().is_some_and(|name| belongs(name, stack))) {
                continue;
            }
            return Ok(Some((format!("{}{path}", client.api(region, id, stage)), function)));
        }
    }
    Ok(None)
}

/// The function's name in an integration's URI: `…:path/2015-03-31/functions/<arn>/invocations`.
fn integrated(uri: &str) -> Option<String> {
    let arn = uri.split_once("/functions/")?.1.split('/').next()?;
    Some(name_of(arn).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(source: &str, function: &str) -> Value {
        json!({
            "EventSourceArn": source,
            "FunctionArn": format!("arn:aws:lambda:eu-west-1:0:function:{function}"),
            "DestinationConfig": { "OnFailure": { "Destination": "arn:aws:sqs:eu-west-1:0:q" } },
        })
    }

    #[test]
    fn the_stages_are_found_by_what_they_take_from() {
        let kinesis = mapping("arn:aws:kinesis:eu-west-1:0:stream/s", "middle");
        let table = mapping("arn:aws:dynamodb:eu-west-1:0:table/t/stream/1", "last");
        let (store, sink) = stages(&[table.clone(), kinesis.clone()], None).unwrap();
        assert_eq!((name_of(&store.0), name_of(&sink.0)), ("middle", "last"));
        assert_eq!(store.1.as_deref(), Some("arn:aws:sqs:eu-west-1:0:q"));
        assert!(stages(&[kinesis], None).unwrap_err().message.contains("a table's stream"));
        assert!(stages(&[table], None).unwrap_err().message.contains("a Kinesis stream"));
        let others =
            [("kinesis", "Other-Middle-1"), ("kinesis", "Mine-Middle-1"), ("dynamodb", "Mine-Last-1")];
        let all =
            others.map(|(service, function)| mapping(&format!("arn:aws:{service}:eu-west-1:0:x"), function));
        let (store, sink) = stages(&all, Some("Mine")).unwrap();
        assert_eq!((name_of(&store.0), name_of(&sink.0)), ("Mine-Middle-1", "Mine-Last-1"));
    }

    #[test]
    fn an_integration_names_its_function() {
        let uri = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:0:function:up:live/invocations";
        assert_eq!(integrated(uri), Some("up".to_owned()));
        assert_eq!(integrated("arn:aws:apigateway:r:sqs:path/0/q"), None);
    }

    #[test]
    fn people_know_a_function_by_its_binary_where_that_is_known() {
        let page = json!({ "functions": [{ "name": "S-Up-1", "folder": "/d/upstream", "hot_reload": true, "deployed_digest": "ab" }] });
        assert_eq!(function(Some(&page), "S-Up-1").label, "upstream");
        assert_eq!(function(Some(&page), "S-Up-1").digest.as_deref(), Some("ab"));
        assert_eq!(function(Some(&page), "other").label, "other");
        assert_eq!(function(None, "other").digest, None);
    }
}
