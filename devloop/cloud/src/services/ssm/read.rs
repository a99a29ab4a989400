//! Reads parameters: by name, by path, with their history, or only their descriptions.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    filters::{Filter, below, wanted},
    store::{Parameter, Store, Version, not_found, split},
};
use crate::{context::Context, error::ApiError, wire};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

/// [GetParameter, Systems Manager API reference]
pub(crate) fn get(store: &Store, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let get: Get = wire::read(input)?;
    let (name, selector) = split(&get.name);
    let parameters = store.0.read();
    let parameter = parameters.get(&name).ok_or_else(|| not_found(&name))?;
    let version = parameter.select(&name, selector)?;
    Ok(json!({"Parameter": shown(cx, &name, selector, version, get.with_decryption)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetMany {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

/// [GetParameters, Systems Manager API reference]
pub(crate) fn get_many(store: &Store, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let get: GetMany = wire::read(input)?;
    if get.names.is_empty() || get.names.len() > 10 {
        return Err(ApiError::constraint(
            format_args!("{:?}", get.names),
            "names",
            "have length less than or equal to 10, and greater than or equal to 1",
        ));
    }
    let parameters = store.0.read();
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for text in get.names {
        let (name, selector) = split(&text);
        match parameters.get(&name).and_then(|parameter| parameter.select(&name, selector).ok()) {
            Some(version) => found.push(shown(cx, &name, selector, version, get.with_decryption)),
            None => invalid.push(text),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// [GetParametersByPath, Systems Manager API reference]
pub(crate) fn by_path(store: &Store, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let get: ByPath = wire::read(input)?;
    if !get.path.starts_with('/') {
        return Err(ApiError::validation(format!(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward \
             slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, \
             numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not \
             allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: \
             /get/parameters2-/by1./path0_. Given: {}",
            get.path
        )));
    }
    let limit = page_size(get.max_results, 10)?;
    let all = |name: &str, _: &Parameter| Ok(below(name, &get.path, get.recursive));
    page(
        store,
        "Parameters",
        &get.parameter_filters,
        limit,
        get.next_token.as_deref(),
        all,
        |name, _, version| shown(cx, name, None, version, get.with_decryption),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// [DescribeParameters, Systems Manager API reference]
pub(crate) fn describe(store: &Store, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let describe: Describe = wire::read(input)?;
    if !describe.filters.is_empty() && !describe.parameter_filters.is_empty() {
        return Err(ApiError::validation(
            "You can use either Filters or ParameterFilters in a single request.",
        ));
    }
    // Filters of the older kind match by prefix.
    let older = describe.filters.into_iter().map(Filter::by_prefix);
    let filters: Vec<_> = describe.parameter_filters.into_iter().chain(older).collect();
    let limit = page_size(describe.max_results, 50)?;
    page(
        store,
        "Parameters",
        &filters,
        limit,
        describe.next_token.as_deref(),
        |_, _| Ok(true),
        |name, _, version| {
            let mut members = metadata(cx, name, version);
            members.insert("ARN".to_owned(), arn(cx, name).into());
            members.into()
        },
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct History {
    name: String,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// [GetParameterHistory, Systems Manager API reference]
pub(crate) fn history(store: &Store, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let get: History = wire::read(input)?;
    let (name, _) = split(&get.name);
    let limit = page_size(get.max_results, 50)?;
    let after =
        get.next_token.as_deref().map(|token| token.parse::<i64>().map_err(|_| bad_token())).transpose()?;
    let parameters = store.0.read();
    let parameter = parameters.get(&name).ok_or_else(|| not_found(&name))?;
    let mut rest = parameter.versions().filter(|version| after.is_none_or(|after| version.number > after));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let versions = page.iter().map(|version| {
        let mut members = metadata(cx, &name, version);
        members.insert("Value".to_owned(), version.shown(get.with_decryption).into());
        members.insert("Labels".to_owned(), json!([]));
        Value::from(members)
    });
    let mut output = json!({"Parameters": versions.collect::<Vec<_>>()});
    if let Some(last) = page.last().filter(|_| more) {
        output["NextToken"] = last.number.to_string().into();
    }
    Ok(output)
}

/// One page of the parameters that pass the filters; its token is the last name on the page.
fn page(
    store: &Store,
    list: &str,
    filters: &[Filter],
    limit: usize,
    token: Option<&str>,
    passes: impl Fn(&str, &Parameter) -> Result<bool, ApiError>,
    show: impl Fn(&str, &Parameter, &Version) -> Value,
) -> Result<Value, ApiError> {
    let (mut items, mut last, mut more) = (Vec::new(), "", false);
    let parameters = store.0.read();
    for (name, parameter) in parameters.iter() {
        let Some(version) = parameter.latest() else { continue };
        if token.is_some_and(|token| name.as_str() <= token)
            || !passes(name, parameter)?
            || !wanted(filters, name, parameter, version)?
        {
            continue;
        }
        if items.len() == limit {
            more = true;
            break;
        }
        items.push(show(name, parameter, version));
        last = name;
    }
    let mut output = Map::new();
    output.insert(list.to_owned(), items.into());
    if more {
        output.insert("NextToken".to_owned(), last.into());
    }
    Ok(output.into())
}

fn page_size(wanted: Option<i64>, most: usize) -> Result<usize, ApiError> {
    match wanted {
        None => Ok(most),
        Some(number) if (1..=most as i64).contains(&number) => Ok(number as usize),
        Some(number) => {
            Err(ApiError::constraint(number, "maxResults", &format!("have value between 1 and {most}")))
        }
    }
}

fn bad_token() -> ApiError {
    ApiError::client("InvalidNextToken", "The specified token is not valid.")
}

fn arn(cx: &Context, name: &str) -> String {
    cx.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

fn shown(cx: &Context, name: &str, selector: Option<&str>, version: &Version, decrypted: bool) -> Value {
    let mut members = json!({
        "Name": name,
        "Type": version.kind,
        "Value": version.shown(decrypted),
        "Version": version.number,
        "LastModifiedDate": wire::epoch_seconds(version.modified_ms),
        "ARN": arn(cx, name),
        "DataType": "text",
    });
    if let Some(selector) = selector {
        members["Selector"] = format!(":{selector}").into();
    }
    members
}

/// The members that a parameter's history and its description share. Every change is called the account's own, because nobody is
/// authenticated.
fn metadata(cx: &Context, name: &str, version: &Version) -> Map<String, Value> {
    let mut members = Map::new();
    let mut insert = |member: &str, value: Value| members.insert(member.to_owned(), value);
    insert("Name", name.into());
    insert("Type", version.kind.into());
    insert("Version", version.number.into());
    insert("LastModifiedDate", wire::epoch_seconds(version.modified_ms));
    insert("LastModifiedUser", format!("arn:aws:iam::{}:root", cx.account).into());
    insert("Tier", version.tier.into());
    insert("DataType", "text".into());
    insert("Policies", json!([]));
    for (member, text) in [
        ("Description", &version.description),
        ("AllowedPattern", &version.allowed_pattern),
        ("KeyId", &version.key_id),
    ] {
        if let Some(text) = text {
            insert(member, text.as_str().into());
        }
    }
    members
}
