//! `AWS::Serverless::Api` [AWS::Serverless::Api, AWS SAM Developer Guide].

use serde_json::{Map, Value, json};

use super::{
    auth::Auth,
    cors::Cors,
    paths::{Route, add, document, integration},
};
use crate::template::{
    read::Source,
    transform::sam::{
        Build, Outcome, Written,
        names::{digest, suffix},
        value::{pick, reference, s3_place, tag_list},
    },
};

/// Properties that are passed to the REST API under the same name.
const OF_API: [&str; 7] = [
    "ApiKeySourceType",
    "BinaryMediaTypes",
    "Description",
    "FailOnWarnings",
    "MinimumCompressionSize",
    "Mode",
    "Name",
];

/// Properties that are passed to the stage under the same name.
const OF_STAGE: [&str; 8] = [
    "AccessLogSetting",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "CanarySetting",
    "MethodSettings",
    "StageName",
    "TracingEnabled",
    "Variables",
];

/// The other supported properties.
const OTHERS: [&str; 9] = [
    "Auth",
    "Cors",
    "DefinitionBody",
    "DefinitionUri",
    "DisableExecuteApiEndpoint",
    "EndpointConfiguration",
    "GatewayResponses",
    "OpenApiVersion",
    "Tags",
];

/// A REST API whose routes are being collected.
#[derive(Debug)]
pub(in super::super) struct RestApi {
    written: Written,
    auth: Auth,
    cors: Option<Cors>,
    routes: Vec<Route>,
}

impl RestApi {
    /// Reads the resource `AWS::Serverless::Api`.
    pub(in super::super) fn read(written: Written, build: &Build<'_>) -> Outcome<Self> {
        written.only(&[&OF_API[..], &OF_STAGE[..], &OTHERS[..]].concat())?;
        let property = |name: &str| written.properties.get(name);
        if property("StageName").is_none() {
            return Err("StageName is missing".to_owned());
        }
        let auth = property("Auth").map(|auth| build.resolved(auth));
        let auth = Auth::of_rest(auth.as_ref())?;
        let cors = property("Cors").map(Cors::read).transpose()?;
        Ok(Self { auth, cors, routes: Vec::new(), written })
    }

    /// Adds a route.
    pub(in super::super) fn add(&mut self, route: Route) -> Outcome<()> {
        add(&mut self.routes, route)
    }

    /// The stage in the permissions of its routes.
    pub(in super::super) fn stage_suffix(&self) -> String {
        self.property("StageName").and_then(Value::as_str).unwrap_or("Stage").to_owned()
    }

    fn property(&self, name: &str) -> Option<&Value> {
        self.written.properties.get(name)
    }

    /// Adds the API, its deployment, its stage and its authorizers' permissions to the template.
    pub(in super::super) fn make(self, build: &mut Build<'_>) -> Outcome<()> {
        let id = self.written.id.clone();
        let attributes = self.written.passed_on();
        let mut api = pick(&self.written.properties, &OF_API);
        let (name, body) = self.body(build)?;
        let deployed = digest(&body);
        api.insert(name.to_owned(), body);
        if let Some(configuration) = self.property("EndpointConfiguration") {
            endpoint(&mut api, configuration)?;
        }
        build.add(id.clone(), "AWS::ApiGateway::RestApi", &self.written.attributes, Value::Object(api));

        let deployment_id = format!("{id}Deployment{deployed}");
        let mut deployment = json!({
            "RestApiId": reference(&id), "Description": format!("RestApi deployment id: {deployed}"),
        });
        if self.property("OpenApiVersion").is_none() {
            // Without `OpenApiVersion`, SAM also makes a stage named `Stage` with the deployment.
            deployment["StageName"] = "Stage".into();
        }
        build.add(deployment_id.clone(), "AWS::ApiGateway::Deployment", &attributes, deployment);

        let stage_id = match self.property("StageName").and_then(Value::as_str) {
            None => format!("{id}Stage"),
            Some(stage) if stage.chars().all(char::is_alphanumeric) => format!("{id}{stage}Stage"),
            Some(stage) => format!("{id}Stage{}", suffix(stage)),
        };
        let mut stage = pick(&self.written.properties, &OF_STAGE);
        stage.insert("RestApiId".to_owned(), reference(&id));
        stage.insert("DeploymentId".to_owned(), reference(&deployment_id));
        if let Some(tags) = self.property("Tags") {
            stage.insert("Tags".to_owned(), tag_list(Some(tags), None));
        }
        build.add(stage_id.clone(), "AWS::ApiGateway::Stage", &attributes, Value::Object(stage));
        self.auth.permissions(build, &id, &attributes, true);
        build.referable.insert(format!("{id}.Stage"), stage_id);
        build.referable.insert(format!("{id}.Deployment"), deployment_id);
        Ok(())
    }

    /// The API's document, and the name of the property for it.
    fn body(&self, build: &mut Build<'_>) -> Outcome<(&'static str, Value)> {
        let given = match (self.property("DefinitionBody"), self.property("DefinitionUri")) {
            (Some(body), _) => Some(body.clone()),
            (None, Some(place)) => match s3_place(place, ["Bucket", "Key", "Version"]) {
                Some(place) => return Ok(("BodyS3Location", place)),
                None => Some(file(build, place)?),
            },
            (None, None) => None,
        };
        let version = self.property("OpenApiVersion").map(|version| build.resolved(version));
        let version = version.as_ref().and_then(Value::as_str).filter(|version| version.starts_with('3'));
        let is_openapi_3 =
            version.is_some() || given.as_ref().is_some_and(|body| body.get("openapi").is_some());
        let mut body = match given {
            Some(body) => {
                self.refuse_changes_of(&body)?;
                body
            }
            None => {
                let operation = |route: &Route| self.operation(route);
                let options = |routes: &[&Route]| self.options(routes, is_openapi_3);
                let paths = document(build, &self.written.id, &self.routes, operation, options)?;
                let mut body = json!({
                    "info": { "version": "1.0", "title": reference("AWS::StackName") }, "paths": paths,
                });
                match version {
                    Some(version) => body["openapi"] = version.into(),
                    None => body["swagger"] = "2.0".into(),
                }
                body
            }
        };
        let schemes = self.auth.rest_schemes(&self.routes)?;
        if !schemes.is_empty() {
            let place = if is_openapi_3 {
                &mut body["components"]["securitySchemes"]
            } else {
                &mut body["securityDefinitions"]
            };
            match place {
                Value::Object(known) => known.extend(schemes),
                place => *place = Value::Object(schemes),
            }
        }
        if let Some(types) = self.property("BinaryMediaTypes").and_then(Value::as_array) {
            let plain = |kind: &Value| {
                kind.as_str().map_or_else(|| kind.clone(), |kind| kind.replace("~1", "/").into())
            };
            body["x-amazon-apigateway-binary-media-types"] = types.iter().map(plain).collect();
        }
        if let Some(responses) = self.property("GatewayResponses") {
            body["x-amazon-apigateway-gateway-responses"] = gateway_responses(responses)?;
        }
        if let Some(disabled) = self.property("DisableExecuteApiEndpoint") {
            let settings = json!({ "disableExecuteApiEndpoint": disabled });
            if is_openapi_3 {
                body["servers"] = json!([{ "x-amazon-apigateway-endpoint-configuration": settings }]);
            } else {
                body["x-amazon-apigateway-endpoint-configuration"] = settings;
            }
        }
        Ok(("Body", body))
    }

    /// Refuses settings that would change a given document, which must contain them itself.
    fn refuse_changes_of(&self, body: &Value) -> Outcome<()> {
        let has_paths = body.get("paths").and_then(Value::as_object).is_some_and(|paths| !paths.is_empty());
        if has_paths && self.cors.is_some() {
            return Err(
                "Cors beside a DefinitionBody with paths is not supported; write their options methods there"
                    .to_owned(),
            );
        }
        if has_paths && self.auth.has_default() {
            return Err("a DefaultAuthorizer or ApiKeyRequired beside a DefinitionBody with paths is not supported; write their security there".to_owned());
        }
        Ok(())
    }

    fn operation(&self, route: &Route) -> Outcome<Value> {
        let mut integration = integration(route, "aws");
        if let Some(credentials) = self.auth.credentials(route)? {
            integration["credentials"] = credentials;
        }
        let mut operation = json!({ "x-amazon-apigateway-integration": integration, "responses": {} });
        if let Some(security) = self.auth.security(route)? {
            operation["security"] = security;
        }
        Ok(operation)
    }

    fn options(&self, routes: &[&Route], is_openapi_3: bool) -> Option<(String, Value)> {
        let mut options = self.cors.as_ref()?.options(routes, is_openapi_3)?;
        if let Some(security) = self.auth.of_preflight() {
            options["security"] = security;
        }
        Some(("options".to_owned(), options))
    }
}

/// A document in a file beside the template; SAM's own tool would upload it.
fn file(build: &Build<'_>, place: &Value) -> Outcome<Value> {
    let place = place.as_str().ok_or("DefinitionUri is no place in S3 and no file")?;
    let text = (build.given.file)(place).map_err(|why| format!("DefinitionUri `{place}` {why}"))?;
    Source::read(&text).map(|(_, body)| body).map_err(|error| format!("DefinitionUri `{place}`: {error}"))
}

fn endpoint(api: &mut Map<String, Value>, configuration: &Value) -> Outcome<()> {
    let kind = match configuration {
        Value::Object(members) if members.contains_key("Type") => {
            super::super::only(
                members,
                &["IpAddressType", "Type", "VPCEndpointIds"],
                "the property of EndpointConfiguration",
            )?;
            let mut made = json!({ "Types": [members["Type"]] });
            for (from, to) in [("VPCEndpointIds", "VpcEndpointIds"), ("IpAddressType", "IpAddressType")] {
                if let Some(value) = members.get(from) {
                    made[to] = value.clone();
                }
            }
            api.insert("EndpointConfiguration".to_owned(), made);
            &members["Type"]
        }
        kind => {
            api.insert("EndpointConfiguration".to_owned(), json!({ "Types": [kind] }));
            kind
        }
    };
    api.insert("Parameters".to_owned(), json!({ "endpointConfigurationTypes": kind }));
    Ok(())
}

fn gateway_responses(responses: &Value) -> Outcome<Value> {
    let responses = responses.as_object().ok_or("GatewayResponses is no map")?;
    let mut made = Map::new();
    for (kind, response) in responses {
        let response = response.as_object().ok_or("a response of GatewayResponses is no map")?;
        let known = ["ResponseParameters", "ResponseTemplates", "StatusCode"];
        super::super::only(response, &known, "the property of a response of GatewayResponses")?;
        let mut parameters = Map::new();
        for (group, prefix) in [("Headers", "header"), ("Paths", "path"), ("QueryStrings", "querystring")] {
            let given =
                response.get("ResponseParameters").and_then(|it| it.get(group)).and_then(Value::as_object);
            for (name, value) in given.into_iter().flatten() {
                parameters.insert(format!("gatewayresponse.{prefix}.{name}"), value.clone());
            }
        }
        let mut one = json!({
            "responseParameters": parameters,
            "responseTemplates": response.get("ResponseTemplates").cloned().unwrap_or_else(|| json!({})),
        });
        if let Some(status) = response.get("StatusCode") {
            one["statusCode"] =
                crate::template::document::scalar(status).map_or_else(|| status.clone(), Value::from);
        }
        made.insert(kind.clone(), one);
    }
    Ok(Value::Object(made))
}
