//! Requests that the APIs of the embedded cloud accept: one for each API's address among the templates' outputs, with method,
//! key, required parameters, and a body that fits the model.

use std::collections::BTreeMap;

use devloop_cloud::{Cloud, Context};
use serde_json::{Value, json};

use crate::session::example::example;
use crate::status::ApiCall;

/// The path before an API's id in its address.
const START: &str = "/_aws/execute-api/";

/// How many entries of a list are asked for; a workspace has far fewer.
const MOST: u32 = 500;

/// A method of an API.
#[derive(Debug)]
struct Method {
    name: String,
    /// Its path below the stage, without slashes at the ends.
    path: String,
    /// Its settings, as `GetResources` shows them.
    settings: Value,
}

/// A request for each of the outputs that is an API's address.
pub(super) async fn of_outputs(
    cloud: &Cloud,
    outputs: &BTreeMap<String, String>,
) -> BTreeMap<String, ApiCall> {
    let asked = Asked { cloud, cx: cloud.context(cloud.region()) };
    let mut calls = BTreeMap::new();
    for url in outputs.values() {
        if let Some(call) = asked.call_of(url).await {
            calls.insert(url.clone(), call);
        }
    }
    calls
}

/// The cloud that is asked. What it does not answer is left out of the call.
struct Asked<'a> {
    cloud: &'a Cloud,
    cx: Context,
}

impl Asked<'_> {
    async fn ask(&self, service: &str, operation: &str, mut input: Value) -> Value {
        if service == "apigateway" {
            input["limit"] = MOST.into();
        }
        self.cloud.call(&self.cx, service, operation, input).await.unwrap_or_default()
    }

    /// A request to the API of this address; `None` if it is not an API's, or the API has no method below it.
    async fn call_of(&self, url: &str) -> Option<ApiCall> {
        let (before, rest) = url.split_once(START)?;
        let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
        let methods = self.rest_methods(id).await;
        if !methods.is_empty() {
            let base = format!("{before}{START}{id}/{stage}");
            return self.call(id, stage, &base, url, chosen(&methods, path)?).await;
        }
        // The path names a stage of an HTTP API only if that is not `$default`.
        let stages = self.ask("apigatewayv2", "GetStages", json!({ "apiId": id })).await;
        let is_stage = each(&stages["items"]).any(|each| each["stageName"] == stage);
        let (base, path) = if is_stage { (format!("/{stage}"), path) } else { (String::new(), rest) };
        let methods = self.routes(id).await;
        self.call(id, stage, &format!("{before}{START}{id}{base}"), url, chosen(&methods, path)?).await
    }

    async fn rest_methods(&self, id: &str) -> Vec<Method> {
        let input = json!({ "restApiId": id, "embed": ["methods"] });
        let resources = self.ask("apigateway", "GetResources", input).await;
        let mut methods = Vec::new();
        for resource in each(&resources["item"]) {
            let path = resource["path"].as_str().unwrap_or_default().trim_matches('/');
            for (name, settings) in resource["resourceMethods"].as_object().into_iter().flatten() {
                let (name, path, settings) = (name.clone(), path.to_owned(), settings.clone());
                methods.push(Method { name, path, settings });
            }
        }
        methods
    }

    async fn routes(&self, id: &str) -> Vec<Method> {
        let routes = self.ask("apigatewayv2", "GetRoutes", json!({ "apiId": id })).await;
        let routes = each(&routes["items"]).filter_map(|route| {
            let (name, path) = route["routeKey"].as_str()?.split_once(' ').unwrap_or(("ANY", ""));
            let path = path.trim_matches('/').to_owned();
            Some(Method { name: name.to_owned(), path, settings: route.clone() })
        });
        routes.collect()
    }

    /// The request of a method; `base` is the stage's address, and `url` the output.
    async fn call(&self, id: &str, stage: &str, base: &str, url: &str, method: &Method) -> Option<ApiCall> {
        let own = format!("{base}/{}", method.path);
        let mut call = ApiCall::get(if same(&own, url) { url } else { &own });
        call.url = filled(&call.url);
        if method.name != "ANY" {
            call.method.clone_from(&method.name);
        }
        let mut query = Vec::new();
        for (name, _) in method.settings["requestParameters"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, required)| **required == true)
        {
            if let Some(name) = name.strip_prefix("method.request.querystring.") {
                query.push(format!("{name}=1"));
            }
            let header = name.strip_prefix("method.request.header.");
            let is_set =
                |name: &&str| ["x-api-key", "content-type"].iter().any(|set| name.eq_ignore_ascii_case(set));
            if let Some(name) = header.filter(|name| !is_set(name)) {
                call.headers.push((name.to_owned(), "1".to_owned()));
            }
        }
        if !query.is_empty() {
            call.url = format!("{}?{}", call.url, query.join("&"));
        }
        if method.settings["apiKeyRequired"] == true
            && let Some(key) = self.key(id, stage).await
        {
            call.headers.push(("x-api-key".to_owned(), key));
        }
        if ["POST", "PUT", "PATCH"].contains(&call.method.as_str()) {
            let (kind, body) = self.body(id, &method.settings).await;
            call.headers.push(("content-type".to_owned(), kind));
            call.body = Some(body);
        }
        Some(call)
    }

    /// The value of a key that a usage plan of the stage admits.
    async fn key(&self, id: &str, stage: &str) -> Option<String> {
        let plans = self.ask("apigateway", "GetUsagePlans", json!({})).await;
        let admits = |plan: &&Value| {
            each(&plan["apiStages"]).any(|admitted| admitted["apiId"] == id && admitted["stage"] == stage)
        };
        for plan in each(&plans["item"]).filter(admits) {
            let keys = self.ask("apigateway", "GetUsagePlanKeys", json!({ "usagePlanId": plan["id"] })).await;
            if let Some(key) = each(&keys["item"]).find_map(|key| key["value"].as_str()) {
                return Some(key.to_owned());
            }
        }
        None
    }

    /// A body and its media type.
    async fn body(&self, id: &str, settings: &Value) -> (String, String) {
        let json_type = "application/json".to_owned();
        let models = settings["requestModels"].as_object();
        let model = models.and_then(|models| {
            let named = models.iter().find(|(kind, _)| kind.contains("json"));
            named.or_else(|| models.iter().find(|(kind, _)| *kind == "$default"))
        });
        let Some((kind, name)) = model else { return (json_type, "{}".to_owned()) };
        let shown = self.ask("apigateway", "GetModel", json!({ "restApiId": id, "modelName": name })).await;
        let schema = shown["schema"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let kind = if kind == "$default" { json_type } else { kind.clone() };
        (kind, schema.as_ref().map_or_else(|| "{}".to_owned(), |schema| example(schema).to_string()))
    }
}

/// The method that the request is for: one of this very path if there is any, otherwise one below it. A method without
/// authorization comes before others, and then a method that only reads.
fn chosen<'a>(methods: &'a [Method], path: &str) -> Option<&'a Method> {
    let path = path.trim_matches('/');
    let is_below = |method: &&Method| {
        let below = method.path.strip_prefix(path);
        method.name != "OPTIONS"
            && below.is_some_and(|below| path.is_empty() || below.is_empty() || below.starts_with('/'))
    };
    methods.iter().filter(is_below).min_by_key(|method| {
        let kind = method.settings["authorizationType"].as_str().unwrap_or("NONE");
        let order = ["GET", "ANY", "HEAD", "POST", "PUT", "PATCH"];
        let place = order.iter().position(|name| *name == method.name).unwrap_or(order.len());
        (
            method.path != path,
            kind != "NONE",
            place,
            method.path.contains('{'),
            method.path.len(),
            &method.path,
        )
    })
}

/// The address with a value for each parameter of its path, such as `{id}` and `{proxy+}`.
fn filled(url: &str) -> String {
    let is_parameter = |part: &&str| part.starts_with('{') && part.ends_with('}');
    let parts = url.split('/').map(|part| if is_parameter(&part) { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether two addresses differ by a slash at the end at most.
fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests;
