//! Finds out whether LocalStack answers at an endpoint, by its header.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::aws::{Bounds, Call, Client, Endpoints, Keys, Trust};

/// How long a server may take to answer the probe.
const LIMIT: Duration = Duration::from_secs(2);

/// How long LocalStack's first answer to an AWS call may take, before which it loads the service.
const LOADING_LIMIT: Duration = Duration::from_secs(20);

/// How large its answers may be, in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// The region in the signatures; the answer does not depend on it.
const REGION: &str = "us-east-1";

/// What was found at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Nothing listens there; this is the operating system's error.
    Nobody(String),
    /// devloop's own cloud, which has `LocalStack`'s pages too.
    Devloop,
    /// `LocalStack`, with its version if it reports one.
    Localstack(Option<String>),
    /// Another server.
    Foreign,
}

/// Asks the endpoint what it is.
pub(crate) async fn probe(endpoint: &str) -> Probe {
    let client = |time| {
        let bounds = Bounds { time, bytes: MAX_ANSWER };
        Client::new(Endpoints::one(endpoint), Keys::unchecked("test"), Trust::default(), bounds)
    };
    if let Err(reason) = listens(endpoint).await {
        return Probe::Nobody(reason);
    }
    let asking = client(LIMIT);
    let Ok(health) = asking.ask(REGION, &Call::page("/_localstack/health")).await else {
        return Probe::Foreign;
    };
    let Some(page) = health.json().ok().filter(|page| page["services"].is_object()) else {
        return Probe::Foreign;
    };
    let status = asking.ask(REGION, &Call::page("/_devloop/status")).await;
    if status.is_ok_and(|answer| answer.json().is_ok_and(|page| page["functions"].is_array())) {
        return Probe::Devloop;
    }
    let version = page["version"].as_str().map(str::to_owned);
    if health.is_localstack() {
        return Probe::Localstack(version);
    }
    // LocalStack's own pages may lack the header; answers of its services have it.
    let call = Call::query("sts", "2011-06-15", "GetCallerIdentity", &[]);
    match client(LOADING_LIMIT).ask(REGION, &call).await {
        Ok(answer) if answer.is_localstack() => Probe::Localstack(version),
        _ => Probe::Foreign,
    }
}

/// Whether the endpoint accepts a connection; the error is the operating system's.
async fn listens(endpoint: &str) -> Result<(), String> {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    match tokio::time::timeout(LIMIT, TcpStream::connect(authority)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", LIMIT.as_secs())),
    }
}
