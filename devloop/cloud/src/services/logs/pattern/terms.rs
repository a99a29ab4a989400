//! Patterns of terms: `ERROR "timed out" -retry ?WARN ?%5[0-9]{2}%`.

use super::expression::{self, Expression};

/// Terms, by whether they are required.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// A message must contain all of these.
    required: Vec<Term>,
    /// A message must contain at least one of these, if there are any.
    optional: Vec<Term>,
    /// A message must contain none of these.
    excluded: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Expression(Expression),
}

impl Terms {
    /// Parses terms; the error says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (list, body) = match rest.strip_prefix('?') {
                Some(body) => (&mut terms.optional, body),
                None => match rest.strip_prefix('-') {
                    Some(body) => (&mut terms.excluded, body),
                    None => (&mut terms.required, rest),
                },
            };
            let (term, behind) = term(body)?;
            list.push(term);
            if !behind.is_empty() && !behind.starts_with(char::is_whitespace) {
                return Err(format!("a space is missing before `{behind}`"));
            }
            rest = behind.trim_start();
        }
        Ok(terms)
    }

    /// How many regular expressions there are.
    pub(crate) fn expressions(&self) -> usize {
        let all = self.required.iter().chain(&self.optional).chain(&self.excluded);
        all.filter(|term| matches!(term, Term::Expression(_))).count()
    }

    /// Whether a message matches the terms.
    pub(crate) fn matches(&self, message: &str) -> bool {
        self.required.iter().all(|term| term.is_in(message))
            && (self.optional.is_empty() || self.optional.iter().any(|term| term.is_in(message)))
            && !self.excluded.iter().any(|term| term.is_in(message))
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text),
            Self::Expression(expression) => expression.is_match(message),
        }
    }
}

/// Parses one term; returns it with the rest of the text.
fn term(text: &str) -> Result<(Term, &str), String> {
    if text.starts_with('"') {
        let (phrase, rest) = quoted(text)?;
        return Ok((Term::Text(phrase), rest));
    }
    if text.starts_with('%') {
        let (expression, rest) = expression::parse(text)?;
        return Ok((Term::Expression(expression), rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return Err("a term is missing".to_owned());
    }
    match word.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
        Some(other) => Err(format!("the term `{word}` holds `{other}` and must be quoted")),
        None => Ok((Term::Text(word.to_owned()), rest)),
    }
}

/// Parses a text in double quotes, with the escapes `\"` and `\\`; returns it with the rest of the text.
pub(crate) fn quoted(text: &str) -> Result<(String, &str), String> {
    let (mut inside, mut escaped) = (String::new(), false);
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                if c != '"' && c != '\\' {
                    inside.push('\\');
                }
                inside.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((inside, &text[index + 1..])),
            _ => inside.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}
