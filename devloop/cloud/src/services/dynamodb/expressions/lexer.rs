//! Splits an expression into tokens.

/// A token of an expression; its text is a slice of the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, a function name or an attribute name.
    Word(&'a str),
    /// `#name`, with the sign.
    Name(&'a str),
    /// `:value`, with the colon.
    Value(&'a str),
    /// Digits, as in `[12]`.
    Digits(&'a str),
    /// An operator or a bracket.
    Symbol(&'a str),
    /// Text that no expression may contain.
    Unknown(&'a str),
    /// The end of the expression.
    End,
}

impl<'a> Token<'a> {
    /// The token as error messages show it.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Word(text)
            | Self::Name(text)
            | Self::Value(text)
            | Self::Digits(text)
            | Self::Symbol(text)
            | Self::Unknown(text) => text,
            Self::End => "<EOF>",
        }
    }
}

/// A token with the byte offsets of its start and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spanned<'a> {
    pub(super) token: Token<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of the expression, ending with [`Token::End`]. Never fails: unknown text becomes an unknown token.
pub(super) fn tokens(source: &str) -> Vec<Spanned<'_>> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::with_capacity(source.len() / 4 + 2);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let word_end = |from: usize| {
            let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            from + bytes[from..].iter().take_while(|byte| inside(byte)).count()
        };
        let token = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                at = word_end(at);
                Token::Word(&source[start..at])
            }
            sign @ (b'#' | b':') if word_end(at + 1) > at + 1 => {
                at = word_end(at + 1);
                let text = &source[start..at];
                if sign == b'#' { Token::Name(text) } else { Token::Value(text) }
            }
            // Zero is the only number that starts with a zero.
            b'0' => {
                at += 1;
                Token::Digits(&source[start..at])
            }
            b'1'..=b'9' => {
                at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                Token::Digits(&source[start..at])
            }
            b'<' if matches!(bytes.get(at + 1), Some(b'=' | b'>')) => {
                at += 2;
                Token::Symbol(&source[start..at])
            }
            b'>' if bytes.get(at + 1) == Some(&b'=') => {
                at += 2;
                Token::Symbol(&source[start..at])
            }
            b'=' | b'<' | b'>' | b'+' | b'-' | b'(' | b')' | b'[' | b']' | b',' | b'.' => {
                at += 1;
                Token::Symbol(&source[start..at])
            }
            _ => {
                at += source[at..].chars().next().map_or(1, char::len_utf8);
                Token::Unknown(&source[start..at])
            }
        };
        tokens.push(Spanned { token, start, end: at });
    }
    let end = source.trim_end().len();
    tokens.push(Spanned { token: Token::End, start: end, end });
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_split_into_tokens() {
        let check = |source: &str, expected: &[&str]| {
            let texts: Vec<&str> = tokens(source).iter().map(|spanned| spanned.token.text()).collect();
            assert_eq!(texts, [expected, &["<EOF>"]].concat(), "{source}");
        };
        check("a=:v", &["a", "=", ":v"]);
        check("#n.b[10] <> :1", &["#n", ".", "b", "[", "10", "]", "<>", ":1"]);
        check("size(a)<=:x", &["size", "(", "a", ")", "<=", ":x"]);
        check("a-b", &["a", "-", "b"]);
        check("_a", &["_", "a"]);
        check("# ü \"", &["#", "ü", "\""]);
        check("l[00]", &["l", "[", "0", "0", "]"]);
        check("", &[]);
    }
}
