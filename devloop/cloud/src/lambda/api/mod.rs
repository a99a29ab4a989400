//! The REST API below `/2015-03-31/functions` and its siblings [Lambda API reference]: each file is one family.

mod aliases;
mod functions;
mod invocations;
mod settings;
mod urls;

use hyper::Method;
use serde_json::Value;

use super::service::Lambda;
use crate::{
    context::Context,
    error::ApiError,
    http::{Reply, Request},
};

impl Lambda {
    /// Answers one request of the API.
    pub(crate) async fn rest(&self, cx: &Context, request: Request) -> Result<Reply, ApiError> {
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
        let call = Call { cx, request: &request, qualifier: request.parameter("Qualifier") };
        let (get, post, put, delete) = (&Method::GET, &Method::POST, &Method::PUT, &Method::DELETE);
        match (&request.method, path.as_slice()) {
            (m, ["functions"]) if m == post => self.create_function(&call),
            (m, ["functions"]) if m == get => self.list_functions(&call),
            (m, ["functions", name]) if m == get => self.get_function(&call, name),
            (m, ["functions", name]) if m == delete => self.delete_function(&call, name),
            (m, ["functions", name, "configuration"]) if m == get => self.get_configuration(&call, name),
            (m, ["functions", name, "configuration"]) if m == put => self.update_configuration(&call, name),
            (m, ["functions", name, "code"]) if m == put => self.update_code(&call, name),
            (m, ["functions", name, "invocations"]) if m == post => self.invoke_api(&call, name).await,
            (m, ["functions", name, "versions"]) if m == post => self.publish_version(&call, name),
            (m, ["functions", name, "versions"]) if m == get => self.list_versions(&call, name),
            (m, ["functions", name, "aliases"]) if m == post => self.create_alias(&call, name),
            (m, ["functions", name, "aliases"]) if m == get => self.list_aliases(&call, name),
            (m, ["functions", name, "aliases", alias]) if m == get => self.get_alias(&call, name, alias),
            (m, ["functions", name, "aliases", alias]) if m == put => self.update_alias(&call, name, alias),
            (m, ["functions", name, "aliases", alias]) if m == delete => {
                self.delete_alias(&call, name, alias)
            }
            (m, ["functions", name, "policy"]) if m == post => self.add_permission(&call, name),
            (m, ["functions", name, "policy"]) if m == get => self.get_policy(&call, name),
            (m, ["functions", name, "policy", statement]) if m == delete => {
                self.remove_permission(&call, name, statement)
            }
            (m, ["functions", name, "concurrency"]) if m == put => self.put_concurrency(&call, name),
            (m, ["functions", name, "concurrency"]) if m == get => self.get_concurrency(&call, name),
            (m, ["functions", name, "concurrency"]) if m == delete => self.delete_concurrency(&call, name),
            (m, ["functions", name, "url"]) if m == post => self.create_url(&call, name),
            (m, ["functions", name, "url"]) if m == get => self.get_url(&call, name),
            (m, ["functions", name, "url"]) if m == put => self.update_url(&call, name),
            (m, ["functions", name, "url"]) if m == delete => self.delete_url(&call, name),
            (m, ["functions", name, "urls"]) if m == get => self.list_urls(&call, name),
            (m, ["tags", arn]) if m == get => self.list_tags(&call, arn),
            (m, ["tags", arn]) if m == post => self.tag(&call, arn),
            (m, ["tags", arn]) if m == delete => self.untag(&call, arn),
            (m, ["account-settings"]) if m == get => Ok(self.account_settings(&call)),
            (method, _) => Err(ApiError::unknown_operation("lambda", &format!("{method} {}", request.path))),
        }
    }
}

/// One request to the API.
struct Call<'r> {
    cx: &'r Context,
    request: &'r Request,
    qualifier: Option<String>,
}

impl Call<'_> {
    /// The body as a JSON object; an empty body is an empty object.
    fn input(&self) -> Result<Value, ApiError> {
        if self.request.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let value: Value = serde_json::from_slice(&self.request.body).map_err(|error| {
            ApiError::client("SerializationException", format!("the body is not valid JSON: {error}"))
        })?;
        if value.is_object() {
            Ok(value)
        } else {
            Err(ApiError::client("SerializationException", "the body must be a JSON object"))
        }
    }

    /// A page of `items`: `Marker` is the number of the first one, `MaxItems` at most 50.
    fn page(&self, mut items: Vec<Value>) -> (Vec<Value>, Option<String>) {
        let start: usize =
            self.request.parameter("Marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
        let most =
            self.request.parameter("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(50).clamp(1, 50);
        let more = items.len() > start + most;
        let page = items.drain(start.min(items.len())..).take(most).collect();
        (page, more.then(|| (start + most).to_string()))
    }
}

/// A required text member of an input.
fn required<'i>(input: &'i Value, name: &str) -> Result<&'i str, ApiError> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(|| {
        let member = name[..1].to_lowercase() + &name[1..];
        ApiError::validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}
