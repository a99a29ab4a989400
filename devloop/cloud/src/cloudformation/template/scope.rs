//! What names mean while a template is applied, and the values of intrinsic functions in that light.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use super::{
    document::{Template, scalar},
    error::{Problem, TemplateError},
    functions::{Part, Substitution, arguments, attribute_name, function, substitution},
    references::Reference,
    served::served_here,
};
use crate::context::Context;

/// The pseudo parameters of one stack.
#[derive(Debug, Clone)]
pub(in super::super) struct Pseudo {
    cx: Context,
    stack_name: String,
    stack_id: String,
}

impl Pseudo {
    /// The pseudo parameters of the stack `name`, whose id is `id`.
    pub(in super::super) fn new(cx: &Context, name: &str, id: String) -> Self {
        Self { cx: cx.clone(), stack_name: name.to_owned(), stack_id: id }
    }

    fn get(&self, name: &str) -> Option<Value> {
        Some(Value::from(match name {
            "AWS::AccountId" => &*self.cx.account,
            "AWS::Region" => &*self.cx.region,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => self.stack_name.as_str(),
            "AWS::StackId" => self.stack_id.as_str(),
            "AWS::NotificationARNs" => return Some(Value::Array(Vec::new())),
            _ => return None,
        }))
    }

    /// Whether a name is one of theirs.
    pub(in super::super) fn knows(&self, name: &str) -> bool {
        name == "AWS::NoValue" || self.get(name).is_some()
    }
}

/// What exists outside the template's text.
pub(in super::super) trait Lookup {
    /// The value of `Ref` for a resource that exists by now.
    fn physical_id(&self, logical: &str) -> Option<Value>;
    /// The value of `Fn::GetAtt`.
    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value>;
    /// The value that another stack exports.
    fn import(&self, name: &str) -> Option<String>;
}

/// Nothing exists yet: the world in which conditions are decided.
struct Nothing;

impl Lookup for Nothing {
    fn physical_id(&self, _: &str) -> Option<Value> {
        None
    }

    fn attribute(&self, _: &str, _: &str) -> Option<Value> {
        None
    }

    fn import(&self, _: &str) -> Option<String> {
        None
    }
}

/// Everything that a value can depend on.
pub(in super::super) struct Scope<'s> {
    pub(in super::super) template: &'s Template,
    pub(in super::super) parameters: &'s BTreeMap<String, Value>,
    pub(in super::super) pseudo: &'s Pseudo,
    pub(in super::super) conditions: &'s BTreeMap<String, bool>,
    pub(in super::super) lookup: &'s dyn Lookup,
}

impl Scope<'_> {
    /// The value of `value` with all functions computed; `None` for `AWS::NoValue`.
    pub(in super::super) fn value(&self, value: &Value) -> Result<Option<Value>, Problem> {
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument);
        }
        Ok(Some(match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(|item| self.value(item).transpose());
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Value::Object(self.members(members)?),
            Value::String(text) if text.contains("{{resolve:") => {
                return Err(Problem::DynamicReference(text.clone()));
            }
            other => other.clone(),
        }))
    }

    /// The members of an object with all functions computed.
    pub(in super::super) fn members(
        &self,
        members: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Problem> {
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
                let target = argument.as_str().ok_or_else(|| Problem::malformed(name, "wants a name"))?;
                return self.reference(&Reference::Name(target.to_owned()));
            }
            "Fn::If" => {
                let [condition, yes, no] = arguments::<3>(name, argument)?;
                let condition =
                    condition.as_str().ok_or_else(|| Problem::malformed(name, "wants a condition's name"))?;
                let holds = self.conditions.get(condition);
                let holds = *holds.ok_or_else(|| Problem::UnknownCondition(condition.to_owned()))?;
                return self.value(if holds { yes } else { no });
            }
            "Fn::GetAtt" => {
                let (resource, attribute) = attribute_name(argument)?;
                return self.reference(&Reference::Attribute(resource, attribute));
            }
            _ => {}
        }
        Ok(Some(match name {
            "Fn::Join" => {
                let [separator, list] = arguments::<2>(name, argument)?;
                let separator = self.text(name, separator)?;
                let parts = self.list(name, list)?;
                let parts: Option<Vec<String>> = parts.iter().map(scalar).collect();
                let parts = parts.ok_or_else(|| Problem::malformed(name, "wants a list of texts"))?;
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
                    return Err(Problem::malformed(name, "wants a separator"));
                }
                text.split(&separator).map(Value::from).collect()
            }
            "Fn::FindInMap" => {
                let [map, first, second] = arguments::<3>(name, argument)?;
                let path = [self.text(name, map)?, self.text(name, first)?, self.text(name, second)?];
                let found = self.template.mappings.get(&path[0]).and_then(|map| map.get(&path[1]));
                let found = found.and_then(|entry| entry.get(&path[2]));
                found.ok_or_else(|| Problem::UnknownMapping(path.join(".")))?.clone()
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
                    let text = text
                        .ok_or_else(|| Problem::malformed("Fn::Sub", format!("wants a text for `{name}`")))?;
                    out.push_str(&text);
                }
            }
        }
        Ok(out)
    }

    fn text(&self, function: &str, value: &Value) -> Result<String, Problem> {
        let value = self.value(value)?;
        value.as_ref().and_then(scalar).ok_or_else(|| Problem::malformed(function, "wants a text"))
    }

    fn list(&self, function: &str, value: &Value) -> Result<Vec<Value>, Problem> {
        match self.value(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Problem::malformed(function, "wants a list")),
        }
    }
}

/// Decides the template's conditions.
pub(in super::super) fn conditions(
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, TemplateError> {
    let mut decided = BTreeMap::new();
    for name in template.conditions.keys() {
        let mut deciding = Decision { template, parameters, pseudo, decided: &mut decided, open: Vec::new() };
        deciding.named(name).map_err(TemplateError::at(format!("condition `{name}`")))?;
    }
    Ok(decided)
}

/// A condition on its way to be decided, with the ones that it needs.
struct Decision<'d> {
    template: &'d Template,
    parameters: &'d BTreeMap<String, Value>,
    pseudo: &'d Pseudo,
    decided: &'d mut BTreeMap<String, bool>,
    open: Vec<String>,
}

impl Decision<'_> {
    fn named(&mut self, name: &str) -> Result<bool, Problem> {
        if let Some(known) = self.decided.get(name) {
            return Ok(*known);
        }
        let unknown = || Problem::UnknownCondition(name.to_owned());
        let template = self.template;
        let definition = template.conditions.get(name).ok_or_else(unknown)?;
        if self.open.iter().any(|open| open == name) {
            return Err(Problem::CircularCondition(name.to_owned()));
        }
        self.open.push(name.to_owned());
        let holds = self.holds(definition)?;
        self.open.pop();
        self.decided.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn holds(&mut self, definition: &Value) -> Result<bool, Problem> {
        let malformed =
            || Problem::malformed("Condition", "wants Fn::Equals, Fn::Not, Fn::And, Fn::Or or a condition");
        let members = definition.as_object().filter(|members| members.len() == 1).ok_or_else(malformed)?;
        let (name, argument) = members.iter().next().ok_or_else(malformed)?;
        match name.as_str() {
            "Condition" => self.named(argument.as_str().ok_or_else(malformed)?),
            "Fn::Equals" => {
                let [left, right] = arguments::<2>(name, argument)?;
                Ok(self.comparable(left)? == self.comparable(right)?)
            }
            "Fn::Not" => {
                let [inner] = arguments::<1>(name, argument)?;
                Ok(!self.holds(inner)?)
            }
            "Fn::And" | "Fn::Or" => {
                let items = argument.as_array().filter(|items| (2..=10).contains(&items.len()));
                let items = items.ok_or_else(|| Problem::malformed(name, "wants 2 to 10 conditions"))?;
                let all: Vec<bool> = items.iter().map(|item| self.holds(item)).collect::<Result<_, _>>()?;
                Ok(if name == "Fn::And" {
                    all.into_iter().all(|it| it)
                } else {
                    all.into_iter().any(|it| it)
                })
            }
            other if other.starts_with("Fn::") => Err(Problem::UnknownFunction(other.to_owned())),
            _ => Err(malformed()),
        }
    }

    /// A side of `Fn::Equals`: numbers and booleans compare as their text.
    fn comparable(&self, value: &Value) -> Result<Value, Problem> {
        let scope = Scope {
            template: self.template,
            parameters: self.parameters,
            pseudo: self.pseudo,
            conditions: self.decided,
            lookup: &Nothing,
        };
        let value = scope.value(value)?.unwrap_or(Value::Null);
        Ok(scalar(&value).map_or(value, Value::from))
    }
}

#[cfg(test)]
mod tests;
