//! Parses the text of an expression into a tree.

use super::functions::{KNOWN, REFUSED};
use crate::error::ApiError;
use crate::services::cloudwatch::errors::validation;

/// The longest expression [MetricDataQuery, `Expression`], and the deepest nesting that is supported.
const LONGEST: usize = 2_048;
const DEEPEST: usize = 40;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Expression {
    Number(f64),
    /// A text in quotes, or a bare word of capitals such as `REPEAT`.
    Word(String),
    /// The id of another query.
    Id(String),
    List(Vec<Self>),
    Minus(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(String, Vec<Self>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    AtMost,
    AtLeast,
    Less,
    Greater,
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

/// Operators by precedence, the lowest first. An operator comes before one that is its prefix.
const OPERATORS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[("*", Operator::Times), ("/", Operator::Over)],
    &[("^", Operator::Power)],
];

impl Expression {
    /// Calls `visit` with every id in the expression.
    pub(in super::super) fn ids(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Number(_) | Self::Word(_) => {}
            Self::Id(id) => visit(id),
            Self::List(parts) | Self::Call(_, parts) => parts.iter().for_each(|part| part.ids(visit)),
            Self::Minus(part) => part.ids(visit),
            Self::Binary(_, left, right) => {
                left.ids(visit);
                right.ids(visit);
            }
        }
    }
}

/// Parses the expression of the query `id`.
pub(in super::super) fn parse(id: &str, text: &str) -> Result<Expression, ApiError> {
    if text.len() > LONGEST {
        return Err(validation(format!(
            "Error in expression '{id}': it is longer than {LONGEST} characters."
        )));
    }
    let mut reader = Reader { id, rest: text, depth: 0 };
    let expression = reader.binary(0)?;
    if reader.peek().is_some() {
        return Err(reader.error(&format!("`{}` is not expected here", reader.rest)));
    }
    Ok(expression)
}

struct Reader<'t> {
    id: &'t str,
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn error(&self, why: &str) -> ApiError {
        validation(format!("Error in expression '{}': {why}.", self.id))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    /// Takes `sign` if it comes next.
    fn take(&mut self, sign: char) -> bool {
        let comes = self.peek() == Some(sign);
        if comes {
            self.rest = &self.rest[sign.len_utf8()..];
        }
        comes
    }

    fn expect(&mut self, sign: char) -> Result<(), ApiError> {
        if self.take(sign) { Ok(()) } else { Err(self.error(&format!("`{sign}` is missing"))) }
    }

    /// Takes the next characters while `wanted` accepts them.
    fn word(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn operator(&mut self, level: usize) -> Option<Operator> {
        self.peek();
        for (text, operator) in OPERATORS[level] {
            let Some(rest) = self.rest.strip_prefix(text) else { continue };
            let is_word = text.starts_with(char::is_alphabetic);
            if is_word && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            self.rest = rest;
            return Some(*operator);
        }
        None
    }

    fn binary(&mut self, level: usize) -> Result<Expression, ApiError> {
        let below = |reader: &mut Self| {
            if level + 1 < OPERATORS.len() { reader.binary(level + 1) } else { reader.unary() }
        };
        let mut left = below(self)?;
        while let Some(operator) = self.operator(level) {
            left = Expression::Binary(operator, Box::new(left), Box::new(below(self)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, ApiError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("its parts are nested too deeply"));
        }
        let found = if self.take('-') { Expression::Minus(Box::new(self.unary()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(found)
    }

    fn primary(&mut self) -> Result<Expression, ApiError> {
        match self.peek() {
            None => Err(self.error("it ends too early")),
            Some('(') => {
                self.expect('(')?;
                let inner = self.binary(0)?;
                self.expect(')')?;
                Ok(inner)
            }
            Some('[') => {
                self.expect('[')?;
                Ok(Expression::List(self.parts(']')?))
            }
            Some(quote @ ('"' | '\'')) => {
                self.expect(quote)?;
                let text = self.word(|c| c != quote).to_owned();
                self.expect(quote)?;
                Ok(Expression::Word(text))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let text = self.word(|c| c.is_ascii_digit() || c == '.');
                text.parse()
                    .map(Expression::Number)
                    .map_err(|_| self.error(&format!("`{text}` is no number")))
            }
            Some(c) if c.is_ascii_alphabetic() => {
                let word = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
                if self.take('(') {
                    return self.call(word);
                }
                let is_id = word.starts_with(|c: char| c.is_ascii_lowercase());
                Ok(if is_id { Expression::Id(word.to_owned()) } else { Expression::Word(word.to_owned()) })
            }
            Some(c) => Err(self.error(&format!("`{c}` is not expected here"))),
        }
    }

    fn call(&mut self, name: &str) -> Result<Expression, ApiError> {
        if REFUSED.contains(&name) {
            return Err(ApiError::unsupported(format_args!("the function {name} of metric math")));
        }
        if !KNOWN.contains(&name) {
            return Err(self.error(&format!("there is no function {name}")));
        }
        Ok(Expression::Call(name.to_owned(), self.parts(')')?))
    }

    /// Comma-separated parts up to `end`.
    fn parts(&mut self, end: char) -> Result<Vec<Expression>, ApiError> {
        let mut parts = Vec::new();
        if self.take(end) {
            return Ok(parts);
        }
        loop {
            parts.push(self.binary(0)?);
            if self.take(end) {
                return Ok(parts);
            }
            self.expect(',')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_follow_their_precedence() {
        let same = |text: &str, bracketed: &str| {
            assert_eq!(parse("e", text).unwrap(), parse("e", bracketed).unwrap(), "{text}");
        };
        same("a+b*c^2", "a + (b * (c ^ 2))");
        same("a-b-c", "(a-b)-c");
        same("a>1 AND b<=2 OR c", "((a>1)&&(b<=2))||c");
        same("-a*2", "(-a)*2");
        same("IF(a>1,b)", "IF((a>1),(b))");
        same("ORDER+1", "(ORDER)+1");
    }

    #[test]
    fn errors_name_the_wrong_part() {
        let check = |text: &str, part: &str| {
            let error = parse("e1", text).unwrap_err();
            assert!(error.message.contains(part), "{text}: {error}");
        };
        check("", "ends too early");
        check("a+", "ends too early");
        check("(a", "`)` is missing");
        check("a b", "`b` is not expected here");
        check("WHAT(a)", "there is no function WHAT");
        check("SEARCH('x','Sum')", "the function SEARCH of metric math");
        check("1.2.3", "`1.2.3` is no number");
        check("a ? b", "`? b` is not expected here");
        check(&"(".repeat(1_000), "nested too deeply");
        check(&"-".repeat(1_000), "nested too deeply");
        check(&"1".repeat(3_000), "longer than 2048");
    }
}
