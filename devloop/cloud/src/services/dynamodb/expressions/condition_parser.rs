//! Reads conditions: `OR` binds weakest, then `AND`, then `NOT`.

use super::{
    condition::{Comparator, Condition, Operand, order},
    lexer::Token,
    parser::Parser,
    placeholders::Placeholders,
};
use crate::{error::ApiError, services::dynamodb::value::AttributeValue};

/// The type names that `attribute_type` knows.
const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
/// The most operands of `IN`.
const MAX_IN: usize = 100;

impl Condition {
    /// Reads the expression of the request's member `kind`.
    pub(crate) fn parse(
        kind: &'static str,
        source: &str,
        placeholders: &mut Placeholders,
    ) -> Result<Self, ApiError> {
        let mut reader = Reader { parser: Parser::new(kind, source, placeholders)?, group: None };
        let condition = reader.any()?;
        reader.parser.end()?;
        Ok(condition)
    }
}

struct Reader<'a> {
    parser: Parser<'a>,
    /// The tokens of the last parenthesised condition, to tell redundant parentheses.
    group: Option<(usize, usize)>,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Condition, ApiError> {
        let first = self.all()?;
        if !self.parser.at_keyword("OR") {
            return Ok(first);
        }
        let mut conditions = vec![first];
        while self.parser.accept_keyword("OR") {
            conditions.push(self.all()?);
        }
        Ok(Condition::Or(conditions))
    }

    fn all(&mut self) -> Result<Condition, ApiError> {
        let first = self.negation()?;
        if !self.parser.at_keyword("AND") {
            return Ok(first);
        }
        let mut conditions = vec![first];
        while self.parser.accept_keyword("AND") {
            conditions.push(self.negation()?);
        }
        Ok(Condition::And(conditions))
    }

    fn negation(&mut self) -> Result<Condition, ApiError> {
        if !self.parser.accept_keyword("NOT") {
            return self.primary();
        }
        self.parser.enter()?;
        let inner = self.negation()?;
        self.parser.leave();
        Ok(Condition::Not(Box::new(inner)))
    }

    fn primary(&mut self) -> Result<Condition, ApiError> {
        let start = self.parser.position();
        if self.parser.accept("(") {
            self.parser.enter()?;
            let inner = self.any()?;
            self.parser.leave();
            let end = self.parser.position();
            self.parser.expect(")")?;
            if self.group == Some((start + 1, end)) {
                return Err(self.parser.error("The expression has redundant parentheses;"));
            }
            self.group = Some((start, end + 1));
            return Ok(inner);
        }
        match self.parser.at_function() {
            Some("size") | None => self.comparison(),
            Some(name) => self.function(name),
        }
    }

    fn function(&mut self, name: &str) -> Result<Condition, ApiError> {
        let known = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];
        if !known.contains(&name) {
            return Err(self.parser.error(format!("Invalid function name; function: {name}")));
        }
        let mut operands = self.arguments()?.into_iter();
        let count = operands.len();
        let wanted = if name.ends_with("exists") { 1 } else { 2 };
        let (Some(first), second, true) = (operands.next(), operands.next(), count == wanted) else {
            return Err(self.parser.error(format!(
                "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
            )));
        };
        Ok(match (name, second) {
            ("attribute_exists", _) => Condition::Exists(self.only_path(name, first)?),
            ("attribute_not_exists", _) => Condition::NotExists(self.only_path(name, first)?),
            ("attribute_type", Some(kind)) => {
                let path = self.only_path(name, first)?;
                match kind {
                    Operand::Value(AttributeValue::S(kind)) if TYPES.contains(&kind.as_str()) => {
                        Condition::Type(path, kind)
                    }
                    Operand::Value(AttributeValue::S(kind)) => {
                        return Err(self.parser.error(format!(
                            "Invalid attribute type name found; type: {kind}, valid types: {{{}}}",
                            TYPES.join(",")
                        )));
                    }
                    Operand::Value(other) => return Err(self.operand_type(name, &other)),
                    Operand::Path(_) | Operand::Size(_) => return Err(self.parser.syntax_error()),
                }
            }
            ("begins_with", Some(prefix)) => {
                for operand in [&first, &prefix] {
                    if let Operand::Value(value) = operand
                        && !matches!(value, AttributeValue::S(_) | AttributeValue::B(_))
                    {
                        return Err(self.operand_type(name, value));
                    }
                }
                self.distinct(name, &first, [&prefix])?;
                Condition::BeginsWith(first, prefix)
            }
            (_, Some(part)) => {
                self.distinct(name, &first, [&part])?;
                Condition::Contains(first, part)
            }
            (_, None) => return Err(self.parser.syntax_error()),
        })
    }

    /// The function's name and its arguments in parentheses.
    fn arguments(&mut self) -> Result<Vec<Operand>, ApiError> {
        self.parser.advance();
        self.list()
    }

    fn list(&mut self) -> Result<Vec<Operand>, ApiError> {
        self.parser.expect("(")?;
        let mut operands = vec![self.operand()?];
        while self.parser.accept(",") {
            operands.push(self.operand()?);
        }
        self.parser.expect(")")?;
        Ok(operands)
    }

    fn operand(&mut self) -> Result<Operand, ApiError> {
        if let Token::Value(_) = self.parser.peek() {
            return Ok(Operand::Value(self.parser.value()?));
        }
        match self.parser.at_function() {
            None => Ok(Operand::Path(self.parser.path()?)),
            Some("size") => {
                self.parser.advance();
                self.parser.expect("(")?;
                if let Token::Value(_) = self.parser.peek() {
                    self.parser.value()?;
                    return Err(self
                        .parser
                        .error("Operator or function requires a document path; operator or function: size"));
                }
                let path = self.parser.path()?;
                self.parser.expect(")")?;
                Ok(Operand::Size(path))
            }
            Some(name) => Err(self.parser.error(format!(
                "The function is not allowed to be used this way in an expression; function: {name}"
            ))),
        }
    }

    fn comparison(&mut self) -> Result<Condition, ApiError> {
        let left = self.operand()?;
        if self.parser.accept_keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.parser.accept_keyword("AND") {
                return Err(self.parser.syntax_error());
            }
            let high = self.operand()?;
            self.check_bounds(&low, &high)?;
            self.distinct("BETWEEN", &left, [&low, &high])?;
            return Ok(Condition::Between(left, low, high));
        }
        if self.parser.accept_keyword("IN") {
            let list = self.list()?;
            if list.len() > MAX_IN {
                return Err(self.parser.error(format!(
                    "The IN operator is provided with too many operands; number of operands: {}",
                    list.len()
                )));
            }
            self.distinct("IN", &left, &list)?;
            return Ok(Condition::In(left, list));
        }
        let Token::Symbol(symbol) = self.parser.peek() else { return Err(self.parser.syntax_error()) };
        let comparator = Comparator::parse(symbol).ok_or_else(|| self.parser.syntax_error())?;
        self.parser.advance();
        let right = self.operand()?;
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            self.check_ordered(symbol, &left)?;
            self.check_ordered(symbol, &right)?;
        }
        self.distinct(symbol, &left, [&right])?;
        Ok(Condition::Compare(comparator, left, right))
    }

    fn check_bounds(&self, low: &Operand, high: &Operand) -> Result<(), ApiError> {
        self.check_ordered("BETWEEN", low)?;
        self.check_ordered("BETWEEN", high)?;
        let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return Ok(()) };
        let shown = |value: &AttributeValue| {
            let text = match value {
                AttributeValue::S(text) => text.clone(),
                AttributeValue::N(number) => number.to_string(),
                other => other.to_json()[other.kind()].as_str().unwrap_or_default().to_owned(),
            };
            format!("AttributeValue: {{{}:{text}}}", value.kind())
        };
        let why = match order(low, high) {
            Some(order) if order.is_le() => return Ok(()),
            Some(_) => "The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
            None => "The BETWEEN operator requires same data type for lower and upper bounds",
        };
        Err(self.parser.error(format!(
            "{why}; lower bound operand: {}, upper bound operand: {}",
            shown(low),
            shown(high)
        )))
    }

    fn check_ordered(&self, operator: &str, operand: &Operand) -> Result<(), ApiError> {
        match operand {
            Operand::Value(value) if order(value, value).is_none() => Err(self.operand_type(operator, value)),
            _ => Ok(()),
        }
    }

    fn operand_type(&self, operator: &str, value: &AttributeValue) -> ApiError {
        self.parser.error(format!(
            "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {}",
            value.kind()
        ))
    }

    fn only_path(&self, function: &str, operand: Operand) -> Result<super::Path, ApiError> {
        match operand {
            Operand::Path(path) => Ok(path),
            _ => Err(self.parser.error(format!(
                "Operator or function requires a document path; operator or function: {function}"
            ))),
        }
    }

    fn distinct<'o>(
        &self,
        operator: &str,
        first: &Operand,
        rest: impl IntoIterator<Item = &'o Operand>,
    ) -> Result<(), ApiError> {
        let Operand::Path(path) = first else { return Ok(()) };
        if rest.into_iter().any(|other| other == first) {
            return Err(self.parser.error(format!(
                "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {path}"
            )));
        }
        Ok(())
    }
}
