//! Splits a statement into tokens.

use std::borrow::Cow;

/// A token of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, a function, or a name without quotes.
    Word(&'a str),
    /// A name in double quotes.
    Name(Cow<'a, str>),
    /// A text in single quotes.
    Text(Cow<'a, str>),
    /// A number, without a sign.
    Number(&'a str),
    /// An operator or a bracket.
    Symbol(&'a str),
    /// Text that no statement may contain, or a quote without its end.
    Unknown(&'a str),
    /// The end of the statement.
    End,
}

const DOUBLE: [&str; 6] = ["<<", ">>", "<=", ">=", "<>", "!="];

/// The tokens of the statement, ending with [`Token::End`].
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => quoted(rest),
            '0'..='9' => Some(number(rest)),
            _ if first.is_ascii_alphabetic() || first == '_' => Some(word(rest)),
            _ if DOUBLE.iter().any(|symbol| rest.starts_with(symbol)) => Some(2),
            _ => Some(first.len_utf8()),
        };
        let Some(length) = length else {
            tokens.push(Token::Unknown(rest));
            break;
        };
        let (text, behind) = rest.split_at(length);
        tokens.push(match first {
            '\'' => Token::Text(unquoted(text, "'")),
            '"' => Token::Name(unquoted(text, "\"")),
            '0'..='9' => Token::Number(text),
            _ if first.is_ascii_alphabetic() || first == '_' => Token::Word(text),
            _ if length == 2 || ".,*?=<>+-()[]{}:;".contains(first) => Token::Symbol(text),
            _ => Token::Unknown(text),
        });
        rest = behind.trim_start();
    }
    tokens.push(Token::End);
    tokens
}

fn word(text: &str) -> usize {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '$');
    end.unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let sign = matches!(byte, b'+' | b'-') && matches!(bytes.get(end.wrapping_sub(1)), Some(b'e' | b'E'));
        let exponent = matches!(byte, b'e' | b'E')
            && bytes.get(end + 1).is_some_and(|next| next.is_ascii_digit() || b"+-".contains(next));
        if !byte.is_ascii_digit() && *byte != b'.' && !sign && !exponent {
            break;
        }
        end += 1;
    }
    end
}

/// The length of the quoted text at the start. Inside it, a doubled quote stands for one quote.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.first()?;
    let mut at = 1;
    loop {
        let end = at + bytes.get(at..)?.iter().position(|byte| *byte == quote)?;
        if bytes.get(end + 1) != Some(&quote) {
            return Some(end + 1);
        }
        at = end + 2;
    }
}

fn unquoted<'a>(text: &'a str, quote: &str) -> Cow<'a, str> {
    let inner = &text[1..text.len() - 1];
    let doubled = quote.repeat(2);
    if inner.contains(&doubled) { Cow::Owned(inner.replace(&doubled, quote)) } else { Cow::Borrowed(inner) }
}
