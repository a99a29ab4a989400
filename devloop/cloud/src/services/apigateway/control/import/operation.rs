//! The operations of one path: methods, parameters, responses and integrations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::{
        errors::bad_request,
        integrations,
        methods::{self, At},
        models,
    },
    authorizers::EXTENSION,
    document::Document,
    found, members,
};
use crate::{
    error::ApiError,
    services::apigateway::model::{Api, new_id},
};

/// The members of a path's item that are methods.
const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("x-amazon-apigateway-any-method", "ANY"),
];

/// The supported members of an integration; any other member is refused, and the error names it.
const OF_INTEGRATION: [&str; 9] = [
    "cacheNamespace",
    "connectionType",
    "contentHandling",
    "credentials",
    "passthroughBehavior",
    "requestTemplates",
    "responseTransferMode",
    "timeoutInMillis",
    "uri",
];

/// What the document has made beside its paths: ids by the names that operations use.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) validators: BTreeMap<String, String>,
    pub(super) authorizers: BTreeMap<String, String>,
}

/// What an operation asks of its callers.
#[derive(Debug, Default)]
struct Asked {
    /// The authorizer's id.
    authorizer: Option<String>,
    key: bool,
}

/// One operation and its place.
struct Operation<'a> {
    api: &'a Api,
    document: &'a Document,
    at: At<'a>,
    /// The parameters of the path, then those of the operation.
    parameters: Vec<&'a Value>,
    given: &'a Map<String, Value>,
}

/// Applies every operation of a path item.
pub(super) fn put_all(
    api: &Api,
    document: &Document,
    path: &str,
    resource: &str,
    item: &Value,
    known: &Known,
) -> Result<(), ApiError> {
    let item = document.followed(item).map_err(|error| found(&format!("the path {path}"), error))?;
    for (member, method) in METHODS {
        let Some(given) = item.get(member) else { continue };
        let place = |error| found(&format!("{method} {path}"), error);
        let given = given.as_object().ok_or_else(|| place(bad_request("the operation must be an object")))?;
        let list = |of: Option<&'_ Value>| -> Vec<Value> {
            of.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let mut parameters = list(item.get("parameters"));
        parameters.extend(list(given.get("parameters")));
        let followed =
            parameters.iter().map(|parameter| document.followed(parameter)).collect::<Result<Vec<_>, _>>();
        let at = At { resource, method };
        let operation = Operation { api, document, at, parameters: followed.map_err(place)?, given };
        operation.put(known).map_err(place)?;
    }
    match item.get("trace") {
        None => Ok(()),
        Some(_) => Err(found(path, ApiError::unsupported("the method TRACE of API Gateway"))),
    }
}

impl Operation<'_> {
    fn put(&self, known: &Known) -> Result<(), ApiError> {
        // An existing method is replaced.
        if let Some(resource) = self.api.state.write().resources.get_mut(self.at.resource) {
            resource.methods.remove(self.at.method);
        }
        let asked = self.asked(known)?;
        let own = self.given.get("x-amazon-apigateway-auth").and_then(|auth| auth.get("type"));
        let authorization = if asked.authorizer.is_some() { "CUSTOM" } else { "NONE" };
        let mut input = json!({
            "authorizationType": own.and_then(Value::as_str).unwrap_or(authorization),
            "authorizerId": asked.authorizer,
            "apiKeyRequired": asked.key,
            "operationName": self.given.get("operationId"),
            "requestParameters": self.request_parameters(),
            "requestModels": self.request_models()?,
        });
        let name = self
            .given
            .get("x-amazon-apigateway-request-validator")
            .or_else(|| self.document.member("x-amazon-apigateway-request-validator"))
            .and_then(Value::as_str);
        if let Some(name) = name {
            let id = known
                .validators
                .get(name)
                .ok_or_else(|| bad_request(format!("there is no request validator {name}")))?;
            input["requestValidatorId"] = id.as_str().into();
        }
        methods::put(self.api, &self.at, members(input))?;
        for (status, response) in self.given.get("responses").and_then(Value::as_object).into_iter().flatten()
        {
            // `default` is not a status code, and a method response needs one.
            if status != "default" {
                let input = self.response(self.document.followed(response)?)?;
                methods::put_response(self.api, &self.at, status, members(input))?;
            }
        }
        self.put_integration()
    }

    /// What the operation's `security` asks for: each of its schemes holds at once, as on AWS.
    fn asked(&self, known: &Known) -> Result<Asked, ApiError> {
        let mut asked = Asked::default();
        let security = self.given.get("security").and_then(Value::as_array).into_iter().flatten();
        for name in security.filter_map(Value::as_object).flat_map(Map::keys) {
            // A name without a scheme asks for nothing; SAM writes NONE for a method that its API's authorizer is not to guard.
            let Some((_, scheme)) = self.document.schemes().find(|(other, _)| *other == name) else {
                continue;
            };
            let scheme = self.document.followed(scheme)?;
            let part = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
            if scheme.get(EXTENSION).is_some() {
                if asked.authorizer.is_some() {
                    return Err(bad_request(
                        "a method asks one authorizer at most, and security names several",
                    ));
                }
                asked.authorizer = known.authorizers.get(name).cloned();
            } else if let kind @ ("awsSigv4" | "cognito_user_pools") = part("x-amazon-apigateway-authtype") {
                return Err(ApiError::unsupported(format_args!("the authorization {kind} of API Gateway")));
            } else if part("type") == "apiKey"
                && part("in") == "header"
                && part("name").eq_ignore_ascii_case("x-api-key")
            {
                asked.key = true;
            } else {
                return Err(ApiError::unsupported(format_args!(
                    "the security scheme {name}, which is neither an API key in x-api-key nor a Lambda authorizer"
                )));
            }
        }
        Ok(asked)
    }

    /// The parameters of path, query and headers, each with whether it is required.
    fn request_parameters(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for parameter in &self.parameters {
            let place = match parameter.get("in").and_then(Value::as_str) {
                Some("path") => "path",
                Some("query") => "querystring",
                Some("header") => "header",
                _ => continue,
            };
            if let Some(name) = parameter.get("name").and_then(Value::as_str) {
                let required = parameter.get("required").cloned().unwrap_or(false.into());
                all.insert(format!("method.request.{place}.{name}"), required);
            }
        }
        all
    }

    /// The model of the body by media type.
    fn request_models(&self) -> Result<Map<String, Value>, ApiError> {
        if self.document.is_openapi_3() {
            let Some(body) = self.given.get("requestBody") else { return Ok(Map::new()) };
            return self.models_of(self.document.followed(body)?.get("content"));
        }
        let body =
            self.parameters.iter().find(|parameter| parameter.get("in").is_some_and(|place| place == "body"));
        let Some(schema) = body.and_then(|body| body.get("schema")) else { return Ok(Map::new()) };
        let consumes = self.given.get("consumes").or_else(|| self.document.member("consumes"));
        let mut types: Vec<&str> =
            consumes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if types.is_empty() {
            types.push("application/json");
        }
        let model = self.model(schema)?;
        Ok(types.into_iter().map(|kind| (kind.to_owned(), model.clone().into())).collect())
    }

    /// The models in OpenAPI 3's `content`.
    fn models_of(&self, content: Option<&Value>) -> Result<Map<String, Value>, ApiError> {
        let mut all = Map::new();
        for (kind, media) in content.and_then(Value::as_object).into_iter().flatten() {
            if let Some(schema) = media.get("schema") {
                all.insert(kind.clone(), self.model(schema)?.into());
            }
        }
        Ok(all)
    }

    /// The name of a schema's model. Creates a model for a schema without a name.
    fn model(&self, schema: &Value) -> Result<String, ApiError> {
        if let Some(name) = Document::model_of(schema) {
            return Ok(name.to_owned());
        }
        let name = format!("MODEL{}", new_id(6));
        let schema = self.document.self_contained(schema).to_string();
        let input = json!({ "name": name, "contentType": "application/json", "schema": schema });
        models::create(self.api, members(input))?;
        Ok(name)
    }

    /// A method's response: its models and headers.
    fn response(&self, response: &Value) -> Result<Value, ApiError> {
        let models = if self.document.is_openapi_3() {
            self.models_of(response.get("content"))?
        } else {
            let schema = response.get("schema").map(|schema| self.model(schema)).transpose()?;
            schema.into_iter().map(|model| ("application/json".to_owned(), model.into())).collect()
        };
        let headers = response.get("headers").and_then(Value::as_object).into_iter().flatten();
        let parameters: Map<String, Value> =
            headers.map(|(name, _)| (format!("method.response.header.{name}"), false.into())).collect();
        Ok(json!({ "responseModels": models, "responseParameters": parameters }))
    }

    fn put_integration(&self) -> Result<(), ApiError> {
        let Some(given) = self.given.get("x-amazon-apigateway-integration") else { return Ok(()) };
        let mut given = members(self.document.followed(given)?.clone());
        let responses = given.remove("responses");
        let mut input = Map::new();
        for (name, value) in given {
            let upper =
                || value.as_str().map_or_else(|| value.clone(), |text| text.to_ascii_uppercase().into());
            match name.as_str() {
                "type" | "passthroughBehavior" | "connectionType" | "contentHandling" => {
                    input.insert(name, upper());
                }
                "httpMethod" => {
                    input.insert("integrationHttpMethod".to_owned(), upper());
                }
                // A proxy integration maps no parameters.
                "requestParameters" | "cacheKeyParameters" | "payloadFormatVersion" => {}
                name if OF_INTEGRATION.contains(&name) => {
                    input.insert(name.to_owned(), value);
                }
                name => {
                    return Err(ApiError::unsupported(format_args!(
                        "{name} of x-amazon-apigateway-integration"
                    )));
                }
            }
        }
        integrations::put(self.api, &self.at, input)?;
        for (pattern, response) in responses.as_ref().and_then(Value::as_object).into_iter().flatten() {
            let mut input = members(self.document.followed(response)?.clone());
            let status = match input.remove("statusCode") {
                Some(Value::String(status)) => status,
                Some(Value::Number(status)) => status.to_string(),
                _ => {
                    return Err(bad_request(format!(
                        "the integration's response {pattern} has no statusCode"
                    )));
                }
            };
            if pattern != "default" {
                input.insert("selectionPattern".to_owned(), pattern.clone().into());
            }
            integrations::put_response(self.api, &self.at, &status, input)?;
        }
        Ok(())
    }
}
