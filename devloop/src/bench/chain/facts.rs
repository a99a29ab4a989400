//! What the AWS APIs say about functions and their event sources, as far as chains need it. Pure: it parses answers.

use std::collections::BTreeSet;

use devloop_cloud::Arn;
use serde_json::Value;

use super::{Kind, Source};
use crate::bench::target::{each, name_of};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FunctionFacts {
    pub(crate) name: String,
    /// Its ARN, without a version.
    pub(crate) arn: String,
    /// The words in the values of its variables: names, ARNs and URLs of what it uses are among them.
    pub(crate) words: BTreeSet<String>,
    /// The words in the values of variables whose names contain `FUNCTION` or `LAMBDA`: functions that it may call.
    pub(crate) calls: BTreeSet<String>,
    pub(crate) url: Option<String>,
    /// Who may call it by its resource policy: topics, buckets and rules.
    pub(crate) callers: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappingFacts {
    /// The source that the mapping reads.
    pub(crate) source: Source,
    pub(crate) function: String,
    /// The queue for records that are given up, by its ARN.
    pub(crate) on_failure: Option<String>,
}

/// A method of an API that calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MethodFacts {
    pub(crate) api: String,
    /// `GET`, `POST`, …, `ANY`.
    pub(crate) method: String,
    /// Its path, with a slash at the beginning.
    pub(crate) path: String,
    /// Where requests go.
    pub(crate) url: String,
    pub(crate) function: String,
}

/// All facts about an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) functions: Vec<FunctionFacts>,
    /// Every mapping that is not disabled.
    pub(crate) mappings: Vec<MappingFacts>,
    /// Every method that calls a function.
    pub(crate) methods: Vec<MethodFacts>,
    /// What could not be asked, and why. Chains may be incomplete without it.
    pub(crate) gaps: Vec<String>,
}

impl FunctionFacts {
    /// The function of an entry in `ListFunctions`.
    pub(crate) fn listed(entry: &Value) -> Option<Self> {
        let name = entry["FunctionName"].as_str()?.to_owned();
        let arn = entry["FunctionArn"].as_str().unwrap_or_default();
        let arn = arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
        let (mut all, mut calls) = (BTreeSet::new(), BTreeSet::new());
        for (variable, value) in entry["Environment"]["Variables"].as_object().into_iter().flatten() {
            let variable = variable.to_ascii_uppercase();
            let is_call = variable.contains("FUNCTION") || variable.contains("LAMBDA");
            for word in value.as_str().into_iter().flat_map(words) {
                if is_call || word.contains(":function:") {
                    calls.insert(word.clone());
                }
                all.insert(word);
            }
        }
        Some(Self { name, arn, words: all, calls, ..Self::default() })
    }

    /// Adds the callers that the function's resource policy names; `policy` is the answer of `GetPolicy`. Topics and buckets are
    /// taken from here, not from SNS and S3: a service can call a function only if its policy says so, and the policy is JSON on
    /// every cloud.
    pub(crate) fn add_callers(&mut self, policy: &Value) {
        let Some(text) = policy["Policy"].as_str() else { return };
        let policy: Value = serde_json::from_str(text).unwrap_or_default();
        for statement in each(&policy["Statement"]).filter(|statement| statement["Effect"] != "Deny") {
            let sources =
                ["ArnLike", "ArnEquals", "StringEquals", "StringLike"].iter().filter_map(|operator| {
                    let condition = statement["Condition"][operator].as_object()?;
                    condition.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))?.1.as_str()
                });
            for source in sources.filter_map(source) {
                let is_pushed = matches!(source.kind, Kind::Topic | Kind::Bucket | Kind::Rule);
                if is_pushed && !self.callers.contains(&source) {
                    self.callers.push(source);
                }
            }
        }
    }
}

/// Names, ARNs and URLs in a variable's value; a value may hold several.
fn words(value: &str) -> impl Iterator<Item = String> + '_ {
    value
        .split(|character: char| character.is_whitespace() || ",;\"'{}[]".contains(character))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

impl MappingFacts {
    /// The mapping of an entry in `ListEventSourceMappings`; `None` if it is disabled, or its source is of an unknown kind.
    pub(crate) fn listed(entry: &Value) -> Option<Self> {
        if ["Disabled", "Disabling", "Deleting"].iter().any(|state| entry["State"] == *state) {
            return None;
        }
        let on_failure = entry["DestinationConfig"]["OnFailure"]["Destination"].as_str();
        Some(Self {
            source: source(entry["EventSourceArn"].as_str()?)?,
            function: name_of(entry["FunctionArn"].as_str()?).to_owned(),
            on_failure: on_failure.filter(|arn| arn.contains(":sqs:")).map(str::to_owned),
        })
    }
}

/// The source of an ARN, by its service; `None` for a service that gives functions no events.
pub(crate) fn source(arn: &str) -> Option<Source> {
    let Arn { service, resource, .. } = Arn::parse(arn)?;
    let (kind, name) = match service {
        "kinesis" => (Kind::Stream, resource.strip_prefix("stream/")?.split('/').next()?),
        "dynamodb" => (Kind::Table, resource.strip_prefix("table/")?.split('/').next()?),
        "sqs" => (Kind::Queue, resource),
        "sns" => (Kind::Topic, resource.split(':').next()?),
        "s3" => (Kind::Bucket, resource.split('/').next()?),
        "events" | "scheduler" => (Kind::Rule, resource.rsplit('/').next()?),
        _ => return None,
    };
    Some(Source { kind, name: name.to_owned(), arn: arn.to_owned() })
}

/// The methods of a REST API that call functions: the answer of `GetResources` with embedded methods. `base` is the URL of the
/// API's stage without a slash at its end.
pub(crate) fn rest_methods(api: &str, base: &str, resources: &Value) -> Vec<MethodFacts> {
    let mut found = Vec::new();
    for resource in each(&resources["items"]).chain(each(&resources["item"])) {
        let Some(path) = resource["path"].as_str() else { continue };
        for (method, settings) in resource["resourceMethods"].as_object().into_iter().flatten() {
            let Some(function) = settings["methodIntegration"]["uri"].as_str().and_then(integrated) else {
                continue;
            };
            found.push(MethodFacts {
                api: api.to_owned(),
                method: method.clone(),
                path: path.to_owned(),
                url: filled(base, path),
                function,
            });
        }
    }
    found
}

/// The routes of an HTTP API that call functions: the answers of `GetRoutes` and `GetIntegrations`.
pub(crate) fn http_routes(api: &str, base: &str, routes: &Value, integrations: &Value) -> Vec<MethodFacts> {
    let function_of = |target: &str| {
        let id = target.strip_prefix("integrations/")?;
        let integration = each(&integrations["items"]).find(|each| each["integrationId"] == id)?;
        let uri = integration["integrationUri"].as_str()?;
        integrated(uri).or_else(|| uri.contains(":lambda:").then(|| name_of(uri).to_owned()))
    };
    let routes = each(&routes["items"]).filter_map(|route| {
        let key = route["routeKey"].as_str()?;
        let (method, path) = key.split_once(' ').unwrap_or(("ANY", "/"));
        Some(MethodFacts {
            api: api.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            url: filled(base, path),
            function: function_of(route["target"].as_str()?)?,
        })
    });
    routes.collect()
}

/// The URL of a path. Parameters such as `{id}` or `{proxy+}` become 1; `--api` names another URL.
fn filled(base: &str, path: &str) -> String {
    let parts =
        path.split('/').map(|part| if part.starts_with('{') && part.ends_with('}') { "1" } else { part });
    format!("{base}{}", parts.collect::<Vec<_>>().join("/"))
}

/// The stage of an HTTP API that requests go to: `$default` if there is one, or else the first.
pub(crate) fn http_stage(stages: &Value) -> Option<&str> {
    let names = || each(&stages["items"]).filter_map(|stage| stage["stageName"].as_str());
    names().find(|name| *name == "$default").or_else(|| names().next())
}

/// The function's name in an integration's URI: `…:path/2015-03-31/functions/<arn>/invocations`.
pub(crate) fn integrated(uri: &str) -> Option<String> {
    let arn = uri.split_once("/functions/")?.1.split('/').next()?;
    Some(name_of(arn).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_is_known_by_its_arn() {
        let check = |arn: &str, expected: Option<(Kind, &str)>| {
            let seen = source(arn);
            assert_eq!(seen.as_ref().map(|seen| (seen.kind, seen.name.as_str())), expected, "{arn}");
        };
        check("arn:aws:kinesis:r:0:stream/orders", Some((Kind::Stream, "orders")));
        check("arn:aws:kinesis:r:0:stream/orders/consumer/c:1", Some((Kind::Stream, "orders")));
        check(
            "arn:aws:dynamodb:r:0:table/items/stream/2026-11-28T10:00:00.000",
            Some((Kind::Table, "items")),
        );
        check("arn:aws:sqs:r:0:jobs.fifo", Some((Kind::Queue, "jobs.fifo")));
        check("arn:aws:sns:r:0:news", Some((Kind::Topic, "news")));
        check("arn:aws:s3:::photos", Some((Kind::Bucket, "photos")));
        check("arn:aws:events:r:0:rule/nightly", Some((Kind::Rule, "nightly")));
        check("arn:aws:scheduler:r:0:schedule/default/nightly", Some((Kind::Rule, "nightly")));
        check("arn:aws:kafka:r:0:cluster/c/1", None);
        check("arn:aws:sqs", None);
        check("", None);
    }

    #[test]
    fn a_function_s_variables_are_words() {
        let entry = json!({
            "FunctionName": "f", "FunctionArn": "arn:aws:lambda:r:0:function:f:live",
            "Environment": { "Variables": { "STREAM": "orders", "QUEUES": "http://x/0/a, http://x/0/b", "JSON": "{\"table\":\"items\"}", "MAILER_FUNCTION": "mailer" } },
        });
        let seen = FunctionFacts::listed(&entry).unwrap();
        assert_eq!(seen.arn, "arn:aws:lambda:r:0:function:f");
        let words: Vec<&str> = seen.words.iter().map(String::as_str).collect();
        assert_eq!(words, [":", "http://x/0/a", "http://x/0/b", "items", "mailer", "orders", "table"]);
        assert_eq!(seen.calls.iter().collect::<Vec<_>>(), ["mailer"]);
    }

    #[test]
    fn a_policy_names_topics_buckets_and_rules() {
        let statement = |service: &str, arn: &str| json!({ "Effect": "Allow", "Principal": { "Service": service }, "Condition": { "ArnLike": { "AWS:SourceArn": arn } } });
        let statements = [
            statement("sns.amazonaws.com", "arn:aws:sns:r:0:news"),
            statement("s3.amazonaws.com", "arn:aws:s3:::photos"),
            statement("events.amazonaws.com", "arn:aws:events:r:0:rule/nightly"),
            statement("apigateway.amazonaws.com", "arn:aws:execute-api:r:0:a/prod/POST/"),
            json!({ "Effect": "Allow", "Principal": "*" }),
        ];
        let mut function = FunctionFacts::default();
        function.add_callers(&json!({ "Policy": json!({ "Statement": statements }).to_string() }));
        function.add_callers(&json!({}));
        let seen: Vec<_> =
            function.callers.iter().map(|source| (source.kind, source.name.as_str())).collect();
        assert_eq!(seen, [(Kind::Topic, "news"), (Kind::Bucket, "photos"), (Kind::Rule, "nightly")]);
    }

    #[test]
    fn mappings_that_are_off_give_no_events() {
        let entry = |state: &str| {
            json!({
                "EventSourceArn": "arn:aws:sqs:r:0:jobs", "FunctionArn": "arn:aws:lambda:r:0:function:f", "State": state,
                "DestinationConfig": { "OnFailure": { "Destination": "arn:aws:sqs:r:0:dead" } },
            })
        };
        let seen = MappingFacts::listed(&entry("Enabled")).unwrap();
        assert_eq!((seen.function.as_str(), seen.on_failure.as_deref()), ("f", Some("arn:aws:sqs:r:0:dead")));
        assert_eq!(MappingFacts::listed(&entry("Disabled")), None);
    }

    #[test]
    fn methods_and_routes_name_their_functions() {
        let uri = |name: &str| {
            format!(
                "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:0:function:{name}:live/invocations"
            )
        };
        let resources = json!({ "item": [
            { "path": "/orders", "resourceMethods": {
                "POST": { "methodIntegration": { "uri": uri("orders") } },
                "PUT": { "methodIntegration": { "uri": "arn:aws:apigateway:r:sqs:path/0/q" } },
            } },
            { "path": "/" },
        ] });
        let seen = rest_methods("a", "http://x/prod", &resources);
        let shown: Vec<_> = seen.iter().map(|seen| (&*seen.method, &*seen.url, &*seen.function)).collect();
        assert_eq!(shown, [("POST", "http://x/prod/orders", "orders")]);

        let routes = json!({ "items": [
            { "routeKey": "GET /things/{id}", "target": "integrations/1" },
            { "routeKey": "$default", "target": "integrations/2" },
            { "routeKey": "GET /old", "target": "integrations/9" },
        ] });
        let integrations = json!({ "items": [
            { "integrationId": "1", "integrationUri": uri("things") },
            { "integrationId": "2", "integrationUri": "arn:aws:lambda:r:0:function:rest" },
        ] });
        let seen = http_routes("h", "http://x", &routes, &integrations);
        let shown: Vec<_> = seen.iter().map(|seen| (&*seen.method, &*seen.url, &*seen.function)).collect();
        assert_eq!(shown, [("GET", "http://x/things/1", "things"), ("ANY", "http://x/", "rest")]);
    }

    #[test]
    fn requests_go_to_the_default_stage_or_to_the_first() {
        let check = |names: &[&str], expected: Option<&str>| {
            let items: Vec<Value> = names.iter().map(|name| json!({ "stageName": name })).collect();
            assert_eq!(http_stage(&json!({ "items": items })), expected);
        };
        check(&["v1", "$default"], Some("$default"));
        check(&["v1", "v2"], Some("v1"));
        check(&[], None);
    }
}
