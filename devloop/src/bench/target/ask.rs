//! Asks the AWS APIs for everything that chains are made from.

use devloop_cloud::served_here;
use serde_json::Value;

use super::each;
use crate::aws::belongs;
use crate::bench::chain::{Facts, FunctionFacts, MappingFacts, http_routes, http_stage, rest_methods};
use crate::bench::http::Client;

/// The most pages of a list that are read. They hold fifty entries each.
const MAX_PAGES: usize = 100;

/// The stage of an HTTP API whose name is not part of URLs.
const DEFAULT_STAGE: &str = "$default";

/// Every event source mapping, as Lambda lists it.
pub(super) async fn mappings(client: &Client, region: &str) -> Result<Vec<Value>, String> {
    list(client, region, "/2015-03-31/event-source-mappings/", "EventSourceMappings").await
}

/// All facts about functions; only those of the stack if one is named. `mappings` are those that Lambda lists.
pub(super) async fn facts(
    client: &Client,
    region: &str,
    stack: Option<&str>,
    mappings: &[Value],
) -> Result<Facts, String> {
    let listed = list(client, region, "/2015-03-31/functions/", "Functions").await?;
    let is_of_stack = |function: &FunctionFacts| stack.is_none_or(|stack| belongs(&function.name, stack));
    let mut facts = Facts {
        functions: listed.iter().filter_map(FunctionFacts::listed).filter(is_of_stack).collect(),
        mappings: mappings.iter().filter_map(MappingFacts::listed).collect(),
        ..Facts::default()
    };
    let mut gaps = Gaps::default();
    for function in &mut facts.functions {
        let url = format!("/2021-10-31/functions/{}/url", function.name);
        let url = gaps.note("whether functions have URLs", client.get("lambda", region, &url).await);
        function.url = url["FunctionUrl"].as_str().map(str::to_owned);
        let policy = format!("/2015-03-31/functions/{}/policy", function.name);
        let policy =
            gaps.note("whom topics, buckets and rules call", client.get("lambda", region, &policy).await);
        function.add_callers(&policy);
    }
    let apis = gaps.note("which REST APIs there are", client.get("apigateway", region, "/restapis").await);
    for id in each(&apis["item"]).filter_map(|api| api["id"].as_str()) {
        let stages = client.get("apigateway", region, &format!("/restapis/{id}/stages")).await;
        let stages = gaps.note("which stages a REST API has", stages);
        let Some(stage) = each(&stages["item"]).find_map(|stage| stage["stageName"].as_str()) else {
            continue;
        };
        let resources =
            client.get("apigateway", region, &format!("/restapis/{id}/resources?embed=methods")).await;
        let resources = gaps.note("which methods a REST API has", resources);
        facts.methods.extend(rest_methods(id, &client.api(region, id, stage), &resources));
    }
    let apis = gaps.note("which HTTP APIs there are", client.get("apigateway", region, "/v2/apis").await);
    for api in each(&apis["items"]) {
        let (Some(id), Some(url)) = (api["apiId"].as_str(), api["apiEndpoint"].as_str()) else { continue };
        let stages = client.get("apigateway", region, &format!("/v2/apis/{id}/stages")).await;
        let stages = gaps.note("which stages an HTTP API has", stages);
        let Some(stage) = http_stage(&stages) else { continue };
        // A local cloud may show AWS's name of the API, as AWS does. Requests must not go there.
        let url = url.trim_end_matches('/').to_owned();
        let mut base = if client.is_aws() { url } else { served_here(url, client.endpoint()) };
        if stage != DEFAULT_STAGE {
            base = format!("{base}/{stage}");
        }
        let routes = client.get("apigateway", region, &format!("/v2/apis/{id}/routes")).await;
        let routes = gaps.note("which routes an HTTP API has", routes);
        let integrations = client.get("apigateway", region, &format!("/v2/apis/{id}/integrations")).await;
        let integrations = gaps.note("which functions an HTTP API calls", integrations);
        facts.methods.extend(http_routes(id, &base, &routes, &integrations));
    }
    let known = |name: &String| facts.functions.iter().any(|function| function.name == *name);
    facts.methods.retain(|method| known(&method.function));
    facts.mappings.retain(|mapping| known(&mapping.function));
    facts.gaps = gaps.0;
    Ok(facts)
}

/// What could not be asked, with the first reason of each kind.
#[derive(Default)]
struct Gaps(Vec<String>);

impl Gaps {
    /// The answer, or null after an error. A 404, or an endpoint without this service, is an answer too and leaves no gap.
    fn note(&mut self, what: &str, answer: Result<Value, String>) -> Value {
        answer.unwrap_or_else(|reason| {
            let is_answer = [" answers 404", " answers 501", " does not support "]
                .iter()
                .any(|answer| reason.contains(answer));
            if !is_answer && !self.0.iter().any(|gap| gap.starts_with(what)) {
                self.0.push(format!("{what}: {reason}"));
            }
            Value::Null
        })
    }
}

async fn list(client: &Client, region: &str, path: &str, member: &str) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    let mut marker = String::new();
    for _ in 0..MAX_PAGES {
        let page = client.get("lambda", region, &format!("{path}{marker}")).await?;
        found.extend(each(&page[member]).cloned());
        match page["NextMarker"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => marker = format!("?Marker={next}"),
            None => return Ok(found),
        }
    }
    Err(format!("Lambda lists more than {MAX_PAGES} pages of {member}"))
}
