//! The routes of an API, and the `paths` of its OpenAPI document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::implicit::joined;
use crate::template::transform::sam::{Build, Outcome, value::conditional};

/// A method of a path, and the function that it invokes.
#[derive(Debug, Clone)]
pub(in super::super) struct Route {
    /// The path, such as `/users/{id}`.
    pub(in super::super) path: String,
    /// The method in lower case, such as `get` or `any`.
    pub(in super::super) method: String,
    /// The function's ARN in the form that `Fn::Sub` has between `${` and `}`.
    pub(in super::super) target: String,
    /// The function's condition.
    pub(in super::super) condition: Option<Value>,
    /// `Auth` of the event.
    pub(in super::super) auth: Map<String, Value>,
    /// The integration's timeout, in ms.
    pub(in super::super) timeout: Option<Value>,
    /// The payload format version of the event.
    pub(in super::super) payload: Option<Value>,
}

impl Route {
    /// The method's name in an OpenAPI document for API Gateway.
    pub(super) fn method_name(&self) -> &str {
        if self.method == "any" { "x-amazon-apigateway-any-method" } else { &self.method }
    }
}

/// Adds a route; fails if its method and path exist already.
pub(super) fn add(routes: &mut Vec<Route>, route: Route) -> Outcome<()> {
    if routes.iter().any(|known| (&known.path, &known.method) == (&route.path, &route.method)) {
        return Err(format!("the method {} of {} is defined twice", route.method, route.path));
    }
    routes.push(route);
    Ok(())
}

/// A path in the form of a permission: parameters become `*`, and a trailing slash is removed.
pub(in super::super) fn permitted_path(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push('*');
        rest = behind;
    }
    out.push_str(rest);
    if out.len() > 1 {
        out.truncate(out.trim_end_matches('/').len());
    }
    out
}

/// The routes of each path, in order.
pub(super) fn by_path(routes: &[Route]) -> BTreeMap<&str, Vec<&Route>> {
    let mut paths: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        paths.entry(&route.path).or_default().push(route);
    }
    paths
}

/// The `paths` of the document. `operation` describes a route, which exists only while its function's condition holds;
/// `extra` adds a member to a path.
pub(super) fn document(
    build: &mut Build<'_>,
    api: &str,
    routes: &[Route],
    operation: impl Fn(&Route) -> Outcome<Value>,
    extra: impl Fn(&[&Route]) -> Option<(String, Value)>,
) -> Outcome<Value> {
    let mut paths = Map::new();
    for (path, routes) in by_path(routes) {
        let mut item = Map::new();
        for route in &routes {
            let described = conditional(route.condition.as_ref(), operation(route)?);
            item.insert(route.method_name().to_owned(), described);
        }
        item.extend(extra(&routes));
        let conditions: Vec<Option<&Value>> = routes.iter().map(|route| route.condition.as_ref()).collect();
        let name = format!("{api}{}PathCondition", condition_name(path));
        let condition = joined(build, &conditions, &name);
        paths.insert(path.to_owned(), conditional(condition.as_ref(), Value::Object(item)));
    }
    Ok(Value::Object(paths))
}

/// A path as part of a condition's name.
fn condition_name(path: &str) -> String {
    let path = path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB");
    path.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The integration that invokes the function of a route.
pub(super) fn integration(route: &Route, partition: &str) -> Value {
    let uri = json!({
        "Fn::Sub": format!(
            "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}}}/invocations",
            route.target
        ),
    });
    let mut integration = json!({
        "httpMethod": "POST", "type": "aws_proxy", "uri": conditional(route.condition.as_ref(), uri),
    });
    if let Some(timeout) = &route.timeout {
        integration["timeoutInMillis"] = timeout.clone();
    }
    integration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_name_paths_without_their_parameters() {
        let check = |path: &str, expected: &str| assert_eq!(permitted_path(path), expected);
        check("/", "/");
        check("/a/", "/a");
        check("/a/{id}/b", "/a/*/b");
        check("/{proxy+}", "/*");
    }
}
