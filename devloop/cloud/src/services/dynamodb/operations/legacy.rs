//! The legacy parameters from before there were expressions, parsed into the same types as expressions [Legacy conditional
//! parameters, DynamoDB developer guide].

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{
            AttributeAction, Comparator, Condition, KeyConditions, Operand, Path, PathTree, Update,
        },
        key::SortCondition,
        value::{AttributeValue, into_flag, into_list, into_text, invalid},
    },
    input::Input,
};
use crate::error::ApiError;

/// One comparison: its attribute, operator and values.
struct Comparison {
    attribute: String,
    operator: Operator,
    values: Vec<AttributeValue>,
}

/// The name of a comparison operator, which decides how many values it takes and of which types.
#[derive(Clone, Copy)]
struct Operator(&'static str);

const OPERATORS: [&str; 13] = [
    "EQ",
    "NE",
    "LE",
    "LT",
    "GE",
    "GT",
    "BEGINS_WITH",
    "CONTAINS",
    "NOT_CONTAINS",
    "NULL",
    "NOT_NULL",
    "BETWEEN",
    "IN",
];

impl Operator {
    fn parse(name: &str) -> Result<Self, ApiError> {
        OPERATORS
            .into_iter()
            .find(|known| *known == name)
            .map(Self)
            .ok_or_else(|| invalid("Invalid comparison operator"))
    }

    fn takes(self, count: usize) -> bool {
        match self.0 {
            "NULL" | "NOT_NULL" => count == 0,
            "BETWEEN" => count == 2,
            "IN" => count > 0,
            _ => count == 1,
        }
    }

    fn fits(self, kind: &str) -> bool {
        match self.0 {
            "LT" | "LE" | "GT" | "GE" | "IN" | "BETWEEN" => ["S", "N", "B"].contains(&kind),
            "BEGINS_WITH" => ["S", "B"].contains(&kind),
            "CONTAINS" | "NOT_CONTAINS" => ["S", "N", "B", "BOOL", "NULL"].contains(&kind),
            _ => true,
        }
    }
}

impl Comparison {
    fn check(&self) -> Result<(), ApiError> {
        let Operator(name) = self.operator;
        if !self.operator.takes(self.values.len()) {
            return Err(invalid(format!("Invalid number of argument(s) for the {name} ComparisonOperator")));
        }
        if let Some(value) = self.values.iter().find(|value| !self.operator.fits(value.kind())) {
            return Err(invalid(format!(
                "ComparisonOperator {name} is not valid for {} AttributeValue type",
                value.kind()
            )));
        }
        let Some(first) = self.values.first() else { return Ok(()) };
        if self.values.iter().any(|value| value.kind() != first.kind()) {
            return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
        }
        if name == "BETWEEN" && Condition::compares(Comparator::Greater, first, &self.values[1]) {
            return Err(ApiError::validation(
                "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
            ));
        }
        Ok(())
    }

    fn condition(self) -> Condition {
        let path = Path { attribute: self.attribute, steps: Vec::new() };
        let mut values = self.values.into_iter().map(Operand::Value);
        let mut next = || values.next().unwrap_or(Operand::Value(AttributeValue::Null));
        let attribute = Operand::Path(path.clone());
        match self.operator.0 {
            "NULL" => Condition::NotExists(path),
            "NOT_NULL" => Condition::Exists(path),
            "NE" => Condition::Compare(Comparator::NotEqual, attribute, next()),
            "LE" => Condition::Compare(Comparator::AtMost, attribute, next()),
            "LT" => Condition::Compare(Comparator::Less, attribute, next()),
            "GE" => Condition::Compare(Comparator::AtLeast, attribute, next()),
            "GT" => Condition::Compare(Comparator::Greater, attribute, next()),
            "BEGINS_WITH" => Condition::BeginsWith(attribute, next()),
            "CONTAINS" => Condition::Contains(attribute, next()),
            "NOT_CONTAINS" => Condition::Not(Box::new(Condition::Contains(attribute, next()))),
            "BETWEEN" => Condition::Between(attribute, next(), next()),
            "IN" => Condition::In(attribute, values.collect()),
            _ => Condition::Compare(Comparator::Equal, attribute, next()),
        }
    }

    fn key_condition(self) -> Result<(String, SortCondition), ApiError> {
        let Operator(name) = self.operator;
        let mut values = self.values.into_iter();
        let mut next = || values.next().unwrap_or(AttributeValue::Null);
        let condition = match name {
            "EQ" => SortCondition::Equal(next()),
            "LE" => SortCondition::AtMost(next()),
            "LT" => SortCondition::Less(next()),
            "GE" => SortCondition::AtLeast(next()),
            "GT" => SortCondition::Greater(next()),
            "BEGINS_WITH" => SortCondition::BeginsWith(next()),
            "BETWEEN" => SortCondition::Between(next(), next()),
            _ => {
                return Err(ApiError::validation(format!(
                    "Unsupported KeyConditions ComparisonOperator: {name}"
                )));
            }
        };
        Ok((self.attribute, condition))
    }
}

/// Adds a violation for an empty `AttributesToGet`.
pub(super) fn check_attributes(input: &mut Input) {
    if input.peek("AttributesToGet").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        input.violations().value(
            "[]",
            "attributesToGet",
            "Member must have length greater than or equal to 1",
        );
    }
}

/// Takes `AttributesToGet`, which lists whole attributes.
pub(super) fn take_attributes(input: &mut Input) -> Result<Option<PathTree>, ApiError> {
    check_attributes(input);
    input.checked()?;
    let Some(names) = input.list("AttributesToGet")? else { return Ok(None) };
    let mut tree = PathTree::default();
    for name in names {
        let attribute = into_text(name)?;
        if attribute.is_empty() {
            return Err(ApiError::validation("Empty attribute name"));
        }
        if tree.insert(&Path { attribute: attribute.clone(), steps: Vec::new() }).is_err() {
            return Err(invalid(format!("Duplicate value in attribute name: {attribute}")));
        }
    }
    Ok(Some(tree))
}

/// Adds a violation for each comparison without an operator in `QueryFilter`, `ScanFilter` or `KeyConditions`.
pub(super) fn check_operators(input: &mut Input, member: &str, place: &str) {
    let Some(conditions) = input.peek(member).and_then(Value::as_object) else { return };
    let without: Vec<String> = conditions
        .iter()
        .filter(|(_, condition)| condition["ComparisonOperator"].is_null())
        .map(|(name, _)| format!("{place}.{name}.member.comparisonOperator"))
        .collect();
    for place in &without {
        input.violations().missing(place);
    }
}

/// Takes `QueryFilter` or `ScanFilter`, and `ConditionalOperator`.
pub(super) fn take_filter(input: &mut Input, member: &str) -> Result<Option<Condition>, ApiError> {
    let joined = take_joined(input, member)?;
    let filter = input.object(member)?;
    let Some(filter) = filter else { return Ok(None) };
    let comparisons = read_comparisons(filter)?;
    Ok(joined.join(comparisons.into_iter().map(Comparison::condition).collect()))
}

/// Takes `KeyConditions`.
///
/// The inner error is about an operator that no key can have. It is reported after errors of the table, the index and the starting
/// key [dynalite's tests, which ran on AWS: query].
pub(super) fn take_key_conditions(
    input: &mut Input,
) -> Result<Option<Result<KeyConditions, ApiError>>, ApiError> {
    let Some(conditions) = input.object("KeyConditions")?.filter(|conditions| !conditions.is_empty()) else {
        return Ok(None);
    };
    let comparisons = read_comparisons(conditions)?;
    let conditions: Result<_, _> = comparisons.into_iter().map(Comparison::key_condition).collect();
    Ok(Some(conditions.map(KeyConditions::new)))
}

fn read_comparisons(conditions: Map<String, Value>) -> Result<Vec<Comparison>, ApiError> {
    let mut comparisons = Vec::with_capacity(conditions.len());
    for (attribute, condition) in conditions {
        let mut condition = Input::new(condition)?;
        let values = values(condition.list("AttributeValueList")?.unwrap_or_default())?;
        let operator = Operator::parse(&condition.text("ComparisonOperator")?.unwrap_or_default())?;
        comparisons.push(Comparison { attribute, operator, values });
    }
    comparisons.iter().try_for_each(Comparison::check)?;
    Ok(comparisons)
}

fn values(list: Vec<Value>) -> Result<Vec<AttributeValue>, ApiError> {
    list.into_iter().map(AttributeValue::from_json).collect()
}

/// The operator between several conditions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    And,
    Or,
}

impl Joined {
    fn join(self, mut conditions: Vec<Condition>) -> Option<Condition> {
        match (self, conditions.len()) {
            (_, 0 | 1) => conditions.pop(),
            (Self::And, _) => Some(Condition::And(conditions)),
            (Self::Or, _) => Some(Condition::Or(conditions)),
        }
    }
}

/// Takes `ConditionalOperator`, which joins the conditions in `member`.
pub(super) fn take_joined(input: &mut Input, member: &str) -> Result<Joined, ApiError> {
    let conditions = input.peek(member).and_then(Value::as_object).map_or(0, Map::len);
    let Some(operator) = input.text("ConditionalOperator")? else { return Ok(Joined::And) };
    match (conditions, operator.as_str()) {
        (0, _) => Err(ApiError::validation("ConditionalOperator cannot be used without Filter or Expected")),
        (1, _) => Err(ApiError::validation(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        )),
        (_, "AND") => Ok(Joined::And),
        (_, "OR") => Ok(Joined::Or),
        _ => Err(ApiError::validation(
            "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]",
        )),
    }
}

pub(super) fn take_expected(input: &mut Input, joined: Joined) -> Result<Option<Condition>, ApiError> {
    let Some(expected) = input.object("Expected")? else { return Ok(None) };
    let mut conditions = Vec::with_capacity(expected.len());
    for (attribute, condition) in expected {
        conditions.push(expected_condition(attribute, condition)?);
    }
    Ok(joined.join(conditions))
}

fn expected_condition(attribute: String, condition: Value) -> Result<Condition, ApiError> {
    let mut condition = Input::new(condition)?;
    let value = condition.take("Value").map(AttributeValue::from_json).transpose()?;
    let exists = condition.take("Exists").map(|exists| into_flag(&exists)).transpose()?;
    let operator = condition.text("ComparisonOperator")?;
    let list = condition.take("AttributeValueList").map(|list| values(into_list(list)?)).transpose()?;
    let wrong = |why: &str| Err(invalid(format!("{why} for Attribute: {attribute}")));
    if exists.is_some() && operator.is_some() {
        return wrong("Exists and ComparisonOperator cannot be used together");
    }
    if value.is_some() && list.is_some() {
        return wrong("Value and AttributeValueList cannot be used together");
    }
    if list.is_some() && operator.is_none() {
        return wrong("AttributeValueList can only be used with a ComparisonOperator");
    }
    if let Some(operator) = operator {
        let operator = Operator::parse(&operator)?;
        let missing = match operator.0 {
            "IN" | "BETWEEN" => value.is_none() && list.as_ref().is_none_or(Vec::is_empty),
            _ => value.is_none() && list.is_none() && !operator.takes(0),
        };
        if missing {
            return wrong(&format!(
                "Value or AttributeValueList must be used with ComparisonOperator: {}",
                operator.0
            ));
        }
        let values = list.unwrap_or_else(|| value.into_iter().collect());
        let comparison = Comparison { attribute, operator, values };
        comparison.check()?;
        return Ok(comparison.condition());
    }
    match (exists, value) {
        (Some(true), None) => wrong("Value must be provided when Exists is true"),
        (Some(false), Some(_)) => wrong("Value cannot be used when Exists is false"),
        (None, None) => wrong("Value must be provided when Exists is null"),
        (Some(false), None) => Ok(Condition::NotExists(Path { attribute, steps: Vec::new() })),
        (_, Some(value)) => Ok(Condition::Compare(
            Comparator::Equal,
            Operand::Path(Path { attribute, steps: Vec::new() }),
            Operand::Value(value),
        )),
    }
}

/// Takes `AttributeUpdates`; `word` changes the wording of errors about invalid actions and values.
pub(super) fn take_updates(
    input: &mut Input,
    word: impl Fn(ApiError) -> ApiError,
) -> Result<Option<Update>, ApiError> {
    let Some(updates) = input.object("AttributeUpdates")? else { return Ok(None) };
    let mut actions = Vec::with_capacity(updates.len());
    for (attribute, update) in updates {
        if attribute.is_empty() {
            return Err(word(ApiError::validation("Empty attribute name")));
        }
        let mut update = Input::new(update)?;
        let value = update.take("Value").map(AttributeValue::from_json).transpose().map_err(&word)?;
        actions.push((attribute, update.text("Action")?, value));
    }
    if actions
        .iter()
        .any(|(_, action, _)| !matches!(action.as_deref(), None | Some("PUT" | "ADD" | "DELETE")))
    {
        return Err(word(ApiError::validation(
            "Member must satisfy enum value set: [ADD, DELETE, PUT]' for Action",
        )));
    }
    let actions = actions.into_iter().map(|(attribute, action, value)| {
        Ok((attribute, attribute_action(action.as_deref().unwrap_or("PUT"), value)?))
    });
    Ok(Some(Update::of_attributes(actions.collect::<Result<_, ApiError>>()?)))
}

fn attribute_action(action: &str, value: Option<AttributeValue>) -> Result<AttributeAction, ApiError> {
    use AttributeValue::{Bs, L, N, Ns, Ss};
    match (action, value) {
        ("DELETE", None) => Ok(AttributeAction::Delete(None)),
        (_, None) => Err(invalid("Only DELETE action is allowed when no attribute value is specified")),
        ("DELETE", Some(value @ (Ss(_) | Ns(_) | Bs(_)))) => Ok(AttributeAction::Delete(Some(value))),
        ("DELETE", Some(value)) => {
            Err(invalid(format!("DELETE action with value is not supported for the type {}", value.kind())))
        }
        ("ADD", Some(value @ (N(_) | Ss(_) | Ns(_) | Bs(_) | L(_)))) => Ok(AttributeAction::Add(value)),
        ("ADD", Some(value)) => {
            Err(invalid(format!("ADD action is not supported for the type {}", value.kind())))
        }
        (_, Some(value)) => Ok(AttributeAction::Put(value)),
    }
}
