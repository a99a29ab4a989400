//! Whether it is LocalStack that answers at an endpoint. Its header says so; its edition does not.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::target::api::{Answer, Call, Client, Credentials, Endpoints};

/// The header of every answer.
const HEADER: &str = "x-localstack";

/// How long a server may take to say what it is.
const LIMIT: Duration = Duration::from_secs(2);

/// The same for its first answer to an AWS call, before which it loads the service.
const LOADING_LIMIT: Duration = Duration::from_secs(20);

/// What was found at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Nobody listens; the operating system's word.
    Nobody(String),
    /// devloop's own cloud, which speaks as `LocalStack` does.
    Devloop,
    /// `LocalStack`, with its version where it tells one.
    Localstack(Option<String>),
    /// Something else.
    Foreign,
}

/// Asks the endpoint what it is.
pub(crate) async fn probe(endpoint: &str) -> Probe {
    let client = |limit| {
        let endpoints = Endpoints { all: Some(endpoint.to_owned()), single: [].into() };
        Client::new(endpoints, "us-east-1", Credentials::fixed("test"), limit)
    };
    if let Err(reason) = listens(endpoint).await {
        return Probe::Nobody(reason);
    }
    let asking = client(LIMIT);
    let Ok(health) = asking.send(&Call::page("/_localstack/health")).await else { return Probe::Foreign };
    let Some(page) = health.json().ok().filter(|page| page["services"].is_object()) else {
        return Probe::Foreign;
    };
    let status = asking.send(&Call::page("/_devloop/status")).await;
    if status.is_ok_and(|answer| answer.json().is_ok_and(|page| page["functions"].is_array())) {
        return Probe::Devloop;
    }
    let version = page["version"].as_str().map(str::to_owned);
    if has_header(&health) {
        return Probe::Localstack(version);
    }
    // Its own pages may come without the header; answers of services do not.
    let call = Call::query("sts", "2011-06-15", "GetCallerIdentity", &[]);
    match client(LOADING_LIMIT).send(&call).await {
        Ok(answer) if has_header(&answer) => Probe::Localstack(version),
        _ => Probe::Foreign,
    }
}

/// Whether anybody takes a connection, or the operating system's word why not.
async fn listens(endpoint: &str) -> Result<(), String> {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    match tokio::time::timeout(LIMIT, TcpStream::connect(authority)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", LIMIT.as_secs())),
    }
}

fn has_header(answer: &Answer) -> bool {
    answer.headers.get(HEADER).is_some_and(|value| value == "true")
}
