//! Regular expressions in patterns: `%5[0-9]{2}%`.

use regex::{Regex, RegexBuilder};

/// A regular expression.
pub(crate) type Expression = Regex;

/// The most memory of a compiled expression in bytes, so that a hostile one stays small.
const SIZE: usize = 1 << 20;

/// The most expressions of one pattern, where AWS limits them [Supported regular expressions syntax].
pub(crate) const MOST: usize = 2;

/// The signs in expressions besides letters and digits: those that stand for themselves, then the operators.
const SIGNS: &str = ":_#=@/;,-^$?[]{}|\\*+.";

/// Parses the expression between percent signs at the start of `text`; returns it with the rest of the text. AWS allows a
/// subset of regular expressions; others are refused, so that a pattern which works here also works on AWS [Supported regular
/// expressions syntax].
pub(crate) fn parse(text: &str) -> Result<(Expression, &str), String> {
    let inside = &text[1..];
    let end = inside.find('%').ok_or("a % is not closed")?;
    let (source, rest) = (&inside[..end], &inside[end + 1..]);
    if source.is_empty() {
        return Err("a regular expression is empty".to_owned());
    }
    if let Some(sign) = source.chars().find(|c| !c.is_ascii_alphanumeric() && !SIGNS.contains(*c)) {
        return Err(format!("`{sign}` is not supported in the regular expression `{source}`"));
    }
    let expression = RegexBuilder::new(source)
        .size_limit(SIZE)
        .build()
        .map_err(|_| format!("`{source}` is not a regular expression"))?;
    Ok((expression, rest))
}

/// Fails if a pattern has more than [`MOST`] expressions.
pub(crate) fn check_count(count: usize) -> Result<(), String> {
    if count <= MOST {
        return Ok(());
    }
    Err(format!("a pattern has up to {MOST} regular expressions, not {count}"))
}
