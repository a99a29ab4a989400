//! `HttpApi`: a route of an HTTP API.

use serde_json::{Map, Value, json};

use super::{Event, permit};
use crate::template::transform::sam::{
    Build, Outcome,
    api::{IMPLICIT_HTTP, Route, permitted_path},
    function::Function,
    only,
    value::{id_of, reference, substituted},
};

/// Adds the route to its API, and permits the API to invoke the function. Without a path it is the default route.
pub(super) fn make(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&[
        "ApiId",
        "Auth",
        "Method",
        "Path",
        "PayloadFormatVersion",
        "RouteSettings",
        "TimeoutInMillis",
    ])?;
    let text = |name: &str| match event.property(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} needs a string")),
    };
    let (path, method) = match (text("Path")?, text("Method")?) {
        (Some(path), Some(method)) => (path, method.to_lowercase()),
        (None, None) => ("$default".to_owned(), "any".to_owned()),
        _ => return Err("Path and Method come together, or neither of them".to_owned()),
    };
    let implicit = reference(IMPLICIT_HTTP);
    let api = event.property("ApiId").unwrap_or(&implicit);
    let id = id_of(api).ok_or("ApiId needs a Ref to an API of this template")?.to_owned();
    let auth = match event.property("Auth") {
        None => Map::new(),
        Some(Value::Object(auth)) => auth.clone(),
        Some(_) => return Err("Auth is no map".to_owned()),
    };
    only(&auth, &["AuthorizationScopes", "Authorizer"], "the property of Auth")?;
    let http = build.http.get_mut(&id);
    let http = http.ok_or_else(|| format!("there is no AWS::Serverless::HttpApi `{id}` in this template"))?;
    let target = function.alias.clone().unwrap_or_else(|| format!("{}.Arn", function.id()));
    // The permission of the default route also covers the function's other routes.
    let is_covered = function.alias.is_none() && http.has_default_route_to(&target);
    http.add(Route {
        path: path.clone(),
        method: method.clone(),
        target,
        condition: function.written.condition().cloned(),
        auth,
        timeout: event.property("TimeoutInMillis").cloned(),
        payload: event.property("PayloadFormatVersion").cloned(),
    })?;
    if let Some(settings) = event.property("RouteSettings") {
        http.set_route(&path, &method, settings.clone());
    }
    if is_covered {
        return Ok(());
    }
    let resource = if path == "$default" {
        "*".to_owned()
    } else {
        let method = if method == "any" { "*".to_owned() } else { method.to_uppercase() };
        format!("{method}{}", permitted_path(&path))
    };
    let source = substituted(
        &format!(
            "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{resource}"
        ),
        json!({ "__ApiId__": reference(&id), "__Stage__": "*" }),
    );
    permit(
        build,
        function,
        format!("{}Permission", event.id),
        "apigateway.amazonaws.com",
        ("SourceArn", source),
    );
    Ok(())
}
