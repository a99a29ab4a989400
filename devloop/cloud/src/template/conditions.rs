//! Conditions, which are evaluated from a template's parameters before any resource exists [Conditions, CloudFormation User
//! Guide].

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    budget::Budget,
    document::{Template, scalar},
    error::{Problem, TemplateError},
    functions::arguments,
    pseudo::Pseudo,
    scope::{Lookup, Scope},
};

/// The longest chain of conditions that refer to each other.
const DEEPEST: usize = 100;

/// A lookup in which no resource exists, for evaluating conditions.
pub(super) struct Nothing;

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

/// Evaluates the template's conditions.
pub(crate) fn conditions(
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, TemplateError> {
    let (mut decided, budget) = (BTreeMap::new(), Budget::default());
    for name in template.conditions.keys() {
        let mut deciding = Decision {
            template,
            parameters,
            pseudo,
            decided: &mut decided,
            open: Vec::new(),
            is_rule: false,
            budget: &budget,
        };
        deciding.named(name).map_err(TemplateError::at(format!("condition `{name}`")))?;
    }
    Ok(decided)
}

/// The evaluation of a condition and of those that it refers to.
struct Decision<'d> {
    template: &'d Template,
    parameters: &'d BTreeMap<String, Value>,
    pseudo: &'d Pseudo,
    decided: &'d mut BTreeMap<String, bool>,
    open: Vec<String>,
    /// Whether a rule is evaluated, which may use more functions than conditions.
    is_rule: bool,
    budget: &'d Budget,
}

/// Whether a rule's function is true.
pub(super) fn rule_holds(
    function: &Value,
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<bool, Problem> {
    let (mut decided, budget) = (BTreeMap::new(), Budget::default());
    let mut deciding = Decision {
        template,
        parameters,
        pseudo,
        decided: &mut decided,
        open: Vec::new(),
        is_rule: true,
        budget: &budget,
    };
    deciding.holds(function)
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
        if self.open.len() == DEEPEST {
            return Err(Problem::malformed(
                "Condition",
                format!("leads through more than {DEEPEST} conditions"),
            ));
        }
        self.open.push(name.to_owned());
        let holds = self.holds(definition)?;
        self.open.pop();
        self.decided.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn holds(&mut self, definition: &Value) -> Result<bool, Problem> {
        let malformed =
            || Problem::malformed("Condition", "needs Fn::Equals, Fn::Not, Fn::And, Fn::Or or a condition");
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
                let items = items.ok_or_else(|| Problem::malformed(name, "needs 2 to 10 conditions"))?;
                let all: Vec<bool> = items.iter().map(|item| self.holds(item)).collect::<Result<_, _>>()?;
                Ok(if name == "Fn::And" {
                    all.into_iter().all(|it| it)
                } else {
                    all.into_iter().any(|it| it)
                })
            }
            "Fn::Contains" if self.is_rule => {
                let [list, value] = arguments::<2>(name, argument)?;
                let value = self.comparable(value)?;
                Ok(self.members(name, list)?.contains(&value))
            }
            "Fn::EachMemberEquals" if self.is_rule => {
                let [list, value] = arguments::<2>(name, argument)?;
                let value = self.comparable(value)?;
                Ok(self.members(name, list)?.iter().all(|member| *member == value))
            }
            "Fn::EachMemberIn" if self.is_rule => {
                let [some, all] = arguments::<2>(name, argument)?;
                let all = self.members(name, all)?;
                Ok(self.members(name, some)?.iter().all(|member| all.contains(member)))
            }
            other if other.starts_with("Fn::") => Err(Problem::UnknownFunction(other.to_owned())),
            _ => Err(malformed()),
        }
    }

    fn members(&self, function: &str, list: &Value) -> Result<Vec<Value>, Problem> {
        match self.comparable(list)? {
            Value::Array(items) => {
                Ok(items.iter().map(|item| scalar(item).map_or(Value::Null, Value::from)).collect())
            }
            _ => Err(Problem::malformed(function, "needs a list")),
        }
    }

    /// An operand of `Fn::Equals`; numbers and booleans are compared as text.
    fn comparable(&self, value: &Value) -> Result<Value, Problem> {
        let scope = Scope {
            template: self.template,
            parameters: self.parameters,
            pseudo: self.pseudo,
            conditions: self.decided,
            lookup: &Nothing,
            budget: self.budget,
        };
        let value = scope.value(value)?.unwrap_or(Value::Null);
        Ok(scalar(&value).map_or(value, Value::from))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::tests::{parameters, pseudo, template};

    #[test]
    fn conditions_are_evaluated_in_any_order() {
        let check = |definitions: Value, expected: Result<&[(&str, bool)], &str>| {
            let template = template(&json!({ "Conditions": definitions }));
            let found = conditions(&template, &parameters(), &pseudo()).map_err(|error| error.to_string());
            let expected = expected
                .map(|pairs| {
                    pairs.iter().map(|&(name, holds)| (name.to_owned(), holds)).collect::<BTreeMap<_, _>>()
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{definitions}");
        };
        let small = json!({"Fn::Equals": [{"Ref": "Size"}, "small"]});
        check(json!({"A": small}), Ok(&[("A", true)]));
        check(json!({"A": {"Fn::Not": [{"Condition": "B"}]}, "B": small}), Ok(&[("A", false), ("B", true)]));
        check(json!({"A": {"Fn::And": [small, {"Fn::Equals": [1, "1"]}]}}), Ok(&[("A", true)]));
        check(
            json!({"A": {"Fn::Or": [{"Fn::Not": [small]}, {"Fn::Equals": ["x", "y"]}]}}),
            Ok(&[("A", false)]),
        );
        check(json!({"A": {"Condition": "Z"}}), Err("condition `A`: the condition `Z` is not declared"));
        check(
            json!({"A": {"Condition": "B"}, "B": {"Condition": "A"}}),
            Err("condition `A`: the condition `A` depends on itself"),
        );
        check(json!({"A": {"Fn::And": [small]}}), Err("condition `A`: `Fn::And` needs 2 to 10 conditions"));
        check(
            json!({"A": {"Fn::Contains": [[], "x"]}}),
            Err("condition `A`: the embedded cloud does not support the intrinsic function `Fn::Contains`"),
        );
    }

    #[test]
    fn a_long_chain_of_conditions_is_refused() {
        let chain: serde_json::Map<String, Value> = (0..5000)
            .map(|at| (format!("C{at:04}"), json!({"Fn::Not": [{"Condition": format!("C{:04}", at + 1)}]})))
            .collect();
        let template = template(&json!({ "Conditions": chain }));
        let error = conditions(&template, &parameters(), &pseudo()).unwrap_err().to_string();
        assert_eq!(error, "condition `C0000`: `Condition` leads through more than 100 conditions");
    }
}
