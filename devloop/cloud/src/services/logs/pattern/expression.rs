//! Regular expressions in patterns: `%5[0-9]{2}%`.

use regex::{Regex, RegexBuilder};

/// A regular expression.
pub(crate) type Expression = Regex;

/// The most memory of a compiled expression in bytes, so that a hostile one stays small.
const SIZE: usize = 1 << 20;

/// Parses the expression between percent signs at the start of `text`; returns it with the rest of the text. AWS allows a
/// subset without groups; groups are refused, so that a pattern which works here also works on AWS [Supported regular
/// expressions syntax].
pub(crate) fn parse(text: &str) -> Result<(Expression, &str), String> {
    let inside = &text[1..];
    let end = inside.find('%').ok_or("a % is not closed")?;
    let (source, rest) = (&inside[..end], &inside[end + 1..]);
    if source.is_empty() || source.contains(['(', ')']) {
        return Err(format!("the regular expression `{source}` is not supported"));
    }
    let expression = RegexBuilder::new(source)
        .size_limit(SIZE)
        .build()
        .map_err(|_| format!("`{source}` is not a regular expression"))?;
    Ok((expression, rest))
}
