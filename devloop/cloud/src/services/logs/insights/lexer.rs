//! Splits a query into tokens.

/// A token of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a keyword, or a number with a unit such as `5m`.
    Word(String),
    /// A name in backticks, which is never a keyword.
    Quoted(String),
    Text(String),
    Number(f64),
    /// A regular expression in slashes: `/…/`.
    Pattern(String),
    /// A sign such as `|`, `,`, `(`, `=` or `>=`.
    Sign(&'static str),
}

/// All signs, the longer ones first.
const SIGNS: [&str; 19] =
    ["!=", "<=", ">=", "=~", "|", ",", "(", ")", "[", "]", "=", "<", ">", "+", "*", "-", "/", "%", "^"];

/// Splits a query into tokens. `#` starts a comment up to the end of the line.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = match first {
            '#' => {
                rest = rest.split_once('\n').map_or("", |(_, behind)| behind).trim_start();
                continue;
            }
            '"' | '\'' => closed(rest, first).map(|(text, behind)| (Token::Text(text), behind))?,
            '`' => closed(rest, first).map(|(text, behind)| (Token::Quoted(text), behind))?,
            '/' if !divides(&tokens) => pattern(rest)?,
            _ if is_word(first) => word(rest),
            _ => match SIGNS.iter().find_map(|sign| Some((*sign, rest.strip_prefix(sign)?))) {
                Some((sign, behind)) => (Token::Sign(sign), behind),
                None => return Err(format!("`{first}` is not expected")),
            },
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

/// Whether a `/` behind the tokens divides: it follows a value. Regular expressions follow `like`, or the field of `parse`.
fn divides(tokens: &[Token]) -> bool {
    let command = tokens.rsplit(|token| *token == Token::Sign("|")).next().unwrap_or_default();
    let is = |token: Option<&Token>, name: &str| matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(name));
    match tokens.last() {
        Some(Token::Word(_) | Token::Quoted(_)) => {
            !is(tokens.last(), "like") && !is(command.first(), "parse")
        }
        Some(Token::Number(_) | Token::Sign(")")) => true,
        _ => false,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "@_.".contains(c)
}

fn word(text: &str) -> (Token, &str) {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (word, behind) = text.split_at(end);
    let number = word.parse().ok().filter(|number: &f64| number.is_finite());
    let starts_as_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match number.filter(|_| starts_as_number) {
        Some(number) => (Token::Number(number), behind),
        None => (Token::Word(word.to_owned()), behind),
    }
}

/// The text up to the closing `quote`, and the rest after it. A backslash escapes the quote.
fn closed(text: &str, quote: char) -> Result<(String, &str), String> {
    let (mut inside, mut is_escaped) = (String::new(), false);
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => {
                if c != quote {
                    inside.push('\\');
                }
                inside.push(c);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            _ if c == quote => return Ok((inside, &text[index + c.len_utf8()..])),
            _ => inside.push(c),
        }
    }
    Err(format!("a {quote} is not closed"))
}

fn pattern(text: &str) -> Result<(Token, &str), String> {
    closed(text, '/').map(|(pattern, behind)| (Token::Pattern(pattern), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_texts_and_patterns_become_different_tokens() {
        let read =
            tokens("fields @timestamp, `a-b` # comment\n| filter ms>=7.5 and x like /a\\/b/ | limit 5")
                .unwrap();
        let word = |text: &str| Token::Word(text.to_owned());
        let expected = [
            word("fields"),
            word("@timestamp"),
            Token::Sign(","),
            Token::Quoted("a-b".to_owned()),
            Token::Sign("|"),
            word("filter"),
            word("ms"),
            Token::Sign(">="),
            Token::Number(7.5),
            word("and"),
            word("x"),
            word("like"),
            Token::Pattern("a/b".to_owned()),
            Token::Sign("|"),
            word("limit"),
            Token::Number(5.0),
        ];
        assert_eq!(read, expected);
        let read = tokens("stats max(a / 2 / 3) | parse a /b/").unwrap();
        assert_eq!(read.iter().filter(|token| **token == Token::Sign("/")).count(), 2);
        assert_eq!(read.last(), Some(&Token::Pattern("b".to_owned())));
        assert!(tokens("filter \"open").is_err() && tokens("filter a ; b").is_err());
    }
}
