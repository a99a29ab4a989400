//! What the parsers of all kinds of expressions share: the cursor, errors, names, values and paths.

use super::{
    document_path::{Clash, Path, PathTree, Step},
    lexer::{Spanned, Token, tokens},
    placeholders::Placeholders,
    reserved::is_reserved,
};
use crate::{error::ApiError, services::dynamodb::value::AttributeValue};

/// The longest expression, in bytes [Quotas in Amazon DynamoDB].
const MAX_BYTES: usize = 4096;
/// The most steps of a path, which is also the deepest nesting of an item.
const MAX_STEPS: usize = 32;
/// The deepest nesting of parentheses, `NOT` and functions: the allowed number of operators in an expression [Quotas in
/// Amazon DynamoDB: expression parameters].
const MAX_DEPTH: usize = 300;
/// The highest index of a list element.
const MAX_ELEMENT: usize = i32::MAX as usize;

/// Which of several semantic errors in one expression is reported: that of the first rank, wherever it stands [dynalite, the
/// order of errors in a condition].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    RedundantParentheses,
    UnknownFunction,
    MisplacedFunction,
    Other,
}

/// A cursor over one expression's tokens.
pub(super) struct Parser<'a> {
    /// The request's member, such as `ConditionExpression`; every error starts with it.
    kind: &'static str,
    source: &'a str,
    tokens: Vec<Spanned<'a>>,
    at: usize,
    depth: usize,
    placeholders: &'a mut Placeholders,
    /// The semantic error that goes first, with its rank. It is reported only if the whole expression has no syntax error.
    deferred: Option<(Rank, ApiError)>,
}

impl<'a> Parser<'a> {
    /// A cursor at the first token. Fails if the expression is empty or too long.
    pub(super) fn new(
        kind: &'static str,
        source: &'a str,
        placeholders: &'a mut Placeholders,
    ) -> Result<Self, ApiError> {
        let parser =
            Self { kind, source, tokens: tokens(source), at: 0, depth: 0, placeholders, deferred: None };
        if parser.peek() == Token::End {
            return Err(parser.error("The expression can not be empty;"));
        }
        if source.len() > MAX_BYTES {
            return Err(parser.error("Expression size has exceeded the maximum allowed size;"));
        }
        Ok(parser)
    }

    /// A `ValidationException` that names the expression.
    pub(super) fn error(&self, why: impl std::fmt::Display) -> ApiError {
        ApiError::validation(format!("Invalid {}: {why}", self.kind))
    }

    /// The syntax error at the next token.
    pub(super) fn syntax_error(&self) -> ApiError {
        let from = self.tokens[self.at.saturating_sub(1)].start;
        let to = self.tokens[(self.at + 1).min(self.tokens.len() - 1)].end;
        self.error(format!(
            "Syntax error; token: \"{}\", near: \"{}\"",
            self.peek().text(),
            &self.source[from..to]
        ))
    }

    /// The next token.
    pub(super) fn peek(&self) -> Token<'a> {
        self.tokens[self.at].token
    }

    /// The token after the next one.
    pub(super) fn peek_second(&self) -> Token<'a> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)].token
    }

    /// How many tokens were taken.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether the parenthesis at token number `opened` is closed by the token that was taken last.
    pub(super) fn closes(&self, opened: usize) -> bool {
        let mut open = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().take(self.at).skip(opened) {
            match token.token {
                Token::Symbol("(") => open += 1,
                Token::Symbol(")") => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return at + 1 == self.at;
            }
        }
        false
    }

    /// Takes the next token.
    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Takes the symbol if it comes next.
    pub(super) fn accept(&mut self, symbol: &str) -> bool {
        let found = self.peek() == Token::Symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the symbol, which must come next.
    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), ApiError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// Whether the next token is this keyword, ignoring case.
    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Takes the keyword if it comes next.
    pub(super) fn accept_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// The name of the function that comes next: a word followed by a parenthesis.
    pub(super) fn at_function(&self) -> Option<&'a str> {
        match (self.peek(), self.peek_second()) {
            (Token::Word(name), Token::Symbol("(")) => Some(name),
            _ => None,
        }
    }

    /// Checks that no token is left, and returns the deferred error if there is one.
    pub(super) fn end(&mut self) -> Result<(), ApiError> {
        if self.peek() != Token::End {
            return Err(self.syntax_error());
        }
        self.deferred.take().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Keeps a semantic error of the last rank for [`Parser::end`].
    pub(super) fn defer(&mut self, error: ApiError) {
        self.defer_as(Rank::Other, error);
    }

    /// Keeps a semantic error for [`Parser::end`]. Of several errors the first one of the first rank is kept.
    pub(super) fn defer_as(&mut self, rank: Rank, error: ApiError) {
        if self.deferred.as_ref().is_none_or(|(kept, _)| rank < *kept) {
            self.deferred = Some((rank, error));
        }
    }

    /// Enters a deeper level. The depth is limited, so that no expression overflows the stack.
    pub(super) fn enter(&mut self) -> Result<(), ApiError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("The expression contains too many nested levels"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves a level; the counterpart of [`Parser::enter`].
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Takes a value placeholder, which must come next; returns its value.
    pub(super) fn value(&mut self) -> Result<AttributeValue, ApiError> {
        let Token::Value(placeholder) = self.peek() else { return Err(self.syntax_error()) };
        let value = self.placeholders.value(placeholder);
        if value.is_none() {
            self.defer(self.error(format!(
                "An expression attribute value used in expression is not defined; attribute value: {placeholder}"
            )));
        }
        self.advance();
        Ok(value.unwrap_or(AttributeValue::Null))
    }

    /// Whether the word is a keyword of the grammar, and so not an attribute name.
    fn is_keyword(&self, word: &str) -> bool {
        let keywords: &[&str] = match self.kind {
            "UpdateExpression" => &["SET", "REMOVE", "ADD", "DELETE"],
            "ProjectionExpression" => &[],
            _ => &["AND", "OR", "NOT", "BETWEEN", "IN"],
        };
        keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
    }

    fn name(&mut self) -> Result<String, ApiError> {
        let name = match self.peek() {
            Token::Word(word) if self.is_keyword(word) => return Err(self.syntax_error()),
            Token::Word(word) => {
                if is_reserved(word) {
                    self.defer(
                        self.error(format!("Attribute name is a reserved keyword; reserved keyword: {word}")),
                    );
                }
                word.to_owned()
            }
            Token::Name(placeholder) => {
                let name = self.placeholders.name(placeholder);
                if name.is_none() {
                    self.defer(self.error(format!(
                        "An expression attribute name used in the document path is not defined; attribute name: {placeholder}"
                    )));
                }
                name.unwrap_or_default()
            }
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(name)
    }

    /// Takes a path, which must come next.
    pub(super) fn path(&mut self) -> Result<Path, ApiError> {
        let attribute = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.accept(".") {
                steps.push(Step::Member(self.name()?));
            } else if self.accept("[") {
                let Token::Digits(digits) = self.peek() else { return Err(self.syntax_error()) };
                let Some(at) = digits.parse().ok().filter(|at| *at <= MAX_ELEMENT) else {
                    return Err(self
                        .error(format!("List index is not within the allowable range; index: [{digits}]")));
                };
                self.advance();
                self.expect("]")?;
                steps.push(Step::Element(at));
            } else {
                break;
            }
            if steps.len() >= MAX_STEPS {
                return Err(self.error(format!(
                    "The document path has too many nesting elements; nested depth: {}",
                    steps.len() + 1
                )));
            }
        }
        Ok(Path { attribute, steps })
    }

    /// A tree of the paths; fails if they overlap or conflict.
    pub(super) fn tree<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> Result<PathTree, ApiError> {
        let mut tree = PathTree::default();
        let mut seen: Vec<&Path> = Vec::new();
        for path in paths {
            if let Err(clash) = tree.insert(path) {
                let verb = match clash {
                    Clash::Overlap => "overlap",
                    Clash::Conflict => "conflict",
                };
                let clashes = |other: &&&Path| {
                    let mut pair = PathTree::default();
                    pair.insert(other).and_then(|()| pair.insert(path)).is_err()
                };
                let first = seen.iter().find(clashes).map_or_else(|| path.to_string(), ToString::to_string);
                return Err(self.error(format!(
                    "Two document paths {verb} with each other; must remove or rewrite one of these paths; path one: {first}, path two: {path}"
                )));
            }
            seen.push(path);
        }
        Ok(tree)
    }
}
