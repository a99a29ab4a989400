//! Parses a query: `fields @timestamp, ms | filter ms > 5 and level = "error" | stats count(*) by bin(5m)`.

use regex::{Regex, RegexBuilder};

use super::{
    expression::{Comparison, Condition, Operand},
    lexer::{Token, tokens},
    value::Field,
};

/// The deepest nesting of parentheses, so that a hostile query cannot overflow the stack.
const DEPTH: usize = 32;

/// The most memory of a compiled regular expression, in bytes.
const EXPRESSION_BYTES: usize = 1 << 20;

/// The functions of `stats`.
const FIGURES: [&str; 7] = ["count", "count_distinct", "sum", "avg", "min", "max", "pct"];

/// The signs of arithmetic.
const ARITHMETIC: [&str; 6] = ["+", "-", "*", "/", "%", "^"];

/// A query: its commands, in the order in which they are applied.
#[derive(Debug)]
pub(super) struct Query(pub(super) Vec<Command>);

#[derive(Debug)]
pub(super) enum Command {
    /// `fields` and `display`: the fields to show, with their names in the result. `display` hides the fields of earlier
    /// `fields`.
    Show {
        fields: Vec<(String, String)>,
        only: bool,
    },
    Filter(Condition),
    /// Field names, each with whether the order is descending, which is the default.
    Sort(Vec<(String, bool)>),
    Limit(usize),
    Stats {
        figures: Vec<(Figure, String)>,
        by: Vec<(Key, String)>,
    },
}

/// An aggregation of `stats`.
#[derive(Debug)]
pub(super) enum Figure {
    /// Counts all events, or those that have the field.
    Count(Option<String>),
    CountDistinct(String),
    Sum(String),
    Average(String),
    Least(String),
    Greatest(String),
    Percentile(String, f64),
}

/// A key by which `stats` groups.
#[derive(Debug)]
pub(super) enum Key {
    Name(String),
    /// The time, rounded down to a multiple of this many ms.
    Bin(i64),
}

impl Query {
    /// Parses a query; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
        let mut commands = Vec::new();
        loop {
            commands.push(reader.command()?);
            if reader.is_at_end() {
                return Ok(Self(commands));
            }
            reader.expect("|")?;
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn command(&mut self) -> Result<Command, String> {
        let name = match self.next() {
            Some(Token::Word(name)) => name.to_lowercase(),
            _ => return Err("a command is missing: fields, display, filter, sort, limit or stats".to_owned()),
        };
        match name.as_str() {
            "fields" => Ok(Command::Show { fields: self.list(Self::shown)?, only: false }),
            "display" => Ok(Command::Show { fields: self.list(Self::shown)?, only: true }),
            "filter" => Ok(Command::Filter(self.either()?)),
            "sort" => Ok(Command::Sort(self.list(Self::order)?)),
            "limit" | "head" | "tail" => match self.next() {
                Some(Token::Number(number)) if number >= 1.0 && number.fract() == 0.0 => {
                    Ok(Command::Limit(number as usize))
                }
                _ => Err("limit takes a whole number from 1".to_owned()),
            },
            "stats" => {
                let figures = self.list(Self::figure)?;
                let by = if self.take_word("by") { self.list(Self::key)? } else { Vec::new() };
                Ok(Command::Stats { figures, by })
            }
            other => Err(format!("the embedded cloud does not support the command `{other}`")),
        }
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut items = vec![item(self)?];
        while self.take(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn shown(&mut self) -> Result<(String, String), String> {
        let name = self.field()?;
        let alias = self.alias()?.unwrap_or_else(|| name.clone());
        Ok((name, alias))
    }

    fn order(&mut self) -> Result<(String, bool), String> {
        let name = self.field()?;
        let greatest_first = self.take_word("desc") || !self.take_word("asc");
        Ok((name, greatest_first))
    }

    fn figure(&mut self) -> Result<(Figure, String), String> {
        let name = self.name()?;
        let lower = name.to_lowercase();
        if self.peek_sign("(") && !FIGURES.contains(&lower.as_str()) {
            return Err(unknown_function(&name));
        }
        self.expect("(")?;
        let begin = self.at;
        let figure = if lower == "count" && (self.take("*") || self.peek_sign(")")) {
            Figure::Count(None)
        } else {
            let field = self.field()?;
            match lower.as_str() {
                "count" => Figure::Count(Some(field)),
                "count_distinct" => Figure::CountDistinct(field),
                "sum" => Figure::Sum(field),
                "avg" => Figure::Average(field),
                "min" => Figure::Least(field),
                "max" => Figure::Greatest(field),
                _ => {
                    self.expect(",")?;
                    match self.next() {
                        Some(Token::Number(percent)) if percent <= 100.0 => {
                            Figure::Percentile(field, percent)
                        }
                        _ => return Err("pct takes a field and a number up to 100".to_owned()),
                    }
                }
            }
        };
        let inside: String = self.tokens[begin..self.at].iter().map(shown).collect();
        self.expect(")")?;
        self.refuse_arithmetic(begin - 2)?;
        let alias = self.alias()?.unwrap_or_else(|| format!("{lower}({inside})"));
        Ok((figure, alias))
    }

    fn key(&mut self) -> Result<(Key, String), String> {
        let is_bin = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word == "bin");
        let name = if is_bin { self.name()? } else { self.field()? };
        let (key, shown) = if is_bin && self.take("(") {
            let Some(Token::Word(length)) = self.next() else {
                return Err("bin takes a length of time, such as 5m".to_owned());
            };
            let ms =
                duration(&length).ok_or_else(|| format!("`{length}` is not a length of time, such as 5m"))?;
            self.expect(")")?;
            (Key::Bin(ms), format!("bin({length})"))
        } else {
            (Key::Name(name.clone()), name)
        };
        let alias = self.alias()?.unwrap_or(shown);
        Ok((key, alias))
    }

    fn either(&mut self) -> Result<Condition, String> {
        let mut condition = self.both()?;
        while self.take_word("or") {
            condition = Condition::Either(Box::new(condition), Box::new(self.both()?));
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, String> {
        let mut condition = self.single()?;
        while self.take_word("and") {
            condition = Condition::Both(Box::new(condition), Box::new(self.single()?));
        }
        Ok(condition)
    }

    fn single(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("the condition nests too deep".to_owned());
        }
        let condition = if self.take_word("not") {
            Condition::Not(Box::new(self.single()?))
        } else if self.take("(") {
            let condition = self.either()?;
            self.expect(")")?;
            condition
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        if self.take_word("ispresent") {
            self.expect("(")?;
            let name = self.name()?;
            self.expect(")")?;
            return Ok(Condition::IsPresent(name));
        }
        let operand = self.operand()?;
        if self.take_word("not") {
            return Ok(Condition::Not(Box::new(self.membership(operand)?)));
        }
        for (sign, comparison) in [
            ("=", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.take(sign) {
                return Ok(Condition::Compare(operand, comparison, self.operand()?));
            }
        }
        self.membership(operand)
    }

    /// `like`, `=~` and `in`.
    fn membership(&mut self, operand: Operand) -> Result<Condition, String> {
        if self.take_word("like") || self.take("=~") {
            return match self.next() {
                Some(Token::Pattern(pattern)) => Ok(Condition::Like(operand, expression(&pattern)?)),
                Some(Token::Text(text)) => Ok(Condition::Like(operand, expression(&regex::escape(&text))?)),
                _ => Err("like takes a string or a regular expression between slashes".to_owned()),
            };
        }
        if self.take_word("in") {
            self.expect("[")?;
            let values = self.list(Self::constant)?;
            self.expect("]")?;
            return Ok(Condition::In(operand, values));
        }
        Err("a field is followed by =, !=, <, >, <=, >=, like, =~, in or not".to_owned())
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(_) | Token::Quoted(_)) => self.field().map(Operand::Name),
            _ => self.constant().map(Operand::Constant),
        }
    }

    fn constant(&mut self) -> Result<Field, String> {
        let is_negative = self.take("-");
        match self.next() {
            Some(Token::Number(number)) => Ok(Field::Number(if is_negative { -number } else { number })),
            Some(Token::Text(text)) if !is_negative => Ok(Field::Text(text)),
            _ => Err("a number or a string between quotes is missing".to_owned()),
        }
    }

    /// The name of a field. Functions of fields and arithmetic are not supported.
    fn field(&mut self) -> Result<String, String> {
        let begin = self.at;
        let name = self.name()?;
        if self.peek_sign("(") {
            return Err(unknown_function(&name));
        }
        self.refuse_arithmetic(begin)?;
        Ok(name)
    }

    /// Fails if a sign of arithmetic is next; the error names the expression, which began at the token `begin`.
    fn refuse_arithmetic(&self, begin: usize) -> Result<(), String> {
        if !ARITHMETIC.iter().any(|sign| self.peek_sign(sign)) {
            return Ok(());
        }
        let ends = |token: &Token| matches!(token, Token::Sign("|" | "," | ")"));
        let end = self.tokens[self.at..].iter().position(ends).map_or(self.tokens.len(), |end| self.at + end);
        let words: Vec<String> = self.tokens[begin..end].iter().map(shown).collect();
        Err(format!("the embedded cloud does not support arithmetic, as in `{}`", words.join(" ")))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(name) | Token::Quoted(name)) => Ok(name),
            _ => Err("the name of a field is missing".to_owned()),
        }
    }

    fn alias(&mut self) -> Result<Option<String>, String> {
        if self.take_word("as") { self.name().map(Some) } else { Ok(None) }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn peek_sign(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.peek_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found =
            matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn is_at_end(&self) -> bool {
        self.at == self.tokens.len()
    }
}

fn unknown_function(name: &str) -> String {
    format!("the embedded cloud does not support the function `{name}` here")
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Quoted(text) | Token::Text(text) | Token::Pattern(text) => text.clone(),
        Token::Number(number) => number.to_string(),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}

/// Parses `30s`, `5m`, `1h` or `1d` into ms.
fn duration(text: &str) -> Option<i64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let ms = match unit {
        "ms" => 1,
        "s" | "sec" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok().filter(|number| *number > 0)?.checked_mul(ms)
}

fn expression(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .size_limit(EXPRESSION_BYTES)
        .build()
        .map_err(|_| format!("`{source}` is not a regular expression"))
}
