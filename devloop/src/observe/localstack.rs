//! Adds what only LocalStack's Lambda reports: the directory that a function runs from, and why a function failed. Its digest is
//! the same for every directory, so the file in the directory is read instead.

use serde_json::Value;

use crate::aws::{Call, Client};
use crate::engine::Millis;
use crate::status::{Function, StatusReport};

/// What LocalStack writes before a directory that is reloaded.
const SCHEME: &str = "file://";

/// Completes the report if the cloud says that it is LocalStack; any other cloud is left alone after one request. Returns whether
/// it is LocalStack.
pub(super) async fn complete(client: &Client, region: &str, report: &mut StatusReport) -> bool {
    let at = report.at;
    for function in &mut report.functions {
        // Checked, because the name becomes part of a path.
        if !function.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            continue;
        }
        let path = format!("/2015-03-31/functions/{}", function.name);
        let Ok(answer) = client.send(region, &Call::rest("lambda", &path)).await else { return false };
        if !answer.is_localstack() {
            return false;
        }
        if let Ok(body) = answer.json() {
            describe(function, &body, at);
        }
    }
    for mapping in &mut report.mappings {
        // LocalStack never updates the last batch's result.
        mapping.last_result.clear();
    }
    true
}

/// LocalStack starts the file in the directory, so the file's digest is that of the deployed code. It is also that of the answering
/// code, if the answering environment began after the last update.
pub(super) fn deployed(function: &mut Function) {
    if function.hot_reload && function.deployed_digest.is_none() {
        function.deployed_digest.clone_from(&function.on_disk_digest);
        if function.answers_newest {
            function.answering_digest.clone_from(&function.on_disk_digest);
        }
    }
}

fn describe(function: &mut Function, answer: &Value, at: Millis) {
    let folder = answer["Code"]["Location"].as_str().and_then(|place| place.strip_prefix(SCHEME));
    function.folder = folder.map(str::to_owned);
    function.hot_reload = folder.is_some();
    if answer["Configuration"]["State"] == "Failed" {
        let reason = answer["Configuration"]["StateReason"].as_str().unwrap_or_default();
        function.last_error = Some(reason.to_owned());
        function.last_error_ms = Some(at);
    }
}
