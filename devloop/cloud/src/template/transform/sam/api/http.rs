//! `AWS::Serverless::HttpApi` [AWS::Serverless::HttpApi, AWS SAM Developer Guide].

use serde_json::{Map, Value, json};

use super::{
    auth::Auth,
    cors,
    paths::{Route, add, document, integration},
};
use crate::template::transform::sam::{
    Build, Outcome, Written,
    names::suffix,
    value::{pick, reference},
};

/// The default name of an HTTP API's stage.
const DEFAULT_STAGE: &str = "$default";

/// The tag that names the creator of an API.
const MARK: &str = "httpapi:createdBy";

/// Properties that are passed to the stage under the same name.
const OF_STAGE: [&str; 4] = ["AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables"];

/// The other supported properties.
const OTHERS: [&str; 9] = [
    "Auth",
    "CorsConfiguration",
    "DefinitionBody",
    "Description",
    "DisableExecuteApiEndpoint",
    "FailOnWarnings",
    "Name",
    "StageName",
    "Tags",
];

/// An HTTP API whose routes are being collected.
#[derive(Debug)]
pub(in super::super) struct HttpApi {
    written: Written,
    auth: Auth,
    routes: Vec<Route>,
    settings: Map<String, Value>,
}

impl HttpApi {
    /// Reads the resource `AWS::Serverless::HttpApi`.
    pub(in super::super) fn read(written: Written, build: &Build<'_>) -> Outcome<Self> {
        written.only(&[&OF_STAGE[..], &OTHERS[..]].concat())?;
        let auth = written.properties.get("Auth").map(|auth| build.resolved(auth));
        let auth = Auth::of_http(auth.as_ref())?;
        Ok(Self { auth, routes: Vec::new(), settings: Map::new(), written })
    }

    /// Adds a route.
    pub(in super::super) fn add(&mut self, route: Route) -> Outcome<()> {
        add(&mut self.routes, route)
    }

    /// Adds the settings of a route.
    pub(in super::super) fn set_route(&mut self, path: &str, method: &str, settings: Value) {
        let name = if path == DEFAULT_STAGE {
            path.to_owned()
        } else {
            format!("{} {path}", if method == "any" { "ANY".to_owned() } else { method.to_uppercase() })
        };
        self.settings.insert(name, settings);
    }

    /// Whether the default route invokes this function.
    pub(in super::super) fn has_default_route_to(&self, target: &str) -> bool {
        self.routes.iter().any(|route| route.path == "$default" && route.target == target)
    }

    fn property(&self, name: &str) -> Option<&Value> {
        self.written.properties.get(name)
    }

    /// Adds the API and its stage to the template.
    pub(in super::super) fn make(self, build: &mut Build<'_>) -> Outcome<()> {
        let id = self.written.id.clone();
        let attributes = self.written.passed_on();
        let mut api = pick(&self.written.properties, &["FailOnWarnings"]);
        api.insert("Body".to_owned(), self.body(build)?);
        build.add(id.clone(), "AWS::ApiGatewayV2::Api", &self.written.attributes, Value::Object(api));

        let default = Value::from(DEFAULT_STAGE);
        let name = self.property("StageName").unwrap_or(&default);
        let stage_id = match name.as_str() {
            None => format!("{id}Stage"),
            Some(DEFAULT_STAGE) => format!("{id}ApiGatewayDefaultStage"),
            Some(stage) if stage.chars().all(char::is_alphanumeric) => format!("{id}{stage}Stage"),
            Some(stage) => format!("{id}Stage{}", suffix(stage)),
        };
        let mut stage = pick(&self.written.properties, &OF_STAGE);
        if !self.settings.is_empty() {
            let known = stage.entry("RouteSettings").or_insert(json!({}));
            if let Some(known) = known.as_object_mut() {
                for (route, settings) in self.settings.clone() {
                    known.entry(route).or_insert(settings);
                }
            }
        }
        stage.insert("ApiId".to_owned(), reference(&id));
        stage.insert("StageName".to_owned(), name.clone());
        stage.insert("AutoDeploy".to_owned(), true.into());
        let mut tags = self.property("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
        tags.insert(MARK.to_owned(), "SAM".into());
        stage.insert("Tags".to_owned(), Value::Object(tags));
        build.add(stage_id.clone(), "AWS::ApiGatewayV2::Stage", &attributes, Value::Object(stage));
        self.auth.permissions(build, &id, &attributes, false);
        build.referable.insert(format!("{id}.Stage"), stage_id);
        Ok(())
    }

    fn body(&self, build: &mut Build<'_>) -> Outcome<Value> {
        let mut body = match self.property("DefinitionBody") {
            Some(body) => {
                let paths = body.get("paths").and_then(Value::as_object);
                if self.auth.has_default() && paths.is_some_and(|paths| !paths.is_empty()) {
                    return Err("a DefaultAuthorizer beside a DefinitionBody with paths is not supported; write their security there".to_owned());
                }
                body.clone()
            }
            None => {
                let operation = |route: &Route| self.operation(route);
                let paths = document(build, &self.written.id, &self.routes, operation, |_| None)?;
                json!({
                    "openapi": "3.0.1", "info": { "version": "1.0", "title": reference("AWS::StackName") },
                    "paths": paths,
                })
            }
        };
        if let Some(name) = self.property("Name") {
            body["info"]["title"] = name.clone();
        }
        if let Some(description) = self.property("Description") {
            body["info"]["description"] = description.clone();
        }
        let schemes = self.auth.http_schemes()?;
        if !schemes.is_empty() {
            match &mut body["components"]["securitySchemes"] {
                Value::Object(known) => known.extend(schemes),
                place => *place = Value::Object(schemes),
            }
        }
        if let Some(cors) = self.property("CorsConfiguration").map(cors::of_http).transpose()?.flatten() {
            body["x-amazon-apigateway-cors"] = cors;
        }
        if let Some(disabled) = self.property("DisableExecuteApiEndpoint") {
            let settings = json!({ "disableExecuteApiEndpoint": disabled });
            body["servers"] = json!([{ "x-amazon-apigateway-endpoint-configuration": settings }]);
        }
        let own = self.property("Tags").and_then(Value::as_object).into_iter().flatten();
        let tag = |name: &str, value: &Value| json!({ "name": name, "x-amazon-apigateway-tag-value": value });
        let mut tags: Vec<Value> = own.map(|(name, value)| tag(name, value)).collect();
        tags.push(tag(MARK, &"SAM".into()));
        body["tags"] = Value::Array(tags);
        Ok(body)
    }

    fn operation(&self, route: &Route) -> Outcome<Value> {
        let mut integration = integration(route, "${AWS::Partition}");
        integration["payloadFormatVersion"] = route.payload.clone().unwrap_or_else(|| "2.0".into());
        let mut operation = json!({ "x-amazon-apigateway-integration": integration, "responses": {} });
        if route.path == "$default" {
            operation["isDefaultRoute"] = true.into();
        }
        let parameters: Vec<Value> = route
            .path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| json!({ "name": name, "in": "path", "required": true }))
            .collect();
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(security) = self.auth.security(route)? {
            operation["security"] = security;
        }
        Ok(operation)
    }
}
