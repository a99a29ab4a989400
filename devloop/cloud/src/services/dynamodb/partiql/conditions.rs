//! Parses the conditions after `WHERE`. `OR` has the lowest precedence, then `AND`, then `NOT`.

use super::{
    super::{
        expressions::{Comparator, Condition, Operand},
        value::AttributeValue,
    },
    lexer::Token,
    parser::Parser,
};
use crate::error::ApiError;

/// The type names that `attribute_type` accepts.
const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];

impl Parser<'_> {
    /// Parses a condition, which must come next.
    pub(super) fn condition(&mut self) -> Result<Condition, ApiError> {
        self.nested(|parser| {
            let mut conditions = vec![parser.all()?];
            while parser.accept_word("OR") {
                conditions.push(parser.all()?);
            }
            Ok(if conditions.len() == 1 { conditions.remove(0) } else { Condition::Or(conditions) })
        })
    }

    fn all(&mut self) -> Result<Condition, ApiError> {
        let mut conditions = vec![self.negation()?];
        while self.accept_word("AND") {
            conditions.push(self.negation()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { Condition::And(conditions) })
    }

    fn negation(&mut self) -> Result<Condition, ApiError> {
        if self.accept_word("NOT") {
            return self.nested(|parser| Ok(Condition::Not(Box::new(parser.negation()?))));
        }
        if self.accept("(") {
            let inner = self.condition()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(function) = self.accept_function(&[
            "begins_with",
            "contains",
            "attribute_type",
            "attribute_exists",
            "attribute_not_exists",
        ]) {
            return self.function(function);
        }
        self.comparison()
    }

    fn function(&mut self, function: &str) -> Result<Condition, ApiError> {
        if let "attribute_exists" | "attribute_not_exists" = function {
            let path = self.path()?;
            self.expect(")")?;
            let exists = function == "attribute_exists";
            return Ok(if exists { Condition::Exists(path) } else { Condition::NotExists(path) });
        }
        let first = self.compared()?;
        self.expect(",")?;
        let second = self.compared()?;
        self.expect(")")?;
        match (function, second) {
            ("begins_with", prefix) => Ok(Condition::BeginsWith(first, prefix)),
            ("contains", part) => Ok(Condition::Contains(first, part)),
            (_, Operand::Value(AttributeValue::S(kind))) if TYPES.contains(&kind.as_str()) => {
                Ok(Condition::Type(first, kind))
            }
            _ => Err(ApiError::validation(format!(
                "Invalid attribute type name found; valid types: {{{}}}",
                TYPES.join(",")
            ))),
        }
    }

    fn comparison(&mut self) -> Result<Condition, ApiError> {
        let left = self.compared()?;
        if self.accept_word("IS") {
            return self.presence(left);
        }
        let negated = self.accept_word("NOT");
        let condition = if self.accept_word("BETWEEN") {
            let low = self.compared()?;
            self.expect_word("AND")?;
            Condition::Between(left, low, self.compared()?)
        } else if self.accept_word("IN") {
            Condition::In(left, self.list()?)
        } else if negated {
            return Err(self.unexpected());
        } else {
            let Token::Symbol(symbol) = *self.peek() else { return Err(self.unexpected()) };
            let symbol = if symbol == "!=" { "<>" } else { symbol };
            let comparator = Comparator::parse(symbol).ok_or_else(|| self.unexpected())?;
            self.advance();
            Condition::Compare(comparator, left, self.compared()?)
        };
        Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    /// `IS [NOT] MISSING` and `IS [NOT] NULL`.
    fn presence(&mut self, operand: Operand) -> Result<Condition, ApiError> {
        let negated = self.accept_word("NOT");
        let Operand::Path(path) = operand else { return Err(self.unexpected()) };
        if self.accept_word("MISSING") {
            return Ok(if negated { Condition::Exists(path) } else { Condition::NotExists(path) });
        }
        self.expect_word("NULL")?;
        let null = Condition::Type(Operand::Path(path), "NULL".to_owned());
        Ok(if negated { Condition::Not(Box::new(null)) } else { null })
    }

    fn list(&mut self) -> Result<Vec<Operand>, ApiError> {
        let end = if self.accept("[") {
            "]"
        } else {
            self.expect("(")?;
            ")"
        };
        let mut operands = vec![self.compared()?];
        while self.accept(",") {
            operands.push(self.compared()?);
        }
        self.expect(end)?;
        Ok(operands)
    }

    fn compared(&mut self) -> Result<Operand, ApiError> {
        if self.accept_function(&["size"]).is_some() {
            let path = self.path()?;
            self.expect(")")?;
            return Ok(Operand::Size(path));
        }
        if self.at_value() {
            return Ok(Operand::Value(self.value()?));
        }
        Ok(Operand::Path(self.path()?))
    }
}
