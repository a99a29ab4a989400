//! Finds out whether a function may have requests in flight.

use std::time::Duration;

use serde_json::json;

use crate::aws::{ApiError, Call};
use crate::bus::wall;
use crate::target::api::{Client, Deployed};
use crate::target::localstack::swap_plan::LastRequest;

/// Added to the function's timeout: a request that began longer ago has ended.
const AFTER: Duration = Duration::from_secs(2);

/// When the function's last request ended. `LocalStack` does not report requests in flight, but it writes a log line when a request
/// has ended.
pub(super) async fn last_request(client: &Client, function: &Deployed) -> Result<LastRequest, ApiError> {
    let input = json!({
        "logGroupName": format!("/aws/lambda/{}", function.name),
        "orderBy": "LastEventTime", "descending": true, "limit": 1,
    });
    let call = Call::json("logs", "Logs_20140328.DescribeLogStreams", &input);
    let answer = match client.send(&call).await {
        Ok(answer) => answer.json()?,
        // The log group is created when the first request has ended.
        Err(error) if error.code() == "ResourceNotFoundException" => return Ok(LastRequest::Never),
        Err(error) => return Err(error),
    };
    let Some(last) = answer["logStreams"][0]["lastEventTimestamp"].as_u64() else {
        return Ok(LastRequest::Never);
    };
    let recent = wall().saturating_sub(last) < (function.timeout + AFTER).as_millis() as u64;
    Ok(if recent { LastRequest::JustNow } else { LastRequest::LongAgo })
}
