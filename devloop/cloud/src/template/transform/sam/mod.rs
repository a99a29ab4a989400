//! `AWS::Serverless-2016-10-31`: converts a SAM template to the CloudFormation template that AWS makes of it [AWS SAM
//! template specification, AWS SAM Developer Guide]. Pure: a document in, a document out.

mod api;
mod connector;
mod events;
mod function;
mod globals;
mod invoke_config;
mod layer;
mod names;
mod policies;
mod publish;
mod references;
mod role;
mod table;
mod url;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Given, failed};
use crate::template::{error::TemplateError, parameters::plain_values};
use api::{HttpApi, RestApi};

/// The transform's name.
pub(super) const SAM: &str = "AWS::Serverless-2016-10-31";

/// The prefix of every SAM resource type.
const PREFIX: &str = "AWS::Serverless::";

/// Why a resource cannot be transformed.
type Outcome<T> = Result<T, String>;

/// A resource as the template has it.
#[derive(Debug, Clone)]
struct Written {
    id: String,
    properties: Map<String, Value>,
    /// Attributes such as `Condition`, `DependsOn`, `Metadata` and `DeletionPolicy`.
    attributes: Map<String, Value>,
}

/// A transform in progress.
struct Build<'b> {
    parameters: &'b BTreeMap<String, Value>,
    given: &'b Given<'b>,
    /// The resources of other types, and those created so far.
    resources: Map<String, Value>,
    conditions: Map<String, Value>,
    /// The targets of references such as `Ref: Resource.Name`: the text in the SAM template, and the logical id after the
    /// transform.
    referable: BTreeMap<String, String>,
    rest: BTreeMap<String, RestApi>,
    http: BTreeMap<String, HttpApi>,
    /// The types of resources in the SAM template, for connectors.
    types: BTreeMap<String, String>,
}

/// Transforms the document in place.
pub(super) fn transform(document: &mut Value, given: &Given<'_>) -> Result<(), TemplateError> {
    let parameters = plain_values(document, given.parameters);
    let global = document.as_object_mut().and_then(|sections| sections.remove("Globals"));
    let global = globals::checked(global.as_ref()).map_err(|why| failed(SAM, None, why))?;
    let Some(resources) = document.get_mut("Resources").and_then(Value::as_object_mut) else {
        return Err(failed(SAM, None, "the template has no Resources"));
    };
    let mut build = Build {
        parameters: &parameters,
        given,
        resources: Map::new(),
        conditions: Map::new(),
        referable: BTreeMap::new(),
        rest: BTreeMap::new(),
        http: BTreeMap::new(),
        types: BTreeMap::new(),
    };
    let mut written: BTreeMap<String, Vec<Written>> = BTreeMap::new();
    for (id, resource) in std::mem::take(resources) {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        build.types.insert(id.clone(), kind.clone());
        match kind.strip_prefix(PREFIX) {
            None => {
                build.resources.insert(id, resource);
            }
            Some(kind) => {
                let read = globals::merged(read(id.clone(), resource), kind, &global);
                let read = read.map_err(|why| failed(SAM, Some(&id), why))?;
                written.entry(kind.to_owned()).or_default().push(read);
            }
        }
    }
    build.all(written, &global)?;
    let Build { resources: made, conditions, referable, .. } = build;
    *resources = made;
    if !conditions.is_empty() {
        let known =
            document.as_object_mut().map(|sections| sections.entry("Conditions").or_insert(json!({})));
        if let Some(Value::Object(known)) = known {
            known.extend(conditions);
        }
    }
    references::replace(document, &referable);
    Ok(())
}

/// Splits a resource into properties and attributes.
fn read(id: String, resource: Value) -> Written {
    let mut attributes = match resource {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    attributes.remove("Type");
    let properties = match attributes.remove("Properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    Written { id, properties, attributes }
}

impl Build<'_> {
    fn all(
        &mut self,
        mut written: BTreeMap<String, Vec<Written>>,
        global: &Map<String, Value>,
    ) -> Result<(), TemplateError> {
        let mut connectors = connector::embedded(&mut written, &mut self.resources)?;
        let each = |written: &mut BTreeMap<String, Vec<Written>>, kind: &str| {
            written.remove(kind).unwrap_or_default()
        };
        for resource in each(&mut written, "Api") {
            let id = resource.id.clone();
            let api = RestApi::read(resource, self).map_err(|why| failed(SAM, Some(&id), why))?;
            self.rest.insert(id, api);
        }
        for resource in each(&mut written, "HttpApi") {
            let id = resource.id.clone();
            let api = HttpApi::read(resource, self).map_err(|why| failed(SAM, Some(&id), why))?;
            self.http.insert(id, api);
        }
        let functions = each(&mut written, "Function");
        api::implicit::prepare(self, &functions, global).map_err(|why| failed(SAM, None, why))?;
        for resource in functions {
            let id = resource.id.clone();
            function::make(self, resource).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        for (id, api) in std::mem::take(&mut self.rest) {
            api.make(self).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        for (id, api) in std::mem::take(&mut self.http) {
            api.make(self).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        for resource in each(&mut written, "SimpleTable") {
            let id = resource.id.clone();
            table::make(self, resource).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        for resource in each(&mut written, "LayerVersion") {
            let id = resource.id.clone();
            layer::make(self, resource).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        connectors.extend(each(&mut written, "Connector"));
        for resource in connectors {
            let id = resource.id.clone();
            connector::make(self, &resource).map_err(|why| failed(SAM, Some(&id), why))?;
        }
        match written.into_iter().next() {
            None => Ok(()),
            Some((kind, resources)) => {
                let why = format!(
                    "{PREFIX}{kind} is not supported; there are Api, Connector, Function, HttpApi, LayerVersion and SimpleTable"
                );
                Err(failed(SAM, resources.first().map(|resource| resource.id.as_str()), why))
            }
        }
    }

    /// Adds a resource with this type, these attributes and these properties.
    fn add(&mut self, id: impl Into<String>, kind: &str, attributes: &Map<String, Value>, properties: Value) {
        let mut resource = attributes.clone();
        resource.insert("Type".to_owned(), kind.into());
        resource.insert("Properties".to_owned(), properties);
        self.resources.insert(id.into(), Value::Object(resource));
    }

    /// A value with its references to parameters replaced, if the parameters have values.
    fn resolved(&self, value: &Value) -> Value {
        references::with_parameters(value, self.parameters)
    }
}

impl Written {
    /// The attributes that are passed on to the resources created for this one.
    fn passed_on(&self) -> Map<String, Value> {
        let passed = ["Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"];
        self.attributes
            .iter()
            .filter(|(name, _)| passed.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The resource's condition.
    fn condition(&self) -> Option<&Value> {
        self.attributes.get("Condition")
    }

    /// Fails if the resource has other properties than these.
    fn only(&self, known: &[&str]) -> Outcome<()> {
        only(&self.properties, known, "the property")
    }
}

/// Fails if there are other members than these.
fn only(members: &Map<String, Value>, known: &[&str], what: &str) -> Outcome<()> {
    let unknown: Vec<&str> =
        members.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(format!("{what} {} is not supported; there are {}", unknown.join(", "), known.join(", ")))
}
