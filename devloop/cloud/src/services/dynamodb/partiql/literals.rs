//! Parses values: texts, numbers, lists, tuples, sets and parameters.

use std::collections::BTreeSet;

use super::{
    super::value::{AttributeValue, Attributes, invalid},
    lexer::Token,
    parser::Parser,
};
use crate::error::ApiError;

impl Parser<'_> {
    /// Whether a value comes next, not a path.
    pub(super) fn at_value(&self) -> bool {
        match self.peek() {
            Token::Text(_) | Token::Number(_) => true,
            Token::Symbol(symbol) => ["?", "-", "+", "[", "{", "<<"].contains(symbol),
            Token::Word(word) => {
                ["TRUE", "FALSE", "NULL"].iter().any(|literal| word.eq_ignore_ascii_case(literal))
            }
            _ => false,
        }
    }

    /// Parses a value, which must come next.
    pub(super) fn value(&mut self) -> Result<AttributeValue, ApiError> {
        self.nested(Self::any_value)
    }

    fn any_value(&mut self) -> Result<AttributeValue, ApiError> {
        if self.accept("?") {
            return self.parameter();
        }
        if self.accept("[") {
            return Ok(AttributeValue::L(self.elements("]")?));
        }
        if self.accept("<<") {
            let elements = self.elements(">>")?;
            return set(elements);
        }
        if self.accept("{") {
            return self.members();
        }
        for (word, value) in [
            ("TRUE", AttributeValue::Bool(true)),
            ("FALSE", AttributeValue::Bool(false)),
            ("NULL", AttributeValue::Null),
        ] {
            if self.accept_word(word) {
                return Ok(value);
            }
        }
        let negative = self.accept("-");
        if !negative {
            self.accept("+");
        }
        let value = match self.peek() {
            Token::Text(text) if !negative => AttributeValue::S(text.clone().into_owned()),
            Token::Number(digits) => {
                AttributeValue::N(format!("{}{digits}", if negative { "-" } else { "" }).parse()?)
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(value)
    }

    fn elements(&mut self, end: &str) -> Result<Vec<AttributeValue>, ApiError> {
        let mut elements = Vec::new();
        if self.accept(end) {
            return Ok(elements);
        }
        loop {
            elements.push(self.value()?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(end)?;
        Ok(elements)
    }

    fn members(&mut self) -> Result<AttributeValue, ApiError> {
        let mut members = Attributes::default();
        while !self.accept("}") {
            let name = match self.peek() {
                Token::Text(name) | Token::Name(name) => name.clone().into_owned(),
                _ => return Err(self.unexpected()),
            };
            if name.is_empty() {
                return Err(ApiError::validation("Empty attribute name"));
            }
            self.advance();
            self.expect(":")?;
            let value = self.value()?;
            members.insert(name, value);
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(AttributeValue::M(members))
    }
}

/// A set of elements that are all texts, all numbers or all bytes.
fn set(elements: Vec<AttributeValue>) -> Result<AttributeValue, ApiError> {
    let count = elements.len();
    let (mut texts, mut numbers, mut bytes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for element in elements {
        let _is_new = match element {
            AttributeValue::S(text) => texts.insert(text),
            AttributeValue::N(number) => numbers.insert(number),
            AttributeValue::B(raw) => bytes.insert(raw),
            other => {
                return Err(ApiError::validation(format!(
                    "A set cannot hold a value of type {}",
                    other.kind()
                )));
            }
        };
    }
    match (texts.len(), numbers.len(), bytes.len()) {
        (0, 0, 0) => Err(invalid("An string set  may not be empty")),
        (given, 0, 0) if given == count => Ok(AttributeValue::Ss(texts)),
        (0, given, 0) if given == count => Ok(AttributeValue::Ns(numbers)),
        (0, 0, given) if given == count => Ok(AttributeValue::Bs(bytes)),
        (texts, numbers, bytes) if texts + numbers + bytes < count => {
            Err(invalid("Input collection contains duplicates."))
        }
        _ => Err(ApiError::validation("The elements of a set must be of one type")),
    }
}
