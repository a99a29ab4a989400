//! Whether a function has requests in flight, and how long LocalStack takes to reload its changed file.

use std::time::Duration;

use serde_json::json;

use crate::aws::{ApiError, Call};
use crate::bus::wall;
use crate::target::api::{Client, Deployed};
use crate::target::localstack::swap_plan::LastRequest;

/// How long `LocalStack` waits for further changes before it ends the function's processes.
const DEBOUNCE: Duration = Duration::from_millis(500);

/// How often it looks where the system does not tell it of changes.
const POLLING: Duration = Duration::from_millis(200);

/// For the delivery of the file event and of the signal.
const MARGIN: Duration = Duration::from_millis(100);

/// Added to the function's timeout: what was called before that is over.
const AFTER: Duration = Duration::from_secs(2);

/// The time from a rename until only new code is given requests.
pub(super) fn reload_time(polling: bool) -> Duration {
    if polling { DEBOUNCE + POLLING + MARGIN } else { DEBOUNCE + MARGIN }
}

/// Whether functions look for changed files at intervals: the virtual machines of Docker Desktop and WSL pass no events on. The
/// kernel that counts is LocalStack's, which it tells; on another system than Linux it is in such a machine in any case.
pub(super) async fn machine_polls(client: &Client) -> bool {
    let page = client
        .send(&Call::page("/_localstack/info"))
        .await
        .ok()
        .and_then(|answer| answer.json().ok())
        .unwrap_or_default();
    let kernel = rustix::system::uname();
    let own = kernel.release().to_string_lossy();
    polls(std::env::consts::OS, page["system"].as_str().unwrap_or(&own))
}

fn polls(system: &str, release: &str) -> bool {
    system != "linux" || release.contains("linuxkit") || release.contains("WSL2")
}

/// When the function's last request ended. `LocalStack` does not tell what is in flight, but it writes a log line when a request
/// is over.
pub(super) async fn last_request(client: &Client, function: &Deployed) -> Result<LastRequest, ApiError> {
    let input = json!({
        "logGroupName": format!("/aws/lambda/{}", function.name),
        "orderBy": "LastEventTime", "descending": true, "limit": 1,
    });
    let call = Call::json("logs", "Logs_20140328.DescribeLogStreams", &input);
    let answer = match client.send(&call).await {
        Ok(answer) => answer.json()?,
        // The group is made when the first request is over.
        Err(error) if error.code() == "ResourceNotFoundException" => return Ok(LastRequest::Never),
        Err(error) => return Err(error),
    };
    let Some(last) = answer["logStreams"][0]["lastEventTimestamp"].as_u64() else {
        return Ok(LastRequest::Never);
    };
    let recent = wall().saturating_sub(last) < (function.timeout + AFTER).as_millis() as u64;
    Ok(if recent { LastRequest::JustNow } else { LastRequest::LongAgo })
}

#[cfg(test)]
mod tests {
    use super::{polls, reload_time};

    #[test]
    fn systems_without_events_are_known() {
        assert!(!polls("linux", "6.8.0-45-generic"));
        assert!(polls("linux", "Linux(Container),6.10.14-linuxkit,x86_64"));
        assert!(polls("linux", "5.15.167.4-microsoft-standard-WSL2"));
        assert!(polls("macos", "24.1.0"));
        assert_eq!(reload_time(true).as_millis() - reload_time(false).as_millis(), 200);
        assert!(reload_time(false).as_millis() > 500);
    }
}
