//! What a client wants a stack to be: template, parameters, tags and capabilities.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    super::{
        service::CloudFormation,
        stack::{OnFailure, Wanted},
    },
    errors::{self, constraint, validation},
    input::{flag, items, text, texts},
};
use crate::{
    context::Context,
    error::ApiError,
    template::{Given, Template},
};

/// The longest template in a request, in bytes [CloudFormation quotas].
const LONGEST_BODY: usize = 51_200;

/// The most tags of a stack [CloudFormation quotas].
const MOST_TAGS: usize = 50;

/// The types that need a capability (`CAPABILITY_IAM`), with the property that gives a resource its name. A resource with a
/// name needs `CAPABILITY_NAMED_IAM`.
const IAM: [(&str, &str); 8] = [
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// What the cloud lacks of an operation on a stack, by the members that ask for it.
const LACKING: [&str; 6] = [
    "ResourcesToImport",
    "ResourceTypes",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
];

/// Reads what the input asks for; what the input does not mention stays as it was in `before`.
pub(super) async fn read(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
    before: Option<&Wanted>,
) -> Result<Wanted, ApiError> {
    let is_given =
        |name: &str| input.get(name).is_some_and(|value| ![json!(null), json!([])].contains(value));
    if let Some(name) = LACKING.iter().find(|name| is_given(name)) {
        return Err(validation(format!("the embedded cloud does not support the parameter {name}")));
    }
    let given = parameters(input, before)?;
    let template = match template(service, cx, input, &given).await? {
        Some(template) => template,
        None => {
            let kept = before.and_then(|before| before.template.clone());
            let kept = kept.filter(|_| flag(input, "UsePreviousTemplate"));
            kept.ok_or_else(|| validation("Either Template URL or Template Body must be specified."))?
        }
    };
    check_parameters(&template, &given)?;
    let tags = match items(input, "Tags") {
        None => before.map(|before| before.tags.clone()).unwrap_or_default(),
        Some(items) => tags(items)?,
    };
    let role = text(input, "RoleARN").map(str::to_owned);
    let topics = texts(input, "NotificationARNs");
    let on_failure = match text(input, "OnFailure").or_else(|| text(input, "OnStackFailure")) {
        Some("DO_NOTHING") => OnFailure::Nothing,
        Some("DELETE") => OnFailure::Delete,
        _ if flag(input, "DisableRollback") => OnFailure::Nothing,
        _ => OnFailure::Rollback,
    };
    let timeout = match input.get("TimeoutInMinutes").filter(|minutes| !minutes.is_null()) {
        None => before.and_then(|before| before.timeout),
        Some(minutes) => Some(timeout(minutes)?),
    };
    let rollback = input.get("RollbackConfiguration").filter(|given| given.is_object()).cloned();
    Ok(Wanted {
        template: Some(template),
        parameters: given,
        resolved: BTreeMap::new(),
        tags,
        capabilities: texts(input, "Capabilities").unwrap_or_default(),
        role: role.or_else(|| before.and_then(|before| before.role.clone())),
        topics: topics.unwrap_or_else(|| before.map(|before| before.topics.clone()).unwrap_or_default()),
        on_failure,
        timeout,
        rollback: rollback.or_else(|| before.and_then(|before| before.rollback.clone())),
        token: text(input, "ClientRequestToken").map(str::to_owned),
    })
}

/// How long a creation may take, in minutes; at least one [CreateStack].
fn timeout(minutes: &Value) -> Result<u64, ApiError> {
    let number = minutes.as_u64().or_else(|| minutes.as_str()?.parse().ok()).filter(|minutes| *minutes > 0);
    number.ok_or_else(|| {
        let shown = minutes.as_str().map_or_else(|| minutes.to_string(), str::to_owned);
        constraint("timeoutInMinutes", Some(&shown), "have value greater than or equal to 1")
    })
}

/// The template of `TemplateBody` or `TemplateURL`, if one of them is there.
pub(super) async fn template(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
    given: &BTreeMap<String, String>,
) -> Result<Option<Template>, ApiError> {
    let body = match (text(input, "TemplateBody"), text(input, "TemplateURL")) {
        (Some(_), Some(_)) => {
            return Err(validation("Only one of Template URL or Template Body may be specified."));
        }
        (Some(body), None) if body.len() > LONGEST_BODY => {
            let wanted = format!("have length less than or equal to {LONGEST_BODY}");
            return Err(constraint("templateBody", Some("…"), &wanted));
        }
        (Some(body), None) => body.to_owned(),
        (None, Some(url)) => stored(service, cx, url).await?,
        (None, None) => return Ok(None),
    };
    let given = Given { parameters: given, ..Given::default() };
    Template::read(&body, &given).map(Some).map_err(|error| errors::template(&error))
}

/// The text of a template that is stored in a bucket.
async fn stored(service: &CloudFormation, cx: &Context, url: &str) -> Result<String, ApiError> {
    let (bucket, key) = address(url).ok_or_else(|| {
        validation(format!("TemplateURL must be a supported URL: {url} names no bucket and key of Amazon S3"))
    })?;
    let input = json!({ "Bucket": bucket, "Key": key });
    let found = service.all()?.call(cx, "s3", "GetObject", input).await;
    let found = found.map_err(|error| validation(format!("S3 error: {}", error.message)))?;
    let body = found.get("Body").and_then(Value::as_str).unwrap_or_default();
    let bytes = BASE64_STANDARD.decode(body).unwrap_or_default();
    String::from_utf8(bytes).map_err(|_| validation("Template format error: the template is not UTF-8."))
}

/// Bucket and key of a URL in path style (`https://host/bucket/key`) or host style (`https://bucket.s3.host/key`).
fn address(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let in_host = host.split_once(".s3.").or_else(|| host.split_once(".s3-"));
    let (bucket, key) = match in_host {
        Some((bucket, _)) => (bucket, &*path),
        None => path.split_once('/')?,
    };
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned()))
}

/// The given values of parameters. `UsePreviousValue` takes one from the stack as it was.
fn parameters(input: &Value, before: Option<&Wanted>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut given = BTreeMap::new();
    for item in items(input, "Parameters").unwrap_or_default() {
        let key = text(item, "ParameterKey").ok_or_else(|| constraint("parameters", None, "not be null"))?;
        let value = item.get("ParameterValue").and_then(Value::as_str).map(str::to_owned);
        let value = if flag(item, "UsePreviousValue") {
            let before = before.ok_or_else(|| {
                validation(format!("Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"))
            })?;
            let declared = before.template.as_ref().and_then(|template| template.parameters.get(key));
            before.parameters.get(key).cloned().or_else(|| declared?.default.clone())
        } else {
            value
        };
        if let Some(value) = value {
            given.insert(key.to_owned(), value);
        }
    }
    Ok(given)
}

/// Checks that every parameter without a default has a value, and that every value belongs to a parameter.
fn check_parameters(template: &Template, given: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let unknown: Vec<&str> =
        given.keys().map(String::as_str).filter(|name| !template.parameters.contains_key(*name)).collect();
    if !unknown.is_empty() {
        return Err(validation(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let missing: Vec<&str> = template
        .parameters
        .iter()
        .filter(|(name, parameter)| parameter.default.is_none() && !given.contains_key(*name))
        .map(|(name, _)| name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(validation(format!("Parameters: [{}] must have values", missing.join(", "))))
}

fn tags(items: &[Value]) -> Result<Vec<(String, String)>, ApiError> {
    if items.len() > MOST_TAGS {
        let wanted = format!("have length less than or equal to {MOST_TAGS}");
        return Err(constraint("tags", Some("…"), &wanted));
    }
    items
        .iter()
        .map(|tag| {
            let key = text(tag, "Key").ok_or_else(|| constraint("tags.member.key", None, "not be null"))?;
            Ok((key.to_owned(), text(tag, "Value").unwrap_or_default().to_owned()))
        })
        .collect()
}

/// The capability that a template needs, and the types that need it.
pub(super) fn needed(template: &Template) -> (Vec<&'static str>, Vec<String>) {
    let mut kinds = Vec::new();
    let mut named = false;
    for (_, resource) in template.resources() {
        if let Some((_, name)) = IAM.iter().find(|(kind, _)| *kind == resource.kind()) {
            kinds.push(resource.kind().to_owned());
            named |= resource.properties().contains_key(*name);
        }
    }
    kinds.sort();
    kinds.dedup();
    let capability = if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    (if kinds.is_empty() { Vec::new() } else { vec![capability] }, kinds)
}

/// Refuses a template whose capabilities the client does not acknowledge. `expands` says whether transforms need a
/// capability too.
pub(super) fn check_capabilities(wanted: &Wanted, expands: bool) -> Result<(), ApiError> {
    let Some(template) = &wanted.template else { return Ok(()) };
    let has = |name: &str| wanted.capabilities.iter().any(|capability| capability == name);
    let (mut missing, _) = needed(template);
    missing.retain(|capability| {
        !(has(capability) || *capability == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM"))
    });
    if expands && !template.transforms().is_empty() && !has("CAPABILITY_AUTO_EXPAND") {
        missing.push("CAPABILITY_AUTO_EXPAND");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Requires capabilities : [{}]", missing.join(", "));
    Err(ApiError::client("InsufficientCapabilitiesException", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_in_both_styles_of_url() {
        let check = |url: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
            assert_eq!(address(url), expected, "{url}");
        };
        check("http://127.0.0.1:4566/bucket/a/b.json", Some(("bucket", "a/b.json")));
        check("https://s3.amazonaws.com/bucket/a%20b.json?x=1", Some(("bucket", "a b.json")));
        check("https://bucket.s3.eu-west-1.amazonaws.com/key", Some(("bucket", "key")));
        check("http://bucket.s3.localhost.localstack.cloud:4566/key", Some(("bucket", "key")));
        check("https://s3.amazonaws.com/bucket", None);
        check("bucket/key", None);
    }
}
