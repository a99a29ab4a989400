//! Helpers to build parts of templates.

use serde_json::{Map, Value, json};

/// `Ref`.
pub(super) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `Fn::GetAtt`.
pub(super) fn attribute(id: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [id, name] })
}

/// `Fn::Sub` with variables.
pub(super) fn substituted(text: &str, variables: Value) -> Value {
    json!({ "Fn::Sub": [text, variables] })
}

/// The value on `condition`, and `AWS::NoValue` otherwise; without a condition the value itself.
pub(super) fn conditional(condition: Option<&Value>, value: Value) -> Value {
    match condition {
        Some(condition) => json!({ "Fn::If": [condition, value, { "Ref": "AWS::NoValue" }] }),
        None => value,
    }
}

/// Whether a value is the call of an intrinsic function.
pub(super) fn is_call(value: &Value) -> bool {
    crate::template::functions::function(value).is_some()
}

/// The members with these names, as far as they are present.
pub(super) fn pick(members: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone()))).collect()
}

/// The name in a `Ref`, or a plain text.
pub(super) fn id_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("Ref")?.as_str())
}

/// A map of tags as CloudFormation's list. SAM's own tag comes first, if `mark` names it.
pub(super) fn tag_list(tags: Option<&Value>, mark: Option<&str>) -> Value {
    let mark = mark.map(|mark| json!({ "Key": mark, "Value": "SAM" }));
    let own = tags.and_then(Value::as_object).into_iter().flatten();
    mark.into_iter().chain(own.map(|(key, value)| json!({ "Key": key, "Value": value }))).collect()
}

/// The location of code or content in S3: a URL, or a map of bucket, key and version. `None` for a path on this machine.
pub(super) fn s3_place(value: &Value, names: [&str; 3]) -> Option<Value> {
    let [bucket_name, key_name, version_name] = names;
    if let Some(place) = value.as_object().filter(|_| !is_call(value)) {
        let mut made = Map::new();
        for (from, to) in [("Bucket", bucket_name), ("Key", key_name), ("Version", version_name)] {
            if let Some(part) = place.get(from) {
                made.insert(to.to_owned(), part.clone());
            }
        }
        return Some(Value::Object(made));
    }
    let rest = value.as_str()?.strip_prefix("s3://")?;
    let (path, version) = rest.split_once("?versionId=").map_or((rest, None), |(path, id)| (path, Some(id)));
    let (bucket, key) = path.split_once('/')?;
    let mut made = json!({ bucket_name: bucket, key_name: key });
    if let Some(version) = version {
        made[version_name] = version.into();
    }
    Some(made)
}

/// A policy document with one statement that allows `service` to assume a role.
pub(super) fn assumed_by(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": { "Service": [service] },
        }],
    })
}

/// A named policy that allows one action on one resource.
pub(super) fn allowing(name: String, action: &str, resource: &Value) -> Value {
    json!({
        "PolicyName": name,
        "PolicyDocument": { "Statement": [{ "Action": action, "Effect": "Allow", "Resource": resource }] },
    })
}
