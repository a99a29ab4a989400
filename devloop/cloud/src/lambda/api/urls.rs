//! Function URL configurations.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    context::Context,
    error::ApiError,
    lambda::{
        function::{Function, Url, UrlCors},
        kept, not_found,
        service::Lambda,
    },
    proxy::Cors,
    wire,
};

/// A function URL's host resolves to this machine wherever names below `localhost.localstack.cloud` do. The cloud looks at
/// the `Host` header alone, so `curl --resolve` or a header set by hand works anywhere.
fn show(cx: &Context, function: &Function, url: &Url) -> Value {
    let port = cx.endpoint.rsplit(':').next().unwrap_or("4566");
    let mut shown = json!({
        "FunctionUrl": format!("http://{}.lambda-url.{}.localhost.localstack.cloud:{port}/", url.id, function.region),
        "FunctionArn": &*function.arn,
        "AuthType": url.auth_type,
        "InvokeMode": "BUFFERED",
        "CreationTime": wire::iso(url.created_ms),
        "LastModifiedTime": wire::iso(url.modified_ms),
    });
    if let Some(cors) = &url.cors {
        shown["Cors"] = cors.given.clone();
    }
    shown
}

fn check(input: &Value) -> Result<(), ApiError> {
    if input.get("InvokeMode").and_then(Value::as_str).is_some_and(|mode| mode != "BUFFERED") {
        return Err(ApiError::unsupported("function URLs with InvokeMode RESPONSE_STREAM"));
    }
    match input.get("AuthType").and_then(Value::as_str) {
        None | Some("NONE") => Ok(()),
        Some("AWS_IAM") => Err(ApiError::unsupported("function URLs with AuthType AWS_IAM; use NONE")),
        Some(other) => Err(ApiError::validation(format!("AuthType must be NONE or AWS_IAM, not `{other}`"))),
    }
}

/// The `Cors` of an input.
fn cors(input: &Value) -> Result<Option<UrlCors>, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Given {
        #[serde(default, deserialize_with = "wire::boolean")]
        allow_credentials: Option<bool>,
        allow_headers: Option<Vec<String>>,
        allow_methods: Option<Vec<String>>,
        allow_origins: Option<Vec<String>>,
        expose_headers: Option<Vec<String>>,
        max_age: Option<Value>,
    }
    let Some(value) = input.get("Cors").filter(|cors| !cors.is_null()) else { return Ok(None) };
    let given: Given = wire::read(value.clone())?;
    let max_age = given.max_age.map(|age| kept::bounded(&age, "cors.maxAge", 0, 86_400)).transpose()?;
    let rules = Cors {
        allow_credentials: given.allow_credentials,
        allow_headers: given.allow_headers.unwrap_or_default(),
        allow_methods: given.allow_methods.unwrap_or_default(),
        allow_origins: given.allow_origins.unwrap_or_default(),
        expose_headers: given.expose_headers.unwrap_or_default(),
        max_age: max_age.map(|seconds| seconds as i64),
    };
    Ok(Some(UrlCors::new(value.clone(), rules)))
}

fn missing() -> ApiError {
    not_found("The resource you requested does not exist.".to_owned())
}

impl Lambda {
    pub(super) fn create_url(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        if call.qualifier.is_some() || reference.qualifier.is_some() {
            return Err(ApiError::unsupported("function URLs of aliases"));
        }
        let input = call.input();
        let auth_type = required(input, "AuthType")?.to_owned();
        check(input)?;
        let cors = cors(input)?;
        if function.state.read().url.is_some() {
            return Err(ApiError::with_status(
                409,
                "ResourceConflictException",
                format!("FunctionUrlConfig exists for this Lambda function: {}", function.name),
            ));
        }
        function.open_url(&auth_type, cors, self.clock.now_ms());
        self.get_url(call, name)
    }

    /// The function whose URL is named. Aliases have none here.
    fn of_url(&self, call: &Call<'_>, name: &str) -> Result<Arc<Function>, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        if call.qualifier.is_some() || reference.qualifier.is_some() {
            return Err(missing());
        }
        Ok(function)
    }

    pub(super) fn get_url(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let function = self.of_url(call, name)?;
        let state = function.state.read();
        let url = state.url.as_ref().ok_or_else(missing)?;
        Ok(show(call.cx, &function, url))
    }

    pub(super) fn update_url(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let function = self.of_url(call, name)?;
        let input = call.input();
        check(input)?;
        let cors = cors(input)?;
        let mut state = function.state.write();
        let url = state.url.as_mut().ok_or_else(missing)?;
        if cors.is_some() {
            url.cors = cors;
        }
        url.modified_ms = self.clock.now_ms();
        Ok(show(call.cx, &function, url))
    }

    pub(super) fn delete_url(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let function = self.of_url(call, name)?;
        let removed = function.state.write().url.take();
        removed.map(|_| Value::Null).ok_or_else(missing)
    }

    pub(super) fn list_urls(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let state = function.state.read();
        let urls: Vec<_> = state.url.iter().map(|url| show(call.cx, &function, url)).collect();
        Ok(json!({ "FunctionUrlConfigs": urls }))
    }
}
