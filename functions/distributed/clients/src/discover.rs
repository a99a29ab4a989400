//! Finds the API and its key: from the options, and otherwise from the local cloud.

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, header};
use serde_json::Value;

use crate::{options::Common, send::Http};

/// The path of both APIs, as the stacks have it.
const PATH: &str = "process";

/// Local clouds read only the service's name in this header.
const LOCAL_SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=0";

/// An API and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) endpoint: String,
    pub(crate) key: Option<String>,
}

/// The API of the options, or that of the application `app` in the local cloud.
pub(crate) async fn api(client: &Http, app: &str, options: &Common) -> anyhow::Result<Api> {
    let (Common { endpoint, key, .. }, own) = (options, options.endpoint.as_deref().and_then(local));
    let cloud = match (endpoint, key, own) {
        (Some(endpoint), Some(_), _) => return Ok(Api { endpoint: endpoint.clone(), key: key.clone() }),
        // Only a local cloud shows its keys to everybody.
        (Some(endpoint), None, None) => return Ok(Api { endpoint: endpoint.clone(), key: None }),
        (Some(_), None, Some((cloud, _))) => cloud,
        (None, _, _) => options.cloud.trim_end_matches('/'),
    };
    let plans = get(client, &format!("{cloud}/usageplans?limit=500")).await.with_context(|| {
        format!("{cloud} does not list its APIs; is the stack up, and is this its address? --endpoint names an API")
    })?;
    let wanted = |plan: &&Value| match own {
        Some((_, api)) => {
            plan["apiStages"].as_array().into_iter().flatten().any(|stage| stage["apiId"] == api)
        }
        None => plan["name"] == format!("{app}-Plan"),
    };
    let plan = plans["item"].as_array().into_iter().flatten().find(wanted);
    let plan = plan.with_context(|| {
        format!("{cloud} has no usage plan {app}-Plan; start the stack, or give --endpoint")
    })?;
    let stage = &plan["apiStages"][0];
    let endpoint = match (endpoint, stage["apiId"].as_str(), stage["stage"].as_str()) {
        (Some(endpoint), ..) => endpoint.clone(),
        (None, Some(id), Some(stage)) => format!("{cloud}/_aws/execute-api/{id}/{stage}/{PATH}"),
        (None, ..) => anyhow::bail!("the usage plan {app}-Plan of {cloud} has no API; give --endpoint"),
    };
    if key.is_some() {
        return Ok(Api { endpoint, key: key.clone() });
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let keys =
        get(client, &format!("{cloud}/usageplans/{}/keys", plan["id"].as_str().unwrap_or_default())).await?;
    let id = text(&keys["item"][0]["id"]).context("the API's usage plan has no key; give --key")?;
    let key = get(client, &format!("{cloud}/apikeys/{id}?includeValue=true")).await?;
    Ok(Api { endpoint, key: text(&key["value"]) })
}

/// The local cloud and the API's id in an API's URL: with devloop and `LocalStack` the id is in the path.
fn local(endpoint: &str) -> Option<(&str, &str)> {
    ["/_aws/execute-api/", "/restapis/"].iter().find_map(|start| {
        let (cloud, rest) = endpoint.split_once(start)?;
        Some((cloud, rest.split('/').next()?))
    })
}

async fn get(client: &Http, url: &str) -> anyhow::Result<Value> {
    let request =
        Request::get(url).header(header::AUTHORIZATION, LOCAL_SIGNATURE).body(Full::<Bytes>::default())?;
    let answer = client.request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    anyhow::ensure!(status.is_success(), "{url} answers {status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).with_context(|| format!("{url} does not answer with JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_address_contains_its_cloud_and_its_api() {
        let path = "http://127.0.0.1:4566/_aws/execute-api/abc/dev/process";
        assert_eq!(local(path), Some(("http://127.0.0.1:4566", "abc")));
        assert_eq!(local("http://h/restapis/abc/dev/_user_request_/process"), Some(("http://h", "abc")));
        assert_eq!(local("https://abc.execute-api.us-east-1.amazonaws.com/dev/process"), None);
    }
}
