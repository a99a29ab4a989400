//! Transforms, which are applied to a template's document before it is checked [Transform section, CloudFormation User
//! Guide].

mod foreach;
mod include;
mod sam;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use super::{error::TemplateError, parameters::plain_values};

const LANGUAGE: &str = "AWS::LanguageExtensions";
const INCLUDE: &str = "AWS::Include";

/// What a template needs besides its text.
#[derive(Clone, Copy)]
pub struct Given<'g> {
    /// The values of parameters, by name.
    pub parameters: &'g BTreeMap<String, String>,
    /// Reads the file that an `AWS::Include` names. An error is a clause about the file.
    pub file: &'g (dyn Fn(&str) -> Result<String, String> + Sync),
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Given").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl Default for Given<'_> {
    fn default() -> Self {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        Self { parameters: &NONE, file: &|_| Err("cannot be read here".to_owned()) }
    }
}

/// The document after its transforms, without the section `Transform`.
pub(super) fn transformed(mut document: Value, given: &Given<'_>) -> Result<Value, TemplateError> {
    let asked = document.as_object_mut().and_then(|sections| sections.remove("Transform"));
    let asked = match asked {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    };
    include::within(&mut document, given)?;
    for transform in asked {
        let name = transform.as_str().or_else(|| transform.get("Name")?.as_str()).unwrap_or_default();
        match name {
            INCLUDE => include::at_the_top(&mut document, &transform, given)?,
            LANGUAGE => {
                let parameters = plain_values(&document, given.parameters);
                foreach::expand(&mut document, &parameters)?;
            }
            sam::SAM => sam::transform(&mut document, given)?,
            other => {
                let why = format!(
                    "it is none of {LANGUAGE}, {INCLUDE} and {}; macros of an account are not supported",
                    sam::SAM
                );
                return Err(failed(other, None, why));
            }
        }
    }
    Ok(document)
}

fn failed(transform: &str, logical: Option<&str>, why: impl Into<String>) -> TemplateError {
    TemplateError::Transform {
        transform: transform.to_owned(),
        logical: logical.map(str::to_owned),
        why: why.into(),
    }
}
