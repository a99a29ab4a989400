//! Finds the references in a value without computing it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    error::Problem,
    functions::{Substitution, arguments, attribute_name, function, substitution},
};

/// A reference in a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// `Ref`, or `${Name}` in a `Fn::Sub`.
    Name(String),
    /// `Fn::GetAtt`, or `${Name.Attribute}` in a `Fn::Sub`.
    Attribute(String, String),
}

impl Reference {
    /// The resource (or parameter) that is referred to.
    pub(crate) fn target(&self) -> &str {
        match self {
            Self::Name(name) | Self::Attribute(name, _) => name,
        }
    }
}

/// Collects the references in `value`. If `conditions` is given, only the chosen branch of a `Fn::If` counts.
pub(crate) fn references(
    value: &Value,
    conditions: Option<&BTreeMap<String, bool>>,
    out: &mut Vec<Reference>,
) -> Result<(), Problem> {
    let Some((name, argument)) = function(value) else {
        return match value {
            Value::Array(items) => items.iter().try_for_each(|item| references(item, conditions, out)),
            Value::Object(members) => {
                members.values().try_for_each(|member| references(member, conditions, out))
            }
            _ => Ok(()),
        };
    };
    match name {
        "Ref" => {
            let target = argument.as_str().ok_or_else(|| Problem::malformed(name, "needs a name"))?;
            out.push(Reference::Name(target.to_owned()));
            Ok(())
        }
        "Fn::GetAtt" => {
            let (resource, attribute) = attribute_name(argument)?;
            out.push(Reference::Attribute(resource, attribute));
            Ok(())
        }
        "Fn::Sub" => {
            let Substitution { parts, variables } = substitution(argument)?;
            for part in parts {
                match part.reference() {
                    Some(Reference::Name(name))
                        if variables.is_some_and(|known| known.contains_key(&name)) => {}
                    Some(reference) => out.push(reference),
                    None => {}
                }
            }
            variables
                .into_iter()
                .flat_map(|known| known.values())
                .try_for_each(|value| references(value, conditions, out))
        }
        "Fn::If" => {
            let [condition, yes, no] = arguments::<3>(name, argument)?;
            let condition =
                condition.as_str().ok_or_else(|| Problem::malformed(name, "needs a condition's name"))?;
            match conditions {
                None => [yes, no].into_iter().try_for_each(|branch| references(branch, conditions, out)),
                Some(known) => {
                    let holds = *known
                        .get(condition)
                        .ok_or_else(|| Problem::UnknownCondition(condition.to_owned()))?;
                    references(if holds { yes } else { no }, conditions, out)
                }
            }
        }
        _ => references(argument, conditions, out),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_reference_is_found() {
        let conditions = BTreeMap::from([("Yes".to_owned(), true)]);
        let check = |value: Value, expected: &[(&str, Option<&str>)]| {
            let mut found = Vec::new();
            references(&value, Some(&conditions), &mut found).unwrap();
            let expected: Vec<Reference> = expected
                .iter()
                .map(|(name, attribute)| match attribute {
                    None => Reference::Name((*name).to_owned()),
                    Some(attribute) => Reference::Attribute((*name).to_owned(), (*attribute).to_owned()),
                })
                .collect();
            assert_eq!(found, expected, "{value}");
        };
        check(json!({"a": [{"Ref": "X"}]}), &[("X", None)]);
        check(json!({"Fn::GetAtt": ["X", "Arn"]}), &[("X", Some("Arn"))]);
        check(json!({"Fn::GetAtt": "X.Arn"}), &[("X", Some("Arn"))]);
        check(json!({"Fn::Sub": "${X}-${Y.Arn}-${!Z}"}), &[("X", None), ("Y", Some("Arn"))]);
        check(json!({"Fn::Sub": ["${v}-${X}", {"v": {"Ref": "Y"}}]}), &[("X", None), ("Y", None)]);
        check(json!({"Fn::If": ["Yes", {"Ref": "X"}, {"Ref": "Y"}]}), &[("X", None)]);
        check(json!({"Fn::Join": ["", ["a", {"Ref": "X"}]]}), &[("X", None)]);
        check(json!({"Ref": "X", "other": 1}), &[]);
    }
}
