//! Parses update expressions.

use super::{
    document_path::Path,
    lexer::Token,
    parser::Parser,
    placeholders::Placeholders,
    update::{Operand, SetValue, Update},
};
use crate::{error::ApiError, services::dynamodb::value::AttributeValue};

const SECTIONS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

impl Update {
    /// Parses an `UpdateExpression`.
    pub(crate) fn parse(source: &str, placeholders: &mut Placeholders) -> Result<Self, ApiError> {
        let mut reader = Reader(Parser::new("UpdateExpression", source, placeholders)?);
        let mut update = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        while reader.0.peek() != Token::End {
            let Some(section) = SECTIONS.into_iter().find(|section| reader.0.accept_keyword(section)) else {
                return Err(reader.0.syntax_error());
            };
            seen.push(section);
            loop {
                match section {
                    "SET" => update.set.push(reader.assignment()?),
                    "REMOVE" => update.remove.push(reader.0.path()?),
                    "ADD" => update.add.push(reader.change("ADD")?),
                    _ => update.delete.push(reader.change("DELETE")?),
                }
                if !reader.0.accept(",") {
                    break;
                }
            }
        }
        if let Some(section) =
            SECTIONS.into_iter().find(|section| seen.iter().filter(|other| *other == section).count() > 1)
        {
            return Err(reader
                .0
                .error(format!("The \"{section}\" section can only be used once in an update expression;")));
        }
        reader.0.end()?;
        update.touched = reader.0.tree(update.paths())?;
        Ok(update)
    }
}

struct Reader<'a>(Parser<'a>);

impl Reader<'_> {
    fn assignment(&mut self) -> Result<(Path, SetValue), ApiError> {
        let path = self.0.path()?;
        self.0.expect("=")?;
        Ok((path, self.set_value()?))
    }

    /// Parses one operand, or two with `+` or `-` between them. The whole and each operand may be in parentheses.
    fn set_value(&mut self) -> Result<SetValue, ApiError> {
        let left = if self.0.peek() == Token::Symbol("(") {
            match self.parenthesised(Self::set_value)? {
                SetValue::Plain(operand) => operand,
                value => return Ok(value),
            }
        } else {
            self.operand(None)?
        };
        if self.0.accept("+") {
            let left = self.number("+", left);
            Ok(SetValue::Plus(left, self.right("+")?))
        } else if self.0.accept("-") {
            let left = self.number("-", left);
            Ok(SetValue::Minus(left, self.right("-")?))
        } else {
            Ok(SetValue::Plain(left))
        }
    }

    fn parenthesised<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.0.enter()?;
        self.0.expect("(")?;
        let (first, twice) = (self.0.position(), self.0.peek() == Token::Symbol("("));
        let value = inner(self)?;
        // Two pairs of parentheses around the same expression are redundant.
        if twice && self.0.closes(first) {
            return Err(self.0.error("The expression has redundant parentheses;"));
        }
        self.0.expect(")")?;
        self.0.leave();
        Ok(value)
    }

    fn right(&mut self, operator: &str) -> Result<Operand, ApiError> {
        let operand = self.operand(None)?;
        Ok(self.number(operator, operand))
    }

    fn number(&mut self, operator: &str, operand: Operand) -> Operand {
        if let Operand::Value(value) = &operand
            && !matches!(value, AttributeValue::N(_))
        {
            self.0.defer(self.operand_type(operator, value));
        }
        operand
    }

    /// Parses a path, a value or a function; `within` is the surrounding function, if any.
    fn operand(&mut self, within: Option<&str>) -> Result<Operand, ApiError> {
        if self.0.peek() == Token::Symbol("(") {
            return self.parenthesised(|reader| reader.operand(within));
        }
        if let Token::Value(_) = self.0.peek() {
            return Ok(Operand::Value(self.0.value()?));
        }
        let Some(name) = self.0.at_function() else { return Ok(Operand::Path(self.0.path()?)) };
        if !["if_not_exists", "list_append"].contains(&name) {
            return Err(self.0.error(format!("Invalid function name; function: {name}")));
        }
        if name == "list_append" && within == Some("list_append") {
            return Err(self.0.error(format!(
                "The function is not allowed to be used this way in an expression; function: {name}"
            )));
        }
        self.0.enter()?;
        self.0.advance();
        self.0.expect("(")?;
        let mut operands = vec![self.operand(Some(name))?];
        while self.0.accept(",") {
            operands.push(self.operand(Some(name))?);
        }
        self.0.expect(")")?;
        self.0.leave();
        let [first, second] = <[Operand; 2]>::try_from(operands).map_err(|operands| {
            self.0.error(format!(
                "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {}",
                operands.len()
            ))
        })?;
        if name == "if_not_exists" {
            let Operand::Path(path) = first else {
                return Err(self.0.error(
                    "Operator or function requires a document path; operator or function: if_not_exists",
                ));
            };
            return Ok(Operand::IfNotExists(path, Box::new(second)));
        }
        for operand in [&first, &second] {
            if let Operand::Value(value) = operand
                && !matches!(value, AttributeValue::L(_))
            {
                self.0.defer(self.operand_type(name, value));
            }
        }
        Ok(Operand::ListAppend(Box::new(first), Box::new(second)))
    }

    /// Parses the path and the value of `ADD` or `DELETE`.
    fn change(&mut self, section: &str) -> Result<(Path, AttributeValue), ApiError> {
        let path = self.0.path()?;
        let value = self.0.value()?;
        let name = match &value {
            AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_) => {
                return Ok((path, value));
            }
            AttributeValue::N(_) if section == "ADD" => return Ok((path, value)),
            AttributeValue::N(_) => "NUMBER",
            AttributeValue::S(_) => "STRING",
            AttributeValue::B(_) => "BINARY",
            AttributeValue::Bool(_) => "BOOLEAN",
            AttributeValue::Null => "NULL",
            AttributeValue::L(_) => "LIST",
            AttributeValue::M(_) => "MAP",
        };
        self.0.defer(self.0.error(format!(
            "Incorrect operand type for operator or function; operator: {section}, operand type: {name}, typeSet: ALLOWED_FOR_{section}_OPERAND"
        )));
        Ok((path, value))
    }

    fn operand_type(&self, operator: &str, value: &AttributeValue) -> ApiError {
        self.0.error(format!(
            "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {}",
            value.kind()
        ))
    }
}
