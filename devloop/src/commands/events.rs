//! `devloop events` and `devloop replay`: the last events that functions got, saved as fixtures and sent again.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use devloop_cloud::without_secrets_in;
use serde_json::Value;

use super::asked::{Asked, meant, printed, printed_json};
use super::invoke::{Request, run};
use crate::cli::{EventsArguments, EventsCommand, ReplayArguments};
use crate::error::UserError;
use crate::output;

/// How much of an event a line of the list shows, in characters.
const SHOWN: usize = 100;

async fn kept(asked: &Asked) -> Result<Vec<Value>, UserError> {
    let page =
        asked.page("/_devloop/events", "read the last events (only the embedded cloud keeps them)").await?;
    Ok(page["events"].as_array().cloned().unwrap_or_default())
}

/// The event with this number as its function got it; the list has no secrets.
async fn numbered(asked: &Asked, number: u64) -> Result<Value, UserError> {
    is_kept(&kept(asked).await?, number)?;
    asked.page(&format!("/_devloop/events/{number}"), &format!("read event {number}")).await
}

fn is_kept(events: &[Value], number: u64) -> Result<(), UserError> {
    if events.iter().any(|event| event["number"] == number) {
        return Ok(());
    }
    Err(UserError::usage("no_event", format!("there is no event {number}, or it is kept no longer"))
        .with_hint("`devloop events` lists those that are kept"))
}

/// Lists the events, or saves one.
pub(crate) async fn events(arguments: &EventsArguments) -> Result<ExitCode, UserError> {
    let asked = Asked::here(arguments.endpoint.as_ref()).await?;
    if let Some(EventsCommand::Save { number, file, force }) = &arguments.command {
        let mut event = numbered(&asked, *number).await?;
        if arguments.mask {
            event["payload"] = without_secrets_in(&event["payload"]);
        }
        save(&event, file, *force)?;
        return printed(&format!("event {number} is saved as {}\n", file.display()));
    }
    let events = kept(&asked).await?;
    let function = match &arguments.function {
        Some(typed) => {
            // Deleted ones have left events, and one without events is not to be taken for another.
            let names: BTreeSet<String> =
                asked.functions().await?.into_iter().chain(owners(&events)).collect();
            Some(meant(typed, &names.into_iter().collect::<Vec<_>>(), "function")?)
        }
        None => None,
    };
    let wanted =
        events.iter().filter(|event| function.as_ref().is_none_or(|name| event["function"] == name.as_str()));
    let lines = wanted.map(|event| if arguments.json { format!("{event}\n") } else { line(event) });
    let text: String = lines.collect();
    if text.is_empty() {
        let whose = function.map(|name| format!(" of {name}")).unwrap_or_default();
        let _ = writeln!(output::stderr(), "there are no events{whose}");
    }
    if arguments.json { printed_json(&text) } else { printed(&text) }
}

/// Writes the event that the function got into a file, and makes its folders. A file that exists is only replaced with `force`: tests may
/// depend on it.
fn save(event: &Value, file: &Path, force: bool) -> Result<(), UserError> {
    let cannot = |error: io::Error| {
        let exists = error.kind() == io::ErrorKind::AlreadyExists;
        let problem = UserError::failure("event_not_saved", format!("write {}: {error}", file.display()));
        if exists { problem.with_hint("--force replaces the file") } else { problem }
    };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut saved = options.open(file).map_err(cannot)?;
    saved.write_all(format!("{:#}\n", event["payload"]).as_bytes()).map_err(cannot)
}

/// The functions that got the events.
fn owners(events: &[Value]) -> impl Iterator<Item = String> {
    events.iter().filter_map(|event| event["function"].as_str().map(str::to_owned))
}

fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let payload = output::escaped(&event["payload"].to_string()).into_owned();
    let short: String = payload.chars().take(SHOWN).collect();
    let more = if short.len() < payload.len() { " …" } else { "" };
    let time = text("at");
    let time = time.get(11..23).unwrap_or(&time).to_owned();
    format!(
        "{:>4}  {time}  {}  {:<9}  {short}{more}\n",
        event["number"].as_u64().unwrap_or_default(),
        text("function"),
        text("state")
    )
}

/// Sends an event again, and shows the result each time.
pub(crate) async fn replay(arguments: &ReplayArguments) -> Result<ExitCode, UserError> {
    let asked = Asked::here(arguments.endpoint.as_ref()).await?;
    let event = numbered(&asked, arguments.number).await?;
    let function = event["function"].as_str().unwrap_or_default().to_owned();
    let request = Request {
        function,
        payload: event["payload"].to_string(),
        later: false,
        qualifier: None,
        trace: None,
    };
    let mut code = ExitCode::SUCCESS;
    for _ in 0..arguments.times {
        let outcome = run(&asked, &request).await?;
        if outcome != ExitCode::SUCCESS {
            code = outcome;
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_saved_event_replaces_no_file_unless_that_is_wanted() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("tests/events/order.json");
        let event = |id: u8| json!({ "number": id, "payload": { "id": id } });
        save(&event(1), &file, false).unwrap();
        let error = save(&event(2), &file, false).unwrap_err();
        assert!(error.to_string().contains("order.json"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"id\": 1\n}\n");
        save(&event(2), &file, true).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"id\": 2\n}\n");
    }

    #[test]
    fn a_line_shows_the_escapes_of_what_a_terminal_obeys() {
        let event = json!({ "number": 1, "at": "", "function": "f", "state": "failed", "payload": {"a": "\u{9b}2J\u{202e}"} });
        assert!(line(&event).ends_with("{\"a\":\"\\u009b2J\\u202e\"}\n"), "{}", line(&event));
    }

    #[test]
    fn a_line_tells_number_time_function_state_and_the_beginning_of_the_event() {
        let event = json!({
            "number": 7, "at": "2026-11-20T10:00:01.250Z", "function": "f", "state": "failed", "payload": {"a": "x".repeat(200)},
        });
        let line = line(&event);
        assert!(line.starts_with("   7  10:00:01.250  f  failed     {\"a\":\"xxx"), "{line}");
        assert!(line.ends_with("x …\n"), "{line}");
        let kept = [event];
        assert!(is_kept(&kept, 7).is_ok());
        let error = is_kept(&kept, 8).unwrap_err().to_string();
        assert!(error.contains("there is no event 8"), "{error}");
    }
}
