//! `devloop fire RULE`: runs a schedule at once, so that nobody waits for 3 a.m.

use std::process::ExitCode;

use serde_json::Value;

use super::asked::{Asked, failed, meant, printed};
use crate::aws::{Call, encoded};
use crate::cli::FireArguments;
use crate::error::UserError;

/// Runs the rule or schedule that was named.
pub(crate) async fn fire(arguments: &FireArguments) -> Result<ExitCode, UserError> {
    let asked = Asked::here(arguments.endpoint.as_ref()).await?;
    let page = asked.page("/_devloop/status", "read the cloud's page").await?;
    let names = names(&page);
    let name = meant(&arguments.rule, &names, "scheduled rule or schedule")?;
    let path = format!("/_aws/events/fire/{}", encoded(&name));
    let call = Call::post(&path, String::new());
    let answer = asked.client.ask(&asked.region, &call).await.and_then(|answer| answer.json());
    let answer = answer.map_err(|error| failed(&error, &format!("fire {name}")))?;
    let targets = answer["fired"].as_u64().unwrap_or_default();
    printed(&format!("{name} was run; it has {targets} target{}\n", if targets == 1 { "" } else { "s" }))
}

/// Rules with schedules, and schedules.
fn names(page: &Value) -> Vec<String> {
    let of = |list: &str| page[list].as_array().cloned().unwrap_or_default();
    let all = of("rules").into_iter().chain(of("schedules"));
    let scheduled = all.filter(|one| one["schedule"].is_string());
    scheduled.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}
