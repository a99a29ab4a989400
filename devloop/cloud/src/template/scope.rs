//! Computes the values of intrinsic functions while a template is applied.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use super::{
    budget::Budget,
    cidr,
    document::{Template, scalar},
    error::Problem,
    functions::{Part, Substitution, arguments, attribute_name, function, substitution},
    pseudo::Pseudo,
    references::Reference,
    served::served_here,
};

/// The longest text that a function may produce, in bytes. CloudFormation limits the template to this size.
const LONGEST: usize = 1024 * 1024;

/// Looks up things that are not in the template's text.
pub(crate) trait Lookup: Sync {
    /// The value of `Ref` for an existing resource.
    fn physical_id(&self, logical: &str) -> Option<Value>;
    /// The value of `Fn::GetAtt`.
    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value>;
    /// The value that another stack exports.
    fn import(&self, name: &str) -> Option<String>;
}

/// Everything that a value can depend on.
pub(crate) struct Scope<'s> {
    pub(crate) template: &'s Template,
    pub(crate) parameters: &'s BTreeMap<String, Value>,
    pub(crate) pseudo: &'s Pseudo,
    pub(crate) conditions: &'s BTreeMap<String, bool>,
    pub(crate) lookup: &'s dyn Lookup,
    pub(crate) budget: &'s Budget,
}

impl Scope<'_> {
    /// The value with all functions computed; `None` for `AWS::NoValue`.
    pub(crate) fn value(&self, value: &Value) -> Result<Option<Value>, Problem> {
        if let Some((name, argument)) = function(value) {
            let found = self.call(name, argument)?;
            if let Some(found) = &found {
                self.budget.spend(name, found)?;
            }
            return Ok(found);
        }
        Ok(Some(match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(|item| self.value(item).transpose());
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Value::Object(self.members(members)?),
            other => other.clone(),
        }))
    }

    /// The members of an object, with all functions computed.
    pub(crate) fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
        members
            .iter()
            .filter_map(|(name, value)| match self.value(value) {
                Ok(value) => value.map(|value| Ok((name.clone(), value))),
                Err(problem) => Some(Err(problem)),
            })
            .collect()
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, Problem> {
        match name {
            "Ref" => {
                let target = argument.as_str().ok_or_else(|| Problem::malformed(name, "needs a name"))?;
                return self.reference(&Reference::Name(target.to_owned()));
            }
            "Fn::If" => {
                let [condition, yes, no] = arguments::<3>(name, argument)?;
                let condition =
                    condition.as_str().ok_or_else(|| Problem::malformed(name, "needs a condition's name"))?;
                let holds = self.conditions.get(condition);
                let holds = *holds.ok_or_else(|| Problem::UnknownCondition(condition.to_owned()))?;
                return self.value(if holds { yes } else { no });
            }
            "Fn::GetAtt" => {
                let (resource, attribute) = attribute_name(argument)?;
                let found = self.reference(&Reference::Attribute(resource, attribute))?;
                // An attribute of an HTTP API is its address.
                return Ok(found.map(|value| match value {
                    Value::String(text) => served_here(text, &self.pseudo.cx.endpoint).into(),
                    other => other,
                }));
            }
            _ => {}
        }
        Ok(Some(match name {
            "Fn::Join" => {
                let [separator, list] = arguments::<2>(name, argument)?;
                let separator = self.text(name, separator)?;
                let parts = self.list(name, list)?;
                let parts: Option<Vec<String>> = parts.iter().map(scalar).collect();
                let parts = parts.ok_or_else(|| Problem::malformed(name, "needs a list of strings"))?;
                let length: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
                check_length(name, length)?;
                served_here(parts.join(&separator), &self.pseudo.cx.endpoint).into()
            }
            "Fn::Sub" => served_here(self.substituted(argument)?, &self.pseudo.cx.endpoint).into(),
            "Fn::Select" => {
                let [index, list] = arguments::<2>(name, argument)?;
                let index = self.text(name, index)?;
                let list = self.list(name, list)?;
                let found = index.parse::<usize>().ok().and_then(|index| list.into_iter().nth(index));
                found.ok_or_else(|| Problem::malformed(name, format!("finds no item {index} in its list")))?
            }
            "Fn::Split" => {
                let [separator, text] = arguments::<2>(name, argument)?;
                let (separator, text) = (self.text(name, separator)?, self.text(name, text)?);
                if separator.is_empty() {
                    return Err(Problem::malformed(name, "needs a separator"));
                }
                text.split(&separator).map(Value::from).collect()
            }
            "Fn::FindInMap" => {
                let (keys, otherwise) = match argument.as_array().map(Vec::as_slice) {
                    Some([keys @ .., Value::Object(options)]) if keys.len() == 3 => {
                        (keys, options.get("DefaultValue").filter(|_| options.len() == 1))
                    }
                    Some(keys) => (keys, None),
                    None => (&[][..], None),
                };
                let [map, first, second] = keys else {
                    return Err(Problem::malformed(name, "needs a map and two keys"));
                };
                let path = [self.text(name, map)?, self.text(name, first)?, self.text(name, second)?];
                let found = self.template.mappings.get(&path[0]).and_then(|map| map.get(&path[1]));
                match (found.and_then(|entry| entry.get(&path[2])), otherwise) {
                    (Some(found), _) => found.clone(),
                    (None, Some(otherwise)) => return self.value(otherwise),
                    (None, None) => return Err(Problem::UnknownMapping(path.join("."))),
                }
            }
            "Fn::Cidr" => {
                let items = argument.as_array().filter(|items| (2..=3).contains(&items.len()));
                let items =
                    items.ok_or_else(|| Problem::malformed(name, "needs a block, a count and the bits"))?;
                let texts: Vec<String> =
                    items.iter().map(|item| self.text(name, item)).collect::<Result<_, _>>()?;
                let blocks = cidr::blocks(&texts[0], &texts[1], texts.get(2).map(String::as_str));
                blocks.map_err(|why| Problem::malformed(name, why))?.into_iter().map(Value::from).collect()
            }
            "Fn::Length" => self.list(name, argument)?.len().into(),
            "Fn::ToJsonString" => {
                let value = self.value(argument)?.filter(|value| value.is_object() || value.is_array());
                value.ok_or_else(|| Problem::malformed(name, "needs a map or a list"))?.to_string().into()
            }
            "Fn::Base64" => BASE64.encode(self.text(name, argument)?).into(),
            "Fn::ImportValue" => {
                let export = self.text(name, argument)?;
                self.lookup.import(&export).ok_or(Problem::UnknownImport(export))?.into()
            }
            "Fn::GetAZs" => {
                let region = self.text(name, argument)?;
                let region = if region.is_empty() { &*self.pseudo.cx.region } else { region.as_str() };
                ["a", "b", "c"].map(|zone| Value::from(format!("{region}{zone}"))).into_iter().collect()
            }
            _ => return Err(Problem::UnknownFunction(name.to_owned())),
        }))
    }

    fn reference(&self, reference: &Reference) -> Result<Option<Value>, Problem> {
        match reference {
            Reference::Name(name) if name == "AWS::NoValue" => Ok(None),
            Reference::Name(name) => {
                let found = self.pseudo.get(name).or_else(|| self.parameters.get(name).cloned());
                let found = found.or_else(|| self.lookup.physical_id(name));
                found.map(Some).ok_or_else(|| self.missing(name))
            }
            Reference::Attribute(resource, attribute) => {
                if self.lookup.physical_id(resource).is_none() {
                    return Err(self.missing(resource));
                }
                let found = self.lookup.attribute(resource, attribute);
                found.map(Some).ok_or_else(|| Problem::UnknownAttribute {
                    resource: resource.clone(),
                    attribute: attribute.clone(),
                })
            }
        }
    }

    fn missing(&self, name: &str) -> Problem {
        if self.template.resources.contains_key(name) {
            Problem::LeftOut(name.to_owned())
        } else {
            Problem::UnknownReference(name.to_owned())
        }
    }

    fn substituted(&self, argument: &Value) -> Result<String, Problem> {
        let Substitution { parts, variables } = substitution(argument)?;
        let mut out = String::new();
        for part in &parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Escaped(name) => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                Part::Variable(name) => {
                    let value = match (variables.and_then(|known| known.get(*name)), part.reference()) {
                        (Some(own), _) => self.value(own)?,
                        (None, Some(reference)) => self.reference(&reference)?,
                        (None, None) => None,
                    };
                    let text = value.as_ref().and_then(scalar);
                    let text = text.ok_or_else(|| {
                        Problem::malformed("Fn::Sub", format!("needs a string for `{name}`"))
                    })?;
                    check_length("Fn::Sub", out.len() + text.len())?;
                    out.push_str(&text);
                }
            }
        }
        Ok(out)
    }

    /// A text argument of `function`.
    pub(super) fn text(&self, function: &str, value: &Value) -> Result<String, Problem> {
        let value = self.value(value)?;
        value.as_ref().and_then(scalar).ok_or_else(|| Problem::malformed(function, "needs a string"))
    }

    /// A list argument of `function`.
    pub(super) fn list(&self, function: &str, value: &Value) -> Result<Vec<Value>, Problem> {
        match self.value(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Problem::malformed(function, "needs a list")),
        }
    }
}

fn check_length(function: &str, length: usize) -> Result<(), Problem> {
    if length > LONGEST {
        return Err(Problem::malformed(function, format!("makes a string of more than {LONGEST} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
