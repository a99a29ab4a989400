//! Finds the pipeline, or the chain that the user means.

use devloop_cloud::Arn;
use devloop_system::sockets::listener;
use serde_json::{Value, json};

use super::{
    BenchTarget, DEFAULT_REGION, FollowedChain, Following, PAGE, Search, SinkMetric, StageFunction, ask,
    each, metric, name_of, pipeline,
};
use crate::bench::chain::{Chain, Choice, Head, Kind, Source, choose};
use crate::bench::entry_point::{EntryPoint, Form};
use crate::bench::http::{Client, Service, address};
use crate::bench::sink::Sink;
use crate::engine::Problem;

impl BenchTarget {
    /// Finds the pipeline, or the chain that the user means.
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
        let finder = Finder { client, page, search, region, mappings };
        if let Some(found) = finder.pipeline().await? {
            return Ok(found);
        }
        finder.chain().await
    }
}

/// The search for a target.
struct Finder {
    client: Client,
    page: Option<Value>,
    search: Search,
    region: String,
    /// Every event source mapping, as Lambda lists it.
    mappings: Vec<Value>,
}

impl Finder {
    /// The pipeline, unless another chain is named or there is none.
    async fn pipeline(&self) -> Result<Option<BenchTarget>, Problem> {
        let Finder { client, search, .. } = self;
        let stack = search.stack.as_deref();
        if search.head.is_some() || search.end.is_some() {
            return Ok(None);
        }
        let Some((store, sink)) = pipeline::stages(&self.mappings, stack) else { return Ok(None) };
        let region = Arn::parse(&store.0).map_or(DEFAULT_REGION, |arn| arn.region).to_owned();
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
        Ok(Some(self.target(
            region,
            api.as_deref().map(EntryPoint::post),
            &functions,
            Following::Pipeline(sink),
            queues,
        )))
    }

    /// The chain that the user means.
    async fn chain(&self) -> Result<BenchTarget, Problem> {
        let Finder { client, search, region, .. } = self;
        if !search.posting {
            return Err(not_followed());
        }
        if search.database.is_some() {
            let message = "read rows from the database: only the example pipeline writes them";
            return Err(Problem::new("database_unused", message)
                .with_hint("leave --database-url out: other functions are followed by their logs"));
        }
        let facts = ask::facts(client, region, search.stack.as_deref(), &self.mappings).await;
        let mut facts = facts.map_err(unreachable)?;
        if self.page.is_none() {
            let late = "failed invocations of the last minutes: CloudWatch counts them late, and the target has no status page";
            facts.gaps.push(late.to_owned());
        }
        let choice = Choice { head: search.head.as_deref(), api: search.api.as_deref() };
        let chain = choose(&facts, choice)?;
        let entry = match &search.api {
            Some(url) => EntryPoint::new(url, "POST", self.endpoint()),
            None => self.entry(&chain.head).await?,
        };
        let metric = search.end.as_deref().and_then(|end| end.strip_prefix(metric::PREFIX));
        let metric = metric.map(SinkMetric::parse).transpose()?;
        let ends = match &search.end {
            Some(end) if metric.is_none() => vec![self.end(&chain, end)?],
            _ => chain.ends(),
        };
        let functions: Vec<Option<&str>> = chain.links.iter().map(|link| Some(&*link.function)).collect();
        let queues = chain.links.iter().filter_map(|link| link.on_failure.clone()).collect();
        let kind = Following::Chain(Box::new(FollowedChain {
            chain: chain.clone(),
            ends,
            metric,
            gaps: facts.gaps,
        }));
        Ok(self.target(region.clone(), Some(entry), &functions, kind, queues))
    }

    /// The entry point for requests to the head.
    async fn entry(&self, head: &Head) -> Result<EntryPoint, Problem> {
        let Source { kind, name, arn } = &head.source;
        Ok(match kind {
            Kind::Api | Kind::Url => {
                EntryPoint::new(head.url.as_deref().unwrap_or_default(), &head.method, self.endpoint())
            }
            Kind::Queue => {
                let input = json!({ "QueueName": name });
                let answer = self.client.call(Service::Queues, &self.region, "GetQueueUrl", &input).await;
                let url = answer.map_err(unreachable)?["QueueUrl"].as_str().unwrap_or_default().to_owned();
                EntryPoint::of_service(Form::Message { queue: url }, arn)
            }
            Kind::Stream => EntryPoint::of_service(Form::Record { stream: name.clone() }, arn),
            Kind::Topic => EntryPoint::of_service(Form::Publication { topic: arn.clone() }, arn),
            Kind::Bucket => EntryPoint::of_service(Form::Object { bucket: name.clone() }, arn),
            Kind::Invoke => EntryPoint::of_service(Form::Invocation { function: name.clone() }, arn),
            Kind::Table | Kind::Rule => {
                let word = kind.word();
                return Err(Problem::new(
                    "head_unsupported",
                    format!(
                        "load the {word} {name}: bench writes no items into a table, and cannot make a rule match"
                    ),
                )
                .with_hint(format!(
                    "load what writes to the {word}, or call the function behind it with --head FUNCTION"
                )));
            }
        })
    }

    /// The link of the function that the user named as the end.
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
            .with_hint("--sink names one of them, or metric:NAMESPACE/NAME; without it every function at an end counts")
        })
    }

    /// The URL of all services, where they have one.
    fn endpoint(&self) -> Option<&str> {
        Some(self.client.endpoint()).filter(|_| !self.client.is_aws())
    }

    fn target(
        &self,
        region: String,
        entry: Option<EntryPoint>,
        functions: &[Option<&str>],
        kind: Following,
        queues: Vec<String>,
    ) -> BenchTarget {
        let process = address(self.client.endpoint()).ok().filter(|place| is_this_machine(&place.host));
        let known = |name: &str| function_of(self.page.as_ref(), name);
        BenchTarget {
            client: self.client.clone(),
            region,
            entry,
            functions: functions.iter().map(|name| name.map(known)).collect(),
            process: process.and_then(|place| listener(place.port)),
            kind,
            queues,
            has_page: self.page.is_some(),
        }
    }
}

fn unreachable(reason: String) -> Problem {
    Problem::new("cloud_unreachable", format!("find the pipeline: {reason}"))
        .with_hint("`devloop watch` starts one; --endpoint or AWS_ENDPOINT_URL names another")
}

/// The problem that `bench wait` only follows the pipeline.
fn not_followed() -> Problem {
    Problem::new("pipeline_missing", "find the pipeline: no function takes events from a Kinesis stream and another one from a table's stream")
        .with_hint("`devloop bench` loads and follows other chains; `devloop watch` in the pipeline's workspace deploys it")
}

/// Whether the host is a name of this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The function from the status page; without one, only its name.
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
    fn a_function_is_shown_by_its_binary_if_that_is_known() {
        let page = json!({ "functions": [{ "name": "S-Up-1", "folder": "/d/upstream", "hot_reload": true, "deployed_digest": "ab" }] });
        assert_eq!(function_of(Some(&page), "S-Up-1").label, "upstream");
        assert_eq!(function_of(Some(&page), "S-Up-1").digest.as_deref(), Some("ab"));
        assert_eq!(function_of(Some(&page), "other").label, "other");
        assert_eq!(function_of(None, "other").digest, None);
    }
}
