//! The function behind the API. It is this very program, which a cloud starts as `bootstrap`: so it is built with the benchmark, with
//! the same optimisation, and with the crate that functions behind APIs usually have.

use std::env;

use anyhow::{Result, anyhow};
use lambda_http::{Error, IntoResponse, Request, RequestExt as _, service_fn};
use serde_json::{Value, json};

/// Whether a cloud has started this program.
pub(crate) fn is_wanted() -> bool {
    env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// Answers requests until the cloud ends this process.
pub(crate) async fn run() -> Result<()> {
    lambda_http::run(service_fn(greet)).await.map_err(|error| anyhow!(error))
}

/// Answers with the id of the body and the parameter of the path, so that both have to be read.
async fn greet(request: Request) -> Result<impl IntoResponse, Error> {
    let body: Value = serde_json::from_slice(request.body())?;
    let name = request.path_parameters_ref().and_then(|parameters| parameters.first("name"));
    Ok(json!({ "id": body["id"], "hello": name.ok_or("the path names nobody")? }))
}
