//! An OpenAPI 3 or Swagger 2 document, whose references are resolved.

use serde_json::{Map, Value, json};

use super::super::{errors::bad_request, members::Members};
use crate::error::ApiError;

/// How many references may follow each other; more count as a circle.
const MOST_REFERENCES: usize = 20;

/// An API's document.
#[derive(Debug)]
pub(super) struct Document {
    body: Map<String, Value>,
    is_openapi_3: bool,
    /// The prefix of every path; empty, or with a leading slash.
    prefix: String,
}

impl Document {
    /// Reads a document; `base_path` says how to treat the path in Swagger's `basePath`.
    pub(super) fn read(body: Value, base_path: &str) -> Result<Self, ApiError> {
        let Value::Object(body) = body else {
            return Err(bad_request(
                "Unable to parse API definition because of a malformed definition: it must be an object",
            ));
        };
        let version = |name: &str, start: &str| {
            body.get(name).and_then(Value::as_str).is_some_and(|version| version.starts_with(start))
        };
        let is_openapi_3 = version("openapi", "3.");
        if !is_openapi_3 && !version("swagger", "2.") {
            return Err(bad_request(
                "Invalid OpenAPI input: the definition must have `openapi: 3.x` or `swagger: \"2.0\"`",
            ));
        }
        let prefix = match base_path {
            "ignore" => String::new(),
            "prepend" => {
                let path = body.get("basePath").and_then(Value::as_str).unwrap_or_default();
                path.trim_end_matches('/').to_owned()
            }
            other => {
                return Err(ApiError::unsupported(format_args!(
                    "basepath {other} of apigateway:ImportRestApi"
                )));
            }
        };
        Ok(Self { body, is_openapi_3, prefix })
    }

    /// Whether it is OpenAPI 3.
    pub(super) fn is_openapi_3(&self) -> bool {
        self.is_openapi_3
    }

    /// The API's title.
    pub(super) fn title(&self) -> Option<&str> {
        self.body.get("info")?.get("title")?.as_str()
    }

    /// The members at the document's top.
    pub(super) fn top(&self) -> Members {
        Members::read("ImportRestApi", self.body.clone())
    }

    /// The members at the document's top that `is_known` does not accept.
    pub(super) fn rest(&self, is_known: impl Fn(&str) -> bool) -> Map<String, Value> {
        self.body.clone().into_iter().filter(|(name, _)| !is_known(name)).collect()
    }

    /// A member at the document's top.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }

    /// The entries of a map at the document's top.
    pub(super) fn map(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.body.get(name).and_then(Value::as_object).into_iter().flatten()
    }

    /// The paths with their items.
    pub(super) fn paths(&self) -> impl Iterator<Item = (String, &Value)> {
        self.map("paths").map(|(path, item)| (format!("{}{path}", self.prefix), item))
    }

    /// The named schemas of the document.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&String, &Value)> {
        let named = if self.is_openapi_3 {
            self.body.get("components").and_then(|components| components.get("schemas"))
        } else {
            self.body.get("definitions")
        };
        named.and_then(Value::as_object).into_iter().flatten()
    }

    /// The security schemes by name.
    pub(super) fn schemes(&self) -> impl Iterator<Item = (&String, &Value)> {
        let named = if self.is_openapi_3 {
            self.body.get("components").and_then(|components| components.get("securitySchemes"))
        } else {
            self.body.get("securityDefinitions")
        };
        named.and_then(Value::as_object).into_iter().flatten()
    }

    /// The value itself, or the value in the document that its `$ref` points to.
    pub(super) fn followed<'v>(&'v self, mut value: &'v Value) -> Result<&'v Value, ApiError> {
        for _ in 0..MOST_REFERENCES {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
            value = self
                .at(reference)
                .ok_or_else(|| bad_request(format!("the reference {reference} points nowhere")))?;
        }
        Err(bad_request("references point in a circle"))
    }

    fn at(&self, reference: &str) -> Option<&Value> {
        let (first, rest) = reference.strip_prefix("#/")?.split_once('/')?;
        self.body.get(first)?.pointer(&format!("/{rest}"))
    }

    /// The name of the model that a schema refers to.
    pub(super) fn model_of(schema: &Value) -> Option<&str> {
        let reference = schema.get("$ref")?.as_str()?;
        let name = ["#/definitions/", "#/components/schemas/"]
            .iter()
            .find_map(|start| reference.strip_prefix(start));
        name.filter(|name| !name.contains('/'))
    }

    /// A copy of a schema without references to the outside. If it refers to a named schema, all named schemas are copied
    /// into it.
    pub(super) fn self_contained(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        if !relocated(&mut schema) {
            return schema;
        }
        let mut named = Map::new();
        for (name, other) in self.schemas() {
            let mut other = other.clone();
            relocated(&mut other);
            named.insert(name.clone(), other);
        }
        if let Value::Object(members) = &mut schema {
            members.insert("definitions".to_owned(), named.into());
        }
        schema
    }
}

/// Changes every reference to a named schema so that it points to `definitions` in the schema itself; returns whether there
/// was one.
fn relocated(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut found = false;
            if let Some(name) = Document::model_of(&json!({ "$ref": members.get("$ref") })).map(str::to_owned)
            {
                members.insert("$ref".to_owned(), format!("#/definitions/{name}").into());
                found = true;
            }
            members.values_mut().fold(found, |found, member| relocated(member) || found)
        }
        // `any` would stop at the first reference; all of them must be changed.
        Value::Array(items) => items.iter_mut().filter_map(|item| relocated(item).then_some(())).count() > 0,
        _ => false,
    }
}
