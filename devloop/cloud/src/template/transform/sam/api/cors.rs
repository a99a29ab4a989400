//! CORS settings of APIs.

use serde_json::{Map, Value, json};

use super::paths::Route;
use crate::template::transform::sam::{Outcome, only, value::is_call};

/// `Cors` of a REST API, which then answers preflight requests itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Cors {
    origin: Option<Value>,
    headers: Option<Value>,
    methods: Option<Value>,
    max_age: Option<Value>,
    credentials: bool,
}

impl Cors {
    /// Parses a text (the origin) or a map.
    pub(super) fn read(cors: &Value) -> Outcome<Self> {
        let Some(members) = cors.as_object().filter(|_| !is_call(cors)) else {
            return Ok(Self { origin: Some(cors.clone()), ..Self::default() });
        };
        let known = ["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigin", "MaxAge"];
        only(members, &known, "the property of Cors")?;
        let member = |name: &str| members.get(name).cloned();
        Ok(Self {
            origin: member("AllowOrigin"),
            headers: member("AllowHeaders"),
            methods: member("AllowMethods"),
            max_age: member("MaxAge"),
            credentials: member("AllowCredentials") == Some(Value::Bool(true)),
        })
    }

    /// The `options` method for a path with these routes; `None` if the routes have one.
    pub(super) fn options(&self, routes: &[&Route], is_openapi_3: bool) -> Option<Value> {
        if routes.iter().any(|route| route.method == "options") {
            return None;
        }
        let methods = self.methods.clone().unwrap_or_else(|| allowed(routes).into());
        let mut parameters = Map::new();
        let mut headers = Map::new();
        let mut allow = |name: &str, value: Option<&Value>, kind: &str| {
            let Some(value) = value else { return };
            parameters.insert(format!("method.response.header.Access-Control-{name}"), value.clone());
            let described = if is_openapi_3 {
                json!({ "schema": { "schema": { "type": kind } } })
            } else {
                json!({ "type": kind })
            };
            headers.insert(format!("Access-Control-{name}"), described);
        };
        allow("Allow-Origin", self.origin.as_ref(), "string");
        allow("Allow-Headers", self.headers.as_ref(), "string");
        allow("Allow-Methods", Some(&methods), "string");
        allow("Max-Age", self.max_age.as_ref(), "integer");
        allow("Allow-Credentials", self.credentials.then_some(&json!("'true'")), "string");
        let mut options = json!({
            "summary": "CORS support",
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "requestTemplates": { "application/json": "{\n  \"statusCode\" : 200\n}\n" },
                "responses": { "default": {
                    "statusCode": "200",
                    "responseParameters": parameters,
                    "responseTemplates": { "application/json": "{}\n" },
                } },
            },
            "responses": { "200": { "description": "Default response for CORS method", "headers": headers } },
        });
        if !is_openapi_3 {
            options["consumes"] = json!(["application/json"]);
            options["produces"] = json!(["application/json"]);
        }
        Some(options)
    }
}

/// The methods of a path, in quotes as API Gateway expects them.
fn allowed(routes: &[&Route]) -> String {
    if routes.iter().any(|route| route.method == "any") {
        return "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'".to_owned();
    }
    let mut methods: Vec<String> = routes.iter().map(|route| route.method.to_uppercase()).collect();
    methods.push("OPTIONS".to_owned());
    methods.sort();
    format!("'{}'", methods.join(","))
}

/// `CorsConfiguration` of an HTTP API: `true`, or a map.
pub(super) fn of_http(cors: &Value) -> Outcome<Option<Value>> {
    match cors {
        Value::Bool(true) => Ok(Some(json!({ "allowOrigins": ["*"] }))),
        Value::Bool(false) => Ok(None),
        Value::Object(members) => {
            let known = [
                "AllowCredentials",
                "AllowHeaders",
                "AllowMethods",
                "AllowOrigins",
                "ExposeHeaders",
                "MaxAge",
            ];
            only(members, &known, "the property of CorsConfiguration")?;
            let lower = |name: &str| format!("{}{}", name[..1].to_lowercase(), &name[1..]);
            Ok(Some(members.iter().map(|(name, value)| (lower(name), value.clone())).collect()))
        }
        _ => Err("CorsConfiguration is true, false or a map".to_owned()),
    }
}
