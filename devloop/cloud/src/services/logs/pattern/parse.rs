//! Parses `{ $.level = "error" && ($.ms > 5 || $.fatal IS TRUE) }` and `[ip, ..., status = 4*]`.

use super::{
    expression,
    json::{Comparison, Condition, Literal, Selector, Step, Test, Wanted},
    spaced::{self, Field, Spaced},
    terms::quoted,
};

/// The deepest nesting of parentheses, so that a hostile pattern cannot overflow the stack.
const DEPTH: usize = 32;

/// Parses a whole JSON pattern; the error says what is wrong.
pub(crate) fn condition(text: &str) -> Result<Condition, String> {
    let mut reader = Reader { rest: text, depth: 0, expressions: 0, names: Names::Selectors };
    reader.expect("{")?;
    let condition = reader.either()?;
    reader.end("}")?;
    Ok(condition)
}

/// Parses the selector of one value, such as `$.latency`; the error says what is wrong.
pub(crate) fn selector(text: &str) -> Result<Selector, String> {
    let mut reader = Reader { rest: text, depth: 0, expressions: 0, names: Names::Selectors };
    let selector = reader.selector()?;
    reader.end("")?;
    Ok(selector)
}

/// Parses `[ip, user, ..., status = 4*]`; the error says what is wrong.
pub(crate) fn spaced(text: &str) -> Result<Spaced, String> {
    let mut reader = Reader { rest: text, depth: 0, expressions: 0, names: Names::Fields };
    reader.expect("[")?;
    let mut pattern = Spaced { first: Vec::new(), last: None };
    loop {
        if reader.take("...") {
            if pattern.last.replace(Vec::new()).is_some() {
                return Err("a pattern has one ellipsis at the most".to_owned());
            }
        } else {
            let field = reader.field()?;
            pattern.last.as_mut().unwrap_or(&mut pattern.first).push(field);
        }
        if !reader.take(",") {
            reader.end("]")?;
            return Ok(pattern);
        }
    }
}

/// How a condition names the value that it tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// `$.name`, in a JSON message.
    Selectors,
    /// `name`, a field of the pattern.
    Fields,
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    /// How many regular expressions were read.
    expressions: usize,
    names: Names,
}

impl<'a> Reader<'a> {
    fn either(&mut self) -> Result<Condition, String> {
        let mut condition = self.both()?;
        while self.take("||") {
            condition = Condition::Either(Box::new(condition), Box::new(self.both()?));
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, String> {
        let mut condition = self.single()?;
        while self.take("&&") {
            condition = Condition::Both(Box::new(condition), Box::new(self.single()?));
        }
        Ok(condition)
    }

    fn single(&mut self) -> Result<Condition, String> {
        if !self.take("(") {
            return Ok(Condition::Field(self.selector()?, self.test()?));
        }
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("the parentheses nest too deep".to_owned());
        }
        let condition = self.either()?;
        self.expect(")")?;
        self.depth -= 1;
        Ok(condition)
    }

    /// Parses a field of a space-delimited pattern: nothing, its name, or a condition that starts with its name.
    fn field(&mut self) -> Result<Field, String> {
        self.rest = self.rest.trim_start();
        let begin = self.rest;
        self.rest = self.rest.trim_start_matches(['(', ' ']);
        let name = self.run(is_field);
        let name = (!name.is_empty()).then(|| name.to_owned());
        if begin.starts_with('(') || !self.rest.trim_start().starts_with([',', ']']) {
            self.rest = begin;
            return Ok(Field { name, condition: Some(self.either()?) });
        }
        Ok(Field { name, condition: None })
    }

    fn selector(&mut self) -> Result<Selector, String> {
        if self.names == Names::Fields {
            self.rest = self.rest.trim_start();
            return match self.run(is_field) {
                "" => Err("a condition begins with the name of a field".to_owned()),
                name => Ok(spaced::selector(name)),
            };
        }
        self.expect("$")?;
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                if let Some(rest) = rest.strip_prefix('*') {
                    self.rest = rest;
                    steps.push(Step::Every);
                    continue;
                }
                // `$.['a.b']` is another way to write `$['a.b']`.
                if rest.starts_with('[') {
                    continue;
                }
                let name = self.run(|c| c.is_alphanumeric() || "_-@#".contains(c));
                if name.is_empty() {
                    return Err("a name is missing behind a dot".to_owned());
                }
                steps.push(Step::Member(name.to_owned()));
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                steps.push(self.bracket()?);
            } else if steps.is_empty() {
                return Err("a selector needs a name: $.name".to_owned());
            } else {
                return Ok(Selector(steps));
            }
        }
    }

    fn bracket(&mut self) -> Result<Step, String> {
        let step = if self.take("*") {
            Step::Every
        } else if self.rest.starts_with('"') {
            let (name, rest) = quoted(self.rest)?;
            self.rest = rest;
            Step::Member(name)
        } else if let Some(rest) = self.rest.strip_prefix('\'') {
            let (name, rest) = rest.split_once('\'').ok_or("a quote is not closed")?;
            self.rest = rest;
            Step::Member(name.to_owned())
        } else {
            let digits = self.run(|c| c.is_ascii_digit());
            Step::Index(digits.parse().map_err(|_| "brackets hold a number, a quoted name or *".to_owned())?)
        };
        self.expect("]")?;
        Ok(step)
    }

    fn test(&mut self) -> Result<Test, String> {
        for (sign, comparison) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.take(sign) {
                return match self.literal()? {
                    Literal::Number(number) => Ok(Test::Compare(comparison, number)),
                    _ => Err(format!("`{sign}` compares numbers")),
                };
            }
        }
        if self.take("!=") {
            return Ok(Test::NotEqual(self.literal()?));
        }
        if self.take("=") {
            return Ok(Test::Equal(self.literal()?));
        }
        match self.word().as_str() {
            "EXISTS" => Ok(Test::Exists),
            "NOT" if self.word() == "EXISTS" => Ok(Test::NotExists),
            "IS" => match self.word().as_str() {
                "NULL" => Ok(Test::IsNull),
                "TRUE" => Ok(Test::Is(true)),
                "FALSE" => Ok(Test::Is(false)),
                other => Err(format!("IS takes NULL, TRUE or FALSE, not `{other}`")),
            },
            _ => Err("a selector is followed by =, !=, <, >, <=, >=, IS, EXISTS or NOT EXISTS".to_owned()),
        }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            let (text, rest) = quoted(self.rest)?;
            self.rest = rest;
            return Ok(Literal::Text(Wanted::read(&text)));
        }
        if self.rest.starts_with('%') {
            let (expression, rest) = expression::parse(self.rest)?;
            self.rest = rest;
            self.expressions += 1;
            expression::check_count(self.expressions)?;
            return Ok(Literal::Expression(expression));
        }
        let word = self.run(|c| c.is_alphanumeric() || "_-.+*:/#@".contains(c));
        if word.is_empty() {
            return Err("a value is missing".to_owned());
        }
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Literal::Number(number)),
            _ => Ok(Literal::Text(Wanted::read(word))),
        }
    }

    /// The next word, in capital letters.
    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        self.run(|c| c.is_ascii_alphabetic()).to_ascii_uppercase()
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn take(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes the closing sign, after which nothing may follow.
    fn end(&mut self, sign: &str) -> Result<(), String> {
        self.expect(sign)?;
        match self.rest.trim() {
            "" => Ok(()),
            behind => Err(format!("`{behind}` is behind the closing `{sign}`")),
        }
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }
}

/// Whether a field's name may contain the character.
fn is_field(c: char) -> bool {
    c.is_alphanumeric() || "_-".contains(c)
}
