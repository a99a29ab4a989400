//! The report of a cloud without a page of its own: what LocalStack's Lambda tells of functions, their directories and mappings.

use serde_json::Value;

use crate::bus::now;
use crate::observe::client::Client;
use crate::status::{Function, Mapping, Report};

/// What LocalStack writes before a directory that is reloaded.
const SCHEME: &str = "file://";

/// Asks Lambda; none where it does not answer as Lambda does.
pub(super) async fn report(client: &Client, region: &str) -> Option<Report> {
    let mut report = Report { endpoint: client.endpoint().to_owned(), at: now(), ..Report::default() };
    for known in list(client, region, "/2015-03-31/functions/", "Functions").await? {
        let name = text(&known["FunctionName"]);
        // A name is put into a path.
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            continue;
        }
        let path = format!("/2015-03-31/functions/{name}");
        let answer = client.get_of("lambda", region, &path).await.ok()?.body?;
        let folder = answer["Code"]["Location"].as_str().and_then(|place| place.strip_prefix(SCHEME));
        let failed = answer["Configuration"]["State"] == "Failed";
        report.functions.push(Function {
            name,
            region: region.to_owned(),
            folder: folder.map(str::to_owned),
            hot_reload: folder.is_some(),
            last_error: failed.then(|| text(&answer["Configuration"]["StateReason"])),
            last_error_ms: failed.then_some(report.at),
            ..Function::default()
        });
    }
    let mappings = list(client, region, "/2015-03-31/event-source-mappings/", "EventSourceMappings").await?;
    report.mappings = mappings
        .iter()
        .map(|mapping| Mapping {
            uuid: text(&mapping["UUID"]),
            function: text(&mapping["FunctionArn"]).rsplit(':').next().unwrap_or_default().to_owned(),
            source: text(&mapping["EventSourceArn"]),
            state: text(&mapping["State"]),
            // LocalStack never renews its word about the last batch.
            ..Mapping::default()
        })
        .collect();
    Some(report)
}

async fn list(client: &Client, region: &str, path: &str, member: &str) -> Option<Vec<Value>> {
    let answer = client.get_of("lambda", region, path).await.ok()?;
    if answer.status != 200 || !answer.is_localstack {
        return None;
    }
    answer.body?[member].as_array().cloned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
