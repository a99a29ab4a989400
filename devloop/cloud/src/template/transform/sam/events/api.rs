//! `Api`: a path of a REST API.

use serde_json::{Map, Value, json};

use super::{Event, permit};
use crate::template::transform::sam::{
    Build, Outcome,
    api::{IMPLICIT_REST, Route, permitted_path},
    function::Function,
    names::suffix,
    only,
    value::{id_of, reference, substituted},
};

/// Adds the route to its API, and permits the API to invoke the function.
pub(super) fn make(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&["Auth", "Method", "Path", "RestApiId", "TimeoutInMillis"])?;
    let text = |name: &str| {
        event.required(name)?.as_str().map(str::to_owned).ok_or_else(|| format!("{name} needs a string"))
    };
    let (path, method) = (text("Path")?, text("Method")?.to_lowercase());
    let implicit = reference(IMPLICIT_REST);
    let api = event.property("RestApiId").unwrap_or(&implicit);
    let id = id_of(api).ok_or("RestApiId needs a Ref to an API of this template")?.to_owned();
    let auth = match event.property("Auth") {
        None => Map::new(),
        Some(Value::Object(auth)) => auth.clone(),
        Some(_) => return Err("Auth is no map".to_owned()),
    };
    only(
        &auth,
        &["ApiKeyRequired", "AuthorizationScopes", "Authorizer", "InvokeRole"],
        "the property of Auth",
    )?;
    let rest = build
        .rest
        .get_mut(&id)
        .ok_or_else(|| format!("there is no AWS::Serverless::Api `{id}` in this template"))?;
    let stage = rest.stage_suffix();
    rest.add(Route {
        path: path.clone(),
        method: method.clone(),
        target: function.alias.clone().unwrap_or_else(|| format!("{}.Arn", function.id())),
        condition: function.written.condition().cloned(),
        auth,
        timeout: event.property("TimeoutInMillis").cloned(),
        payload: None,
    })?;
    let method = if method == "any" { "*".to_owned() } else { method.to_uppercase() };
    let source = substituted(
        &format!(
            "arn:aws:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{method}{}",
            permitted_path(&path)
        ),
        json!({ "__ApiId__": reference(&id), "__Stage__": "*" }),
    );
    let permission = format!("{}Permission{}", event.id, suffix(&stage));
    permit(build, function, permission, "apigateway.amazonaws.com", ("SourceArn", source));
    Ok(())
}
