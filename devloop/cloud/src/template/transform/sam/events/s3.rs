//! `S3`: a bucket of the same template notifies the function.

use serde_json::{Map, Value, json};

use super::{Event, permit};
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    value::{conditional, id_of, reference},
};

/// Adds the notification to the bucket, which depends on the permission.
pub(super) fn make(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&["Bucket", "Events", "Filter"])?;
    let bucket = event.required("Bucket")?;
    let bucket =
        bucket.get("Ref").and(id_of(bucket)).ok_or("Bucket needs a Ref to a bucket of this template")?;
    let permission = format!("{}Permission", event.id);
    let source = ("SourceAccount", reference("AWS::AccountId"));
    permit(build, function, permission.clone(), "s3.amazonaws.com", source);

    let condition = function.written.condition();
    let mut notification = json!({ "Function": function.arn() });
    if let Some(filter) = event.property("Filter") {
        notification["Filter"] = filter.clone();
    }
    let kinds = match event.required("Events")? {
        Value::Array(kinds) => kinds.clone(),
        one => vec![one.clone()],
    };
    let resource = build.resources.get_mut(bucket).and_then(Value::as_object_mut);
    let resource = resource.ok_or_else(|| format!("there is no bucket `{bucket}` in this template"))?;
    match condition {
        // `DependsOn` cannot be conditional. A reference in a tag makes the bucket depend on the permission too, but only
        // while the condition holds.
        Some(condition) => {
            let tag = json!({
                "Key": format!("sam:ConditionalDependsOn:{permission}"),
                "Value": { "Fn::If": [condition, reference(&permission), "no dependency"] },
            });
            list(properties(resource)?, "Tags")?.push(tag);
        }
        None => {
            let depends = resource.remove("DependsOn");
            let mut depends = match depends {
                None => Vec::new(),
                Some(Value::Array(items)) => items,
                Some(one) => vec![one],
            };
            depends.push(permission.into());
            resource.insert("DependsOn".to_owned(), Value::Array(depends));
        }
    }
    let configuration = properties(resource)?.entry("NotificationConfiguration").or_insert(json!({}));
    let configuration =
        configuration.as_object_mut().ok_or("the bucket's NotificationConfiguration is no map")?;
    let notifications = list(configuration, "LambdaConfigurations")?;
    for kind in kinds {
        let mut one = notification.clone();
        one["Event"] = kind;
        let one = conditional(condition, one);
        if !notifications.contains(&one) {
            notifications.push(one);
        }
    }
    Ok(())
}

fn properties(resource: &mut Map<String, Value>) -> Outcome<&mut Map<String, Value>> {
    let properties = resource.entry("Properties").or_insert(json!({}));
    properties.as_object_mut().ok_or_else(|| "the bucket's Properties are no map".to_owned())
}

fn list<'m>(members: &'m mut Map<String, Value>, name: &str) -> Outcome<&'m mut Vec<Value>> {
    let list = members.entry(name).or_insert(json!([]));
    list.as_array_mut().ok_or_else(|| format!("the bucket's {name} are no list"))
}
