//! `CloudWatchLogs`: the lines of a log group that match a filter.

use serde_json::{Value, json};

use super::{Event, permit};
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    value::{pick, substituted},
};

/// Adds the subscription filter, which depends on its permission.
pub(super) fn make(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&["FilterPattern", "LogGroupName"])?;
    let group = event.required("LogGroupName")?;
    event.required("FilterPattern")?;
    let source = substituted(
        "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*",
        json!({ "__LogGroupName__": group }),
    );
    let permission = format!("{}Permission", event.id);
    permit(build, function, permission.clone(), "logs.amazonaws.com", ("SourceArn", source));
    let mut filter = pick(&event.properties, &["FilterPattern", "LogGroupName"]);
    filter.insert("DestinationArn".to_owned(), function.arn());
    let mut attributes = function.of_events();
    attributes.insert("DependsOn".to_owned(), json!([permission]));
    build.add(event.id.clone(), "AWS::Logs::SubscriptionFilter", &attributes, Value::Object(filter));
    Ok(())
}
