//! The cloud that a command asks, and the functions in it by the names that people type.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use crate::aws::{ApiError, Bounds, Call, Client, Endpoints, Trust};
use crate::cli::CloudArguments;
use crate::commands::bench::endpoint;
use crate::commands::keys;
use crate::config::Environment;
use crate::error::{Exit, UserError, suggestion};
use crate::output;

/// The limits of an answer; a function may work for 15 minutes.
const BOUNDS: Bounds = Bounds { time: Duration::from_mins(16), bytes: 64 << 20 };

/// The region where neither flags nor environment name one.
const REGION: &str = "us-east-1";

/// The cloud that is asked, and a region of it.
pub(super) struct Asked {
    pub(super) client: Client,
    pub(super) region: String,
}

impl Asked {
    /// The cloud that the flags and the environment mean.
    pub(super) async fn new(arguments: &CloudArguments) -> Result<Self, UserError> {
        let environment = Environment::of_process();
        if arguments.is_aws() && arguments.endpoint.is_some() {
            return Err(UserError::usage(
                "endpoint_unused",
                "ask AWS at --endpoint: its endpoints are known",
            ));
        }
        let endpoints = if arguments.is_aws() {
            Endpoints::default()
        } else {
            Endpoints::one(&endpoint(arguments.endpoint.as_deref(), &environment).await?)
        };
        let trust = Trust::new(environment.certificates());
        let (keys, region) = keys(&environment, arguments.is_aws(), arguments.region.clone(), &trust).await?;
        let client = Client::new(endpoints, keys, trust, BOUNDS);
        Ok(Self { client, region: region.unwrap_or_else(|| REGION.to_owned()) })
    }

    /// A cloud on this machine, for what no account in AWS has.
    pub(super) async fn here(endpoint: Option<&String>) -> Result<Self, UserError> {
        Self::new(&CloudArguments { endpoint: endpoint.cloned(), ..CloudArguments::default() }).await
    }

    /// A page of the cloud itself as JSON; `what` names it in an error.
    pub(super) async fn page(&self, path: &str, what: &str) -> Result<Value, UserError> {
        let answer = self.client.ask(&self.region, &Call::page(path)).await;
        answer.and_then(|answer| answer.json()).map_err(|error| failed(&error, what))
    }

    /// The names of all functions.
    pub(super) async fn functions(&self) -> Result<Vec<String>, UserError> {
        let mut names = Vec::new();
        let mut marker = String::new();
        loop {
            let path = format!("/2015-03-31/functions?MaxItems=50{marker}");
            let call = Call::body("lambda", Method::GET, &path, String::new());
            let answer = self.client.ask(&self.region, &call).await.and_then(|answer| answer.json());
            let page = answer.map_err(|error| failed(&error, "list the functions"))?;
            let functions = page["Functions"].as_array().into_iter().flatten();
            names.extend(
                functions.filter_map(|function| function["FunctionName"].as_str().map(str::to_owned)),
            );
            match page["NextMarker"].as_str() {
                Some(next) if !next.is_empty() => marker = format!("&Marker={}", crate::aws::encoded(next)),
                _ => return Ok(names),
            }
        }
    }

    /// The function that a typed name means.
    pub(super) async fn function(&self, typed: &str) -> Result<String, UserError> {
        meant(typed, &self.functions().await?, "function")
    }
}

/// The error for a request that failed.
pub(super) fn failed(error: &ApiError, what: &str) -> UserError {
    UserError { problem: error.problem(what), exit: Exit::Cloud }
}

/// Finds the one of `names` that was typed: the name itself, or the only one that contains the text, or the only one that contains it
/// after the beginning that all of these share, as the name of their stack. Case, `-` and `_` make no difference. `kind` says what
/// the names stand for.
pub(super) fn meant(typed: &str, names: &[String], kind: &str) -> Result<String, UserError> {
    if let Some(name) = names.iter().find(|name| *name == typed) {
        return Ok(name.clone());
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(typed);
    let fitting: Vec<&String> = names.iter().filter(|name| plain(name).contains(&wanted)).collect();
    let shared = shared_beginning(&fitting);
    let mut own = fitting.iter().filter(|name| plain(&name[shared..]).contains(&wanted));
    if let (Some(one), None) = (own.next(), own.next()) {
        return Ok((*one).clone());
    }
    match fitting[..] {
        [] => {
            let error =
                UserError::usage("name_unknown", format!("there is no {kind} `{typed}`{}", listed(names)));
            Err(match suggestion(typed, names.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            })
        }
        _ => {
            let several = fitting.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            Err(UserError::usage("name_unclear", format!("`{typed}` may mean each of {several}"))
                .with_hint("type more of the name"))
        }
    }
}

/// How many bytes all names share, up to their last common `-`. Of one name it is none.
fn shared_beginning(names: &[&String]) -> usize {
    let [first, others @ ..] = names else { return 0 };
    let is_shared = |end: &usize| others.iter().all(|name| name.starts_with(&first[..*end]));
    if others.is_empty() {
        return 0;
    }
    let ends = first.match_indices('-').map(|(at, dash)| at + dash.len());
    ends.take_while(is_shared).last().unwrap_or(0)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "; there are none".to_owned() } else { format!("; there are {}", names.join(", ")) }
}

/// Writes lines for people to the standard output; a closed pipe is no error.
pub(super) fn printed(text: &str) -> Result<ExitCode, UserError> {
    written(output::stdout().write_all(text.as_bytes()))
}

/// Writes JSON to the standard output; a closed pipe is no error.
pub(super) fn printed_json(text: &str) -> Result<ExitCode, UserError> {
    written(output::json().write_all(text.as_bytes()))
}

/// Writes data to the standard output as it is, unless that is a terminal; a closed pipe is no error.
pub(super) fn printed_data(data: &[u8]) -> Result<ExitCode, UserError> {
    written(output::write_data(data))
}

fn written(outcome: io::Result<()>) -> Result<ExitCode, UserError> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(UserError::failure("output_failed", format!("write the output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_is_enough_where_it_is_one_names() {
        let names = ["shop-GetUser-ABC", "shop-PutUser-DEF"].map(str::to_owned);
        let check = |typed: &str, expected: Result<&str, &str>| {
            let found = meant(typed, &names, "function").map_err(|error| error.to_string());
            match expected {
                Ok(name) => assert_eq!(found.as_deref(), Ok(name), "{typed}"),
                Err(part) => {
                    assert!(found.as_ref().is_err_and(|error| error.contains(part)), "{typed}: {found:?}");
                }
            }
        };
        check("shop-GetUser-ABC", Ok("shop-GetUser-ABC"));
        check("get_user", Ok("shop-GetUser-ABC"));
        check("PUTUSER", Ok("shop-PutUser-DEF"));
        check("user", Err("may mean each of shop-GetUser-ABC, shop-PutUser-DEF"));
        check("shop", Err("may mean each of shop-GetUser-ABC, shop-PutUser-DEF"));
        check("none", Err("there is no function `none`; there are shop-GetUser-ABC, shop-PutUser-DEF"));
    }

    #[test]
    fn a_name_that_the_stack_has_too_means_the_function() {
        let names = ["pets-pets-dev", "pets-Gate-ABC", "other"].map(str::to_owned);
        assert_eq!(meant("pets", &names, "function").unwrap(), "pets-pets-dev");
        assert_eq!(meant("gate", &names, "function").unwrap(), "pets-Gate-ABC");
    }
}
