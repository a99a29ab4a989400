//! `Auth` of an API: its authorizers, and which of them each method uses.

use serde_json::{Map, Value, json};

use super::paths::Route;
use crate::template::transform::sam::{
    Build, Outcome, only,
    value::{reference, substituted},
};

/// The default credentials of an IAM authorizer: those of the caller.
const CALLER: &str = "arn:aws:iam::*:user/*";

/// The authorization settings of an API.
#[derive(Debug, Clone, Default)]
pub(super) struct Auth {
    authorizers: Map<String, Value>,
    default: Option<String>,
    api_key: bool,
    invoke_role: Option<Value>,
    preflight: bool,
    iam: bool,
}

impl Auth {
    /// Reads `Auth` of a REST API.
    pub(super) fn of_rest(auth: Option<&Value>) -> Outcome<Self> {
        let known = [
            "AddDefaultAuthorizerToCorsPreflight",
            "ApiKeyRequired",
            "Authorizers",
            "DefaultAuthorizer",
            "InvokeRole",
        ];
        Self::read(auth, &known)
    }

    /// Reads `Auth` of an HTTP API.
    pub(super) fn of_http(auth: Option<&Value>) -> Outcome<Self> {
        Self::read(auth, &["Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"])
    }

    fn read(auth: Option<&Value>, known: &[&str]) -> Outcome<Self> {
        let Some(auth) = auth else { return Ok(Self::default()) };
        let auth = auth.as_object().ok_or("Auth is no map")?;
        only(auth, known, "the property of Auth")?;
        let flag = |name: &str| auth.get(name) == Some(&Value::Bool(true));
        let authorizers = auth.get("Authorizers").and_then(Value::as_object).cloned().unwrap_or_default();
        let default = auth.get("DefaultAuthorizer").and_then(Value::as_str).map(str::to_owned);
        let read = Self {
            authorizers,
            default,
            api_key: flag("ApiKeyRequired"),
            invoke_role: auth.get("InvokeRole").cloned(),
            preflight: auth.get("AddDefaultAuthorizerToCorsPreflight") != Some(&Value::Bool(false)),
            iam: flag("EnableIamAuthorizer"),
        };
        if let Some(name) = &read.default
            && name != "AWS_IAM"
            && !read.authorizers.contains_key(name)
        {
            return Err(format!("DefaultAuthorizer names `{name}`, which is none of the Authorizers"));
        }
        Ok(read)
    }

    /// Whether methods without their own settings need an authorizer or a key.
    pub(super) fn has_default(&self) -> bool {
        self.default.is_some() || self.api_key
    }

    /// The name of a route's authorizer.
    fn asked<'a>(&'a self, route: &'a Route) -> Outcome<Option<&'a str>> {
        let Some(own) = route.auth.get("Authorizer").and_then(Value::as_str) else {
            return Ok(self.default.as_deref());
        };
        if own == "NONE" && self.default.is_none() {
            return Err("the Authorizer NONE needs an API with a DefaultAuthorizer".to_owned());
        }
        if own != "NONE" && own != "AWS_IAM" && !self.authorizers.contains_key(own) {
            return Err(format!("there is no authorizer `{own}` among the API's Authorizers"));
        }
        Ok(Some(own))
    }

    /// The `security` of a route, if it has an authorizer or needs a key.
    pub(super) fn security(&self, route: &Route) -> Outcome<Option<Value>> {
        let mut security = Vec::new();
        if let Some(name) = self.asked(route)? {
            let scopes = route.auth.get("AuthorizationScopes");
            let scopes = scopes.or_else(|| self.authorizers.get(name)?.get("AuthorizationScopes"));
            let scopes =
                scopes.filter(|_| !matches!(name, "NONE" | "AWS_IAM")).cloned().unwrap_or_else(|| json!([]));
            security.push(json!({ name: scopes }));
        }
        if self.wants_key(route) {
            security.push(json!({ "api_key": [] }));
        }
        Ok((!security.is_empty()).then_some(Value::Array(security)))
    }

    fn wants_key(&self, route: &Route) -> bool {
        route.auth.get("ApiKeyRequired").map_or(self.api_key, |own| *own == Value::Bool(true))
    }

    /// The `security` of a preflight request.
    pub(super) fn of_preflight(&self) -> Option<Value> {
        let mut security = Vec::new();
        if let Some(name) = self.default.as_deref().filter(|_| self.preflight) {
            let scopes = self.authorizers.get(name).and_then(|it| it.get("AuthorizationScopes"));
            security.push(json!({ name: scopes.cloned().unwrap_or_else(|| json!([])) }));
        }
        if self.api_key {
            security.push(json!({ "api_key": [] }));
        }
        (!security.is_empty()).then_some(Value::Array(security))
    }

    /// The credentials of a REST API's route with IAM authorization.
    pub(super) fn credentials(&self, route: &Route) -> Outcome<Option<Value>> {
        // A route whose event has `Auth` but no authorizer in it passes no credentials on.
        let own = route.auth.get("Authorizer").is_some_and(|own| own == "AWS_IAM");
        if self.asked(route)? != Some("AWS_IAM") || !(own || route.auth.is_empty()) {
            return Ok(None);
        }
        let role = route.auth.get("InvokeRole").or(self.invoke_role.as_ref());
        Ok(match role {
            None => Some(CALLER.into()),
            Some(role) if role == "CALLER_CREDENTIALS" => Some(CALLER.into()),
            Some(role) if role == "NONE" => None,
            Some(role) => Some(role.clone()),
        })
    }

    /// The authorizers in the form of a REST API's document.
    pub(super) fn rest_schemes(&self, routes: &[Route]) -> Outcome<Map<String, Value>> {
        let mut schemes = Map::new();
        for (name, authorizer) in &self.authorizers {
            schemes.insert(name.clone(), rest_scheme(name, authorizer)?);
        }
        let mut uses_iam = self.default.as_deref() == Some("AWS_IAM");
        for route in routes {
            uses_iam |= self.asked(route)? == Some("AWS_IAM");
        }
        if uses_iam {
            schemes.insert("AWS_IAM".to_owned(), iam_scheme());
        }
        if self.api_key || routes.iter().any(|route| self.wants_key(route)) {
            schemes.insert(
                "api_key".to_owned(),
                json!({ "type": "apiKey", "name": "x-api-key", "in": "header" }),
            );
        }
        Ok(schemes)
    }

    /// The authorizers in the form of an HTTP API's document.
    pub(super) fn http_schemes(&self) -> Outcome<Map<String, Value>> {
        let mut schemes = Map::new();
        for (name, authorizer) in &self.authorizers {
            schemes.insert(name.clone(), http_scheme(name, authorizer)?);
        }
        if self.iam {
            schemes.insert("AWS_IAM".to_owned(), iam_scheme());
        }
        Ok(schemes)
    }

    /// Permits API Gateway to invoke the authorizers' functions. REST APIs get this permission by default, HTTP APIs only
    /// if they ask for it.
    pub(super) fn permissions(
        &self,
        build: &mut Build<'_>,
        api: &str,
        attributes: &Map<String, Value>,
        is_rest: bool,
    ) {
        for (name, authorizer) in &self.authorizers {
            let Some(function) = authorizer.get("FunctionArn") else { continue };
            let says = |name: &str| authorizer.get(name) == Some(&Value::Bool(true));
            let wanted = if is_rest {
                !says("DisableFunctionDefaultPermissions")
            } else {
                says("EnableFunctionDefaultPermissions")
            };
            if wanted {
                let partition = if is_rest { "aws" } else { "${AWS::Partition}" };
                let source = substituted(
                    &format!(
                        "arn:{partition}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/authorizers/*"
                    ),
                    json!({ "__ApiId__": reference(api) }),
                );
                let permission = json!({
                    "Action": "lambda:InvokeFunction", "FunctionName": function,
                    "Principal": "apigateway.amazonaws.com", "SourceArn": source,
                });
                build.add(
                    format!("{api}{name}AuthorizerPermission"),
                    "AWS::Lambda::Permission",
                    attributes,
                    permission,
                );
            }
        }
    }
}

fn iam_scheme() -> Value {
    json!({
        "x-amazon-apigateway-authtype": "awsSigv4", "type": "apiKey", "name": "Authorization", "in": "header",
    })
}

/// The URI with which API Gateway invokes an authorizer's function.
fn authorizer_uri(function: &Value) -> Value {
    substituted(
        "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations",
        json!({ "__FunctionArn__": function }),
    )
}

fn rest_scheme(name: &str, authorizer: &Value) -> Outcome<Value> {
    let members = authorizer.as_object().ok_or_else(|| format!("the authorizer {name} is no map"))?;
    let what = format!("the property of the authorizer {name}");
    let identity = members.get("Identity").and_then(Value::as_object).cloned().unwrap_or_default();
    let scheme = |header: Value, kind: &str, own: Value| {
        json!({
            "type": "apiKey", "name": header, "in": "header",
            "x-amazon-apigateway-authtype": kind, "x-amazon-apigateway-authorizer": own,
        })
    };
    let header = identity.get("Header").cloned().unwrap_or_else(|| "Authorization".into());
    if let Some(pools) = members.get("UserPoolArn") {
        only(members, &["AuthorizationScopes", "Identity", "UserPoolArn"], &what)?;
        let pools = if pools.is_array() { pools.clone() } else { json!([pools]) };
        let mut own = json!({ "type": "cognito_user_pools", "providerARNs": pools });
        if let Some(expression) = identity.get("ValidationExpression") {
            own["identityValidationExpression"] = expression.clone();
        }
        return Ok(scheme(header, "cognito_user_pools", own));
    }
    only(
        members,
        &[
            "AuthorizationScopes",
            "DisableFunctionDefaultPermissions",
            "FunctionArn",
            "FunctionInvokeRole",
            "FunctionPayloadType",
            "Identity",
        ],
        &what,
    )?;
    let function = members
        .get("FunctionArn")
        .ok_or_else(|| format!("the authorizer {name} needs UserPoolArn or FunctionArn"))?;
    let by_request = members.get("FunctionPayloadType").is_some_and(|kind| kind == "REQUEST");
    let mut own = json!({
        "type": if by_request { "request" } else { "token" }, "authorizerUri": authorizer_uri(function),
    });
    if let Some(role) = members.get("FunctionInvokeRole").filter(|role| **role != "NONE") {
        own["authorizerCredentials"] = role.clone();
    }
    if let Some(seconds) = identity.get("ReauthorizeEvery") {
        own["authorizerResultTtlInSeconds"] = seconds.clone();
    }
    if by_request {
        let sources = sources(
            &identity,
            [
                ("Headers", "method.request.header."),
                ("QueryStrings", "method.request.querystring."),
                ("StageVariables", "stageVariables."),
                ("Context", "context."),
            ],
        );
        if !sources.is_empty() {
            own["identitySource"] = sources.join(", ").into();
        }
        return Ok(scheme("Unused".into(), "custom", own));
    }
    if let Some(expression) = identity.get("ValidationExpression") {
        own["identityValidationExpression"] = expression.clone();
    }
    Ok(scheme(header, "custom", own))
}

fn http_scheme(name: &str, authorizer: &Value) -> Outcome<Value> {
    let members = authorizer.as_object().ok_or_else(|| format!("the authorizer {name} is no map"))?;
    let what = format!("the property of the authorizer {name}");
    if let Some(configuration) = members.get("JwtConfiguration") {
        only(members, &["AuthorizationScopes", "IdentitySource", "JwtConfiguration"], &what)?;
        let mut own = json!({ "type": "jwt", "jwtConfiguration": configuration });
        if let Some(source) = members.get("IdentitySource") {
            own["identitySource"] = source.clone();
        }
        return Ok(json!({ "type": "oauth2", "x-amazon-apigateway-authorizer": own }));
    }
    only(
        members,
        &[
            "AuthorizerPayloadFormatVersion",
            "EnableFunctionDefaultPermissions",
            "EnableSimpleResponses",
            "FunctionArn",
            "FunctionInvokeRole",
            "Identity",
        ],
        &what,
    )?;
    let function = members
        .get("FunctionArn")
        .ok_or_else(|| format!("the authorizer {name} needs JwtConfiguration or FunctionArn"))?;
    let version = members.get("AuthorizerPayloadFormatVersion");
    let version = version
        .ok_or_else(|| format!("the authorizer {name} needs AuthorizerPayloadFormatVersion, 1.0 or 2.0"))?;
    let mut own = json!({
        "type": "request", "authorizerUri": authorizer_uri(function), "authorizerPayloadFormatVersion": version,
    });
    if let Some(role) = members.get("FunctionInvokeRole") {
        own["authorizerCredentials"] = role.clone();
    }
    if let Some(simple) = members.get("EnableSimpleResponses") {
        own["enableSimpleResponses"] = simple.clone();
    }
    if let Some(identity) = members.get("Identity").and_then(Value::as_object) {
        let sources = sources(
            identity,
            [
                ("Headers", "$request.header."),
                ("QueryStrings", "$request.querystring."),
                ("StageVariables", "$stageVariables."),
                ("Context", "$context."),
            ],
        );
        if !sources.is_empty() {
            own["identitySource"] = sources.into();
        }
        if let Some(seconds) = identity.get("ReauthorizeEvery") {
            own["authorizerResultTtlInSeconds"] = seconds.clone();
        }
    }
    Ok(json!({ "type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": own }))
}

/// The identity sources, each with the prefix of its kind.
fn sources(identity: &Map<String, Value>, kinds: [(&str, &str); 4]) -> Vec<String> {
    kinds
        .into_iter()
        .flat_map(|(kind, prefix)| {
            let names = identity.get(kind).and_then(Value::as_array).into_iter().flatten();
            names.filter_map(Value::as_str).map(move |name| format!("{prefix}{name}"))
        })
        .collect()
}
