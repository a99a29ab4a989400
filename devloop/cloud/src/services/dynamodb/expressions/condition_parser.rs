//! Parses conditions. `OR` has the lowest precedence, then `AND`, then `NOT`.

use super::{
    condition::{Comparator, Condition, Operand, order, size_of_value},
    lexer::Token,
    parser::{Parser, Rank},
    placeholders::Placeholders,
};
use crate::{error::ApiError, services::dynamodb::value::AttributeValue};

/// The type names that `attribute_type` accepts.
const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
/// The functions that are conditions; `size` is an operand.
const FUNCTIONS: [&str; 5] =
    ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];
/// The words of conditions, which no function has as its name.
const KEYWORDS: [&str; 5] = ["AND", "BETWEEN", "IN", "NOT", "OR"];
/// The most operands of `IN`.
const MAX_IN: usize = 100;

impl Condition {
    /// Parses the expression in the request's member `kind`.
    pub(crate) fn parse(
        kind: &'static str,
        source: &str,
        placeholders: &mut Placeholders,
    ) -> Result<Self, ApiError> {
        let mut reader = Reader { parser: Parser::new(kind, source, placeholders)? };
        let condition = reader.condition()?;
        reader.parser.end()?;
        Ok(condition)
    }
}

struct Reader<'a> {
    parser: Parser<'a>,
}

/// An unfinished condition: the whole one, or one in parentheses.
#[derive(Default)]
struct Open {
    /// The number of the token after the opening parenthesis.
    start: usize,
    /// The operands of `OR` that are complete.
    any: Vec<Condition>,
    /// The operands of `AND` since the last `OR`.
    all: Vec<Condition>,
    /// How many `NOT`s precede the next operand.
    negations: usize,
}

impl Open {
    /// Adds an operand with the `NOT`s before it.
    fn add(&mut self, condition: Condition) {
        let negations = std::mem::take(&mut self.negations);
        let condition = (0..negations).fold(condition, |condition, _| Condition::Not(Box::new(condition)));
        self.all.push(condition);
    }

    /// Ends a sequence of operands of `AND`.
    fn end_all(&mut self) {
        let mut all = std::mem::take(&mut self.all);
        self.any.extend(if all.len() == 1 { all.pop() } else { Some(Condition::And(all)) });
    }
}

impl Reader<'_> {
    /// Parses a whole condition. It uses a stack of its own instead of recursion, because 300 nested parentheses are
    /// allowed.
    fn condition(&mut self) -> Result<Condition, ApiError> {
        let mut outer: Vec<Open> = Vec::new();
        let mut open = Open::default();
        // The first and last token of the last condition in parentheses, to find redundant parentheses.
        let mut group = None;
        loop {
            while self.parser.accept_keyword("NOT") {
                self.parser.enter()?;
                open.negations += 1;
            }
            if self.parser.accept("(") {
                self.parser.enter()?;
                outer.push(std::mem::replace(
                    &mut open,
                    Open { start: self.parser.position(), ..Open::default() },
                ));
                continue;
            }
            let condition = self.primary()?;
            open.add(condition);
            // This may be the end of the innermost condition and of those around it.
            loop {
                if self.parser.accept_keyword("AND") {
                    break;
                }
                open.end_all();
                if self.parser.accept_keyword("OR") {
                    break;
                }
                let condition = if open.any.len() == 1 {
                    open.any.pop()
                } else {
                    Some(Condition::Or(std::mem::take(&mut open.any)))
                };
                let Some(condition) = condition else { return Err(self.parser.syntax_error()) };
                let Some(enclosing) = outer.pop() else { return Ok(condition) };
                let (start, end) = (open.start, self.parser.position());
                self.parser.expect(")")?;
                self.parser.leave();
                if group == Some((start, end)) {
                    let error = self.parser.error("The expression has redundant parentheses;");
                    self.parser.defer_as(Rank::RedundantParentheses, error);
                }
                group = Some((start - 1, end + 1));
                open = enclosing;
                open.add(condition);
            }
        }
    }

    fn primary(&mut self) -> Result<Condition, ApiError> {
        match self.parser.at_function() {
            Some("size") | None => self.comparison(),
            Some(name) => self.function(name),
        }
    }

    fn function(&mut self, name: &str) -> Result<Condition, ApiError> {
        if !FUNCTIONS.contains(&name) {
            self.misplaced(name)?;
            return Ok(Condition::And(Vec::new()));
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
            ("attribute_type", Some(Operand::Value(AttributeValue::S(kind)))) => {
                if !TYPES.contains(&kind.as_str()) {
                    self.parser.defer(self.parser.error(format!(
                        "Invalid attribute type name found; type: {kind}, valid types: {{{}}}",
                        TYPES.join(",")
                    )));
                }
                Condition::Type(first, kind)
            }
            ("attribute_type", Some(Operand::Value(other))) => {
                self.parser.defer(self.operand_type(name, &other));
                Condition::Type(first, String::new())
            }
            ("attribute_type", Some(_)) | (_, None) => return Err(self.parser.syntax_error()),
            ("begins_with", Some(prefix)) => {
                for operand in [&first, &prefix] {
                    if let Operand::Value(value) = operand
                        && !matches!(value, AttributeValue::S(_) | AttributeValue::B(_))
                    {
                        self.parser.defer(self.operand_type(name, value));
                    }
                }
                self.distinct(name, &first, [&prefix]);
                Condition::BeginsWith(first, prefix)
            }
            (_, Some(part)) => {
                self.distinct(name, &first, [&part]);
                Condition::Contains(first, part)
            }
        })
    }

    /// The arguments of a function, in parentheses.
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
                    let value = self.parser.value()?;
                    let size = size_of_value(&value);
                    if size.is_none() {
                        self.parser.defer(self.operand_type("size", &value));
                    }
                    self.parser.expect(")")?;
                    return Ok(Operand::Value(size.unwrap_or(AttributeValue::Null)));
                }
                let path = self.parser.path()?;
                self.parser.expect(")")?;
                Ok(Operand::Size(path))
            }
            Some(name) => {
                self.misplaced(name)?;
                Ok(Operand::Value(AttributeValue::Null))
            }
        }
    }

    /// Skips a function that does not exist, or that may not stand here. The error is kept, because an error of the syntax or
    /// of a lower rank may follow.
    fn misplaced(&mut self, name: &str) -> Result<(), ApiError> {
        if KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name)) {
            return Err(self.parser.syntax_error());
        }
        let (rank, why) = if name == "size" || FUNCTIONS.contains(&name) {
            (Rank::MisplacedFunction, "The function is not allowed to be used this way in an expression")
        } else {
            (Rank::UnknownFunction, "Invalid function name")
        };
        self.parser.defer_as(rank, self.parser.error(format!("{why}; function: {name}")));
        self.parser.enter()?;
        self.arguments()?;
        self.parser.leave();
        Ok(())
    }

    fn comparison(&mut self) -> Result<Condition, ApiError> {
        let left = self.operand()?;
        if self.parser.accept_keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.parser.accept_keyword("AND") {
                return Err(self.parser.syntax_error());
            }
            let high = self.operand()?;
            self.check_bounds(&low, &high);
            self.distinct("BETWEEN", &left, [&low, &high]);
            return Ok(Condition::Between(left, low, high));
        }
        if self.parser.accept_keyword("IN") {
            let list = self.list()?;
            if list.len() > MAX_IN {
                self.parser.defer(self.parser.error(format!(
                    "The IN operator is provided with too many operands; number of operands: {}",
                    list.len()
                )));
            }
            self.distinct("IN", &left, &list);
            return Ok(Condition::In(left, list));
        }
        let Token::Symbol(symbol) = self.parser.peek() else { return Err(self.parser.syntax_error()) };
        let comparator = Comparator::parse(symbol).ok_or_else(|| self.parser.syntax_error())?;
        self.parser.advance();
        let right = self.operand()?;
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            self.check_ordered(symbol, &left);
            self.check_ordered(symbol, &right);
        }
        self.distinct(symbol, &left, [&right]);
        Ok(Condition::Compare(comparator, left, right))
    }

    fn check_bounds(&mut self, low: &Operand, high: &Operand) {
        self.check_ordered("BETWEEN", low);
        self.check_ordered("BETWEEN", high);
        let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return };
        let shown = |value: &AttributeValue| {
            let text = match value {
                AttributeValue::S(text) => text.clone(),
                AttributeValue::N(number) => number.to_string(),
                other => other.to_json()[other.kind()].as_str().unwrap_or_default().to_owned(),
            };
            format!("AttributeValue: {{{}:{text}}}", value.kind())
        };
        let why = match order(low, high) {
            Some(order) if order.is_le() => return,
            Some(_) => "The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
            None => "The BETWEEN operator requires same data type for lower and upper bounds",
        };
        self.parser.defer(self.parser.error(format!(
            "{why}; lower bound operand: {}, upper bound operand: {}",
            shown(low),
            shown(high)
        )));
    }

    fn check_ordered(&mut self, operator: &str, operand: &Operand) {
        if let Operand::Value(value) = operand
            && order(value, value).is_none()
        {
            self.parser.defer(self.operand_type(operator, value));
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

    fn distinct<'o>(&mut self, operator: &str, first: &Operand, rest: impl IntoIterator<Item = &'o Operand>) {
        let Operand::Path(path) = first else { return };
        if rest.into_iter().any(|other| other == first) {
            self.parser.defer(self.parser.error(format!(
                "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {path}"
            )));
        }
    }
}
