//! The example pipeline: how it is recognised among other chains, and its functions.
//!
//! Its shape is a method of a REST API, a function, a Kinesis stream, a function, a table's stream, a function; and its last
//! function has the variable `SINK`, because it writes each request's times where `bench` finds them.

use devloop_cloud::Arn;
use serde_json::Value;

use super::{each, name_of};
use crate::aws::belongs;
use crate::bench::chain::integrated;
use crate::bench::http::Client;

/// A function's ARN, and the queue for records that its mapping gives up.
pub(super) type Taker = (String, Option<String>);

/// The function that reads a Kinesis stream, and the one that reads a table's stream; `None` unless there are both.
pub(super) fn stages(mappings: &[Value], stack: Option<&str>) -> Option<(Taker, Taker)> {
    let taker = |service: &str| {
        let mapping = mappings.iter().find(|mapping| {
            let function = mapping["FunctionArn"].as_str().unwrap_or_default();
            mapping["EventSourceArn"].as_str().and_then(Arn::parse).is_some_and(|arn| arn.service == service)
                && stack.is_none_or(|stack| belongs(name_of(function), stack))
        })?;
        let function = mapping["FunctionArn"].as_str()?.to_owned();
        let queue = mapping["DestinationConfig"]["OnFailure"]["Destination"].as_str();
        Some((function, queue.filter(|arn| arn.contains(":sqs:")).map(str::to_owned)))
    };
    Some((taker("kinesis")?, taker("dynamodb")?))
}

/// The function's variables; `None` if the target does not report them.
pub(super) async fn variables(client: &Client, region: &str, function: &str) -> Option<Value> {
    let path = format!("/2015-03-31/functions/{function}/configuration");
    let told = client.get("lambda", region, &path).await.ok()?;
    Some(told["Environment"]["Variables"].clone())
}

/// Whether these are the variables of the pipeline's last function. If they are unknown, the chain's shape decides alone.
pub(super) fn is_last(variables: Option<&Value>) -> bool {
    variables
        .is_none_or(|variables| variables["SINK"].is_string() || variables["LAMBDA_STAGE"] == "downstream")
}

/// The URL of the endpoint's method that takes a POST, and the function behind it. With a URL given, only the function.
pub(super) async fn entrance(
    client: &Client,
    region: &str,
    given: Option<&str>,
    stack: Option<&str>,
) -> Result<Option<(String, Option<String>)>, String> {
    let apis = client.get("apigateway", region, "/restapis").await?;
    for id in each(&apis["item"]).filter_map(|api| api["id"].as_str()) {
        if given.is_some_and(|url| !url.contains(id)) {
            continue;
        }
        let stages = client.get("apigateway", region, &format!("/restapis/{id}/stages")).await?;
        let Some(stage) = each(&stages["item"]).find_map(|stage| stage["stageName"].as_str()) else {
            continue;
        };
        let resources =
            client.get("apigateway", region, &format!("/restapis/{id}/resources?embed=methods")).await?;
        for resource in each(&resources["item"]) {
            let method = &resource["resourceMethods"]["POST"];
            let Some(path) = resource["path"].as_str().filter(|_| method.is_object()) else { continue };
            let function = method["methodIntegration"]["uri"].as_str().and_then(integrated);
            if stack.is_some_and(|stack| !function.as_deref().is_some_and(|name| belongs(name, stack))) {
                continue;
            }
            return Ok(Some((format!("{}{path}", client.api(region, id, stage)), function)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(source: &str, function: &str) -> Value {
        json!({
            "EventSourceArn": source,
            "FunctionArn": format!("arn:aws:lambda:eu-west-1:0:function:{function}"),
            "DestinationConfig": { "OnFailure": { "Destination": "arn:aws:sqs:eu-west-1:0:q" } },
        })
    }

    #[test]
    fn the_stages_are_found_by_what_they_take_from() {
        let kinesis = mapping("arn:aws:kinesis:eu-west-1:0:stream/s", "middle");
        let table = mapping("arn:aws:dynamodb:eu-west-1:0:table/t/stream/1", "last");
        let (store, sink) = stages(&[table.clone(), kinesis.clone()], None).unwrap();
        assert_eq!((name_of(&store.0), name_of(&sink.0)), ("middle", "last"));
        assert_eq!(store.1.as_deref(), Some("arn:aws:sqs:eu-west-1:0:q"));
        assert!(stages(&[kinesis], None).is_none() && stages(&[table], None).is_none());
        let others =
            [("kinesis", "Other-Middle-1"), ("kinesis", "Mine-Middle-1"), ("dynamodb", "Mine-Last-1")];
        let all =
            others.map(|(service, function)| mapping(&format!("arn:aws:{service}:eu-west-1:0:x"), function));
        let (store, sink) = stages(&all, Some("Mine")).unwrap();
        assert_eq!((name_of(&store.0), name_of(&sink.0)), ("Mine-Middle-1", "Mine-Last-1"));
    }

    #[test]
    fn the_last_function_is_known_by_its_variables() {
        let check = |variables: Option<Value>, expected| {
            assert_eq!(is_last(variables.as_ref()), expected, "{variables:?}");
        };
        check(None, true);
        check(Some(json!({ "SINK": "both" })), true);
        check(Some(json!({ "LAMBDA_STAGE": "downstream" })), true);
        check(Some(json!({ "TABLE": "items" })), false);
        check(Some(json!(null)), false);
    }

    #[test]
    fn an_integration_names_its_function() {
        let uri = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:0:function:up:live/invocations";
        assert_eq!(integrated(uri), Some("up".to_owned()));
        assert_eq!(integrated("arn:aws:apigateway:r:sqs:path/0/q"), None);
    }
}
