//! Parses statements.

use super::{
    super::{
        expressions::{Path, PathTree, SetValue, Step, UpdateOperand},
        value::AttributeValue,
    },
    lexer::{Token, tokens},
    statement::{Assignments, Returning, Select, Statement},
};
use crate::error::ApiError;

/// The deepest nesting of values and conditions.
const MAX_DEPTH: usize = 100;

/// A cursor over a statement's tokens and its parameters.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    parameters: std::vec::IntoIter<AttributeValue>,
}

impl Statement {
    /// Parses a statement, in which each `?` stands for the next parameter.
    pub(crate) fn parse(source: &str, parameters: Vec<AttributeValue>) -> Result<Self, ApiError> {
        let mut parser =
            Parser { tokens: tokens(source), at: 0, depth: 0, parameters: parameters.into_iter() };
        let statement = parser.statement()?;
        parser.accept(";");
        if *parser.peek() != Token::End {
            return Err(parser.unexpected());
        }
        if parser.parameters.next().is_some() {
            return Err(ApiError::validation("Number of parameters in request and statement don't match."));
        }
        Ok(statement)
    }
}

impl<'a> Parser<'a> {
    fn statement(&mut self) -> Result<Statement, ApiError> {
        if self.accept_word("SELECT") {
            return Ok(Statement::Select(self.select()?));
        }
        if self.accept_word("INSERT") {
            return self.insert();
        }
        if self.accept_word("UPDATE") {
            return self.update();
        }
        if self.accept_word("DELETE") {
            return self.delete();
        }
        if self.accept_word("EXISTS") {
            self.expect("(")?;
            self.expect_word("SELECT")?;
            let select = self.select()?;
            self.expect(")")?;
            return Ok(Statement::Exists(select));
        }
        Err(self.unexpected())
    }

    fn select(&mut self) -> Result<Select, ApiError> {
        let projection = if self.accept("*") {
            None
        } else {
            let mut tree = PathTree::default();
            loop {
                let path = self.path()?;
                if tree.insert(&path).is_err() {
                    return Err(ApiError::validation(format!("Duplicate projection of {path}")));
                }
                if !self.accept(",") {
                    break;
                }
            }
            Some(tree)
        };
        self.expect_word("FROM")?;
        let (table, index) = self.table()?;
        let condition = self.accept_word("WHERE").then(|| self.condition()).transpose()?;
        let mut order = Vec::new();
        if self.accept_word("ORDER") {
            self.expect_word("BY")?;
            loop {
                let attribute = self.name()?;
                let down = self.accept_word("DESC");
                if !down {
                    self.accept_word("ASC");
                }
                order.push((attribute, down));
                if !self.accept(",") {
                    break;
                }
            }
        }
        Ok(Select { table, index, projection, condition, order })
    }

    fn insert(&mut self) -> Result<Statement, ApiError> {
        self.expect_word("INTO")?;
        let table = self.own_table()?;
        self.expect_word("VALUE")?;
        let AttributeValue::M(item) = self.value()? else {
            return Err(ApiError::validation("The value of an INSERT must be a tuple of attributes"));
        };
        let mut if_not_exists = false;
        if self.accept_word("IF") {
            self.expect_word("NOT")?;
            self.expect_word("EXISTS")?;
            if_not_exists = true;
        }
        Ok(Statement::Insert { table, item, if_not_exists })
    }

    fn update(&mut self) -> Result<Statement, ApiError> {
        let table = self.own_table()?;
        let mut assignments = Assignments::default();
        loop {
            if self.accept_word("SET") {
                self.assignment(&mut assignments)?;
                while self.accept(",") {
                    self.assignment(&mut assignments)?;
                }
            } else if self.accept_word("REMOVE") {
                assignments.remove.push(self.path()?);
            } else {
                break;
            }
        }
        let mut tree = PathTree::default();
        if assignments.paths().any(|path| tree.insert(path).is_err()) {
            return Err(ApiError::validation("Two document paths overlap with each other"));
        }
        if assignments.paths().next().is_none() {
            return Err(self.unexpected());
        }
        self.expect_word("WHERE")?;
        let condition = self.condition()?;
        Ok(Statement::Update { table, assignments, condition, returning: self.returning()? })
    }

    fn delete(&mut self) -> Result<Statement, ApiError> {
        self.expect_word("FROM")?;
        let table = self.own_table()?;
        self.expect_word("WHERE")?;
        let condition = self.condition()?;
        let returning = self.returning()?;
        match returning {
            None | Some(Returning::AllOld) => Ok(Statement::Delete { table, condition, returning }),
            Some(other) => Err(ApiError::validation(format!(
                "Invalid returning clause: RETURNING {} *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
                match other {
                    Returning::ModifiedOld => "MODIFIED OLD",
                    Returning::AllNew => "ALL NEW",
                    _ => "MODIFIED NEW",
                }
            ))),
        }
    }

    /// Parses `path = value`, `path = path + value`, `list_append`, or a change of a set.
    fn assignment(&mut self, assignments: &mut Assignments) -> Result<(), ApiError> {
        let path = self.path()?;
        self.expect("=")?;
        if let Some(function) = self.accept_function(&["set_add", "set_delete"]) {
            let of = self.path()?;
            self.expect(",")?;
            let members = self.value()?;
            self.expect(")")?;
            let is_set =
                matches!(members, AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_));
            if of != path || !is_set {
                return Err(ApiError::validation(format!(
                    "{function} changes the set that it is assigned to, by a set"
                )));
            }
            let changes = if function == "set_add" { &mut assignments.add } else { &mut assignments.delete };
            changes.push((path, members));
            return Ok(());
        }
        let left = self.operand()?;
        let value = if self.accept("+") {
            SetValue::Plus(left, self.operand()?)
        } else if self.accept("-") {
            SetValue::Minus(left, self.operand()?)
        } else {
            SetValue::Plain(left)
        };
        assignments.set.push((path, value));
        Ok(())
    }

    fn operand(&mut self) -> Result<UpdateOperand, ApiError> {
        if self.accept_function(&["list_append"]).is_some() {
            let first = self.operand()?;
            self.expect(",")?;
            let second = self.operand()?;
            self.expect(")")?;
            return Ok(UpdateOperand::ListAppend(Box::new(first), Box::new(second)));
        }
        if self.at_value() {
            return Ok(UpdateOperand::Value(self.value()?));
        }
        Ok(UpdateOperand::Path(self.path()?))
    }

    fn returning(&mut self) -> Result<Option<Returning>, ApiError> {
        if !self.accept_word("RETURNING") {
            return Ok(None);
        }
        let all = self.accept_word("ALL");
        if !all {
            self.expect_word("MODIFIED")?;
        }
        let old = self.accept_word("OLD");
        if !old {
            self.expect_word("NEW")?;
        }
        self.expect("*")?;
        Ok(Some(match (all, old) {
            (true, true) => Returning::AllOld,
            (true, false) => Returning::AllNew,
            (false, true) => Returning::ModifiedOld,
            (false, false) => Returning::ModifiedNew,
        }))
    }

    /// Parses a table name, and an index name after a dot.
    fn table(&mut self) -> Result<(String, Option<String>), ApiError> {
        let table = self.name()?;
        let index = self.accept(".").then(|| self.name()).transpose()?;
        Ok((table, index))
    }

    fn own_table(&mut self) -> Result<String, ApiError> {
        match self.table()? {
            (table, None) => Ok(table),
            (_, Some(_)) => Err(ApiError::validation("This operation is not supported on an index")),
        }
    }

    /// Parses a path: an attribute, and steps into it.
    pub(super) fn path(&mut self) -> Result<Path, ApiError> {
        let attribute = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.accept(".") {
                steps.push(Step::Member(self.name()?));
            } else if self.accept("[") {
                let Token::Number(digits) = *self.peek() else { return Err(self.unexpected()) };
                let at = digits.parse().map_err(|_| self.unexpected())?;
                self.advance();
                self.expect("]")?;
                steps.push(Step::Element(at));
            } else {
                return Ok(Path { attribute, steps });
            }
        }
    }

    fn name(&mut self) -> Result<String, ApiError> {
        let name = match self.peek() {
            Token::Word(word) => (*word).to_owned(),
            Token::Name(name) => name.clone().into_owned(),
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(name)
    }

    /// The next token.
    pub(super) fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at]
    }

    /// Takes the next token.
    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Takes the symbol if it comes next.
    pub(super) fn accept(&mut self, symbol: &str) -> bool {
        let found = *self.peek() == Token::Symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the symbol, which must come next.
    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), ApiError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes the keyword if it comes next, ignoring case.
    pub(super) fn accept_word(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.advance();
        }
        found
    }

    /// Takes the keyword, which must come next.
    pub(super) fn expect_word(&mut self, keyword: &str) -> Result<(), ApiError> {
        if self.accept_word(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes one of the functions and its opening parenthesis, if it comes next.
    pub(super) fn accept_function(&mut self, functions: &[&'static str]) -> Option<&'static str> {
        let Token::Word(word) = self.peek() else { return None };
        let found = functions.iter().find(|function| word.eq_ignore_ascii_case(function)).copied()?;
        if self.tokens.get(self.at + 1) != Some(&Token::Symbol("(")) {
            return None;
        }
        self.advance();
        self.advance();
        Some(found)
    }

    /// Takes the next parameter.
    pub(super) fn parameter(&mut self) -> Result<AttributeValue, ApiError> {
        self.parameters
            .next()
            .ok_or_else(|| ApiError::validation("Number of parameters in request and statement don't match."))
    }

    /// Runs `inner` one level deeper. The depth is limited, so that no statement overflows the stack.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        if self.depth == MAX_DEPTH {
            return Err(ApiError::validation("Nesting Levels have exceeded supported limits"));
        }
        self.depth += 1;
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    /// The syntax error at the next token.
    pub(super) fn unexpected(&self) -> ApiError {
        let token = match self.peek() {
            Token::Word(text) | Token::Number(text) | Token::Symbol(text) | Token::Unknown(text) => *text,
            Token::Name(text) | Token::Text(text) => text.as_ref(),
            Token::End => "the end",
        };
        ApiError::validation(format!("Statement wasn't well formed, can't be processed: Unexpected {token}"))
    }
}
