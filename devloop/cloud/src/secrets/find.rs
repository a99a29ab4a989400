//! Finds secrets in a text. Every log line of a session comes through here, so the text is read once, and only the bytes that stand
//! behind a name, in a URL or in a token lead to a closer look.

use std::ops::Range;

use super::names::{SECRET, WHOLE, is_variable};

/// What ends a value without quotes.
const ENDS: [char; 13] = ['"', '\'', '\\', ' ', '\t', '\n', '\r', '&', ',', ';', '}', ')', ']'];

/// What ends a URL.
const URL_ENDS: [char; 10] = [' ', '\t', '\n', '\r', '"', '\'', '\\', '<', '>', '`'];

/// What ends a header's value.
const LINE_ENDS: [char; 5] = ['\n', '\r', '"', '\'', '\\'];

/// The longest name that is looked at.
const LONGEST: usize = 64;

/// The place of the first secret from `from` on. It is never empty.
pub(super) fn next(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let found = |at: usize| match bytes[at] {
        b':' if bytes[at..].starts_with(b"://") => of_url(text, at),
        b':' | b'=' => of_name(text, at),
        b' ' => of_scheme(text, at),
        b'J' => of_web_token(text, at),
        b'I' => of_key_id(text, at),
        _ => None,
    };
    let mut at = from;
    while let Some(next) = bytes[at..].iter().position(|byte| IS_SIGN[usize::from(*byte)]) {
        at += next;
        // What begins before `from` is masked already.
        if let Some(secret) = found(at).filter(|secret| secret.start >= from && !secret.is_empty()) {
            return Some(secret);
        }
        at += 1;
    }
    None
}

/// The bytes that lead to a closer look.
const IS_SIGN: [bool; 256] = {
    let (signs, mut table, mut at) = (*b":= JI", [false; 256], 0);
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
};

/// The password in the URL whose `://` is at `at`. It may contain what would otherwise end the part before the path.
fn of_url(text: &str, at: usize) -> Option<Range<usize>> {
    let start = at + "://".len();
    let rest = &text[start..];
    let url = &rest[..rest.find(URL_ENDS).unwrap_or(rest.len())];
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    let colon = authority.find(':');
    if let Some(host) = authority.rfind('@') {
        return match colon.filter(|colon| *colon < host) {
            // Advice names the place of a password so.
            Some(colon) if authority[colon + 1..host].eq_ignore_ascii_case("password") => None,
            Some(colon) => Some(start + colon + 1..start + host),
            None => {
                is_token(&authority[..host]).then_some(start..start + host).filter(|user| user.len() >= 20)
            }
        };
    }
    // An address of IPv6 has colons of its own.
    let colon = colon.filter(|_| !authority.starts_with('['))?;
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    let is_web = text[..at].ends_with("http") || text[..at].ends_with("https");
    let is_host = is_web || host == "localhost" || host.contains('.');
    if is_host && port.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let password = colon + 1..url.rfind('@')?;
    Some(start + password.start..start + password.end)
}

/// The value of the secret name before `at`, where `=` or `:` is.
fn of_name(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = |end: usize, is_left_out: fn(u8) -> bool| {
        end - bytes[..end].iter().rev().take_while(|byte| is_left_out(**byte)).count()
    };
    let unspaced = before(at, |byte| byte == b' ');
    let end = before(unspaced, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    if !end.checked_sub(2).is_some_and(|last| is_last([bytes[last], bytes[last + 1]])) {
        return None;
    }
    let start = before(end, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let name = &text[start..end];
    let kind = kind(name)?;
    let value = Value::behind(text, at + 1, &text[end..unspaced])?;
    let is_header = bytes[at] == b':' && unspaced == end;
    let is_bare = value.quotes.is_empty();
    match kind {
        Kind::Authorization => of_authorization(&value, is_header && is_bare),
        Kind::Cookie if is_bare && !value.word().contains('=') => None,
        Kind::Cookie => Some(value.to(LINE_ENDS)),
        // `wrong password: try again` is no value, but that of a header is, and so is one in quotes.
        Kind::Other if is_header && is_bare && !name.starts_with(['x', 'X']) => None,
        Kind::Other if is_bare && matches!(value.word(), "null" | "None" | "true" | "false") => None,
        Kind::Other => Some(value.whole()),
    }
}

/// What follows the scheme, which is no secret.
fn of_authorization(value: &Value<'_>, is_header: bool) -> Option<Range<usize>> {
    let (scheme, rest) = value.rest().split_once(' ').unwrap_or_default();
    let behind = Value { start: value.start + scheme.len() + 1, ..*value };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "basic" | "token" | "apikey" | "negotiate" if value.quotes.is_empty() => {
            (!rest.is_empty()).then(|| behind.bare())
        }
        "bearer" | "basic" | "token" | "apikey" | "negotiate" => Some(behind.whole()),
        "aws4-hmac-sha256" | "digest" => Some(behind.to(LINE_ENDS)),
        _ if is_header && !is_token(value.word()) => None,
        _ => Some(value.whole()),
    }
}

/// What follows the space at `at`, behind `Bearer` or `Basic`.
fn of_scheme(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !matches!(at.checked_sub(1).map(|last| bytes[last]), Some(b'r' | b'R' | b'c' | b'C')) {
        return None;
    }
    let ends =
        |word: &str| at >= word.len() && bytes[at - word.len()..at].eq_ignore_ascii_case(word.as_bytes());
    let (scheme, shortest) = [("bearer", 6), ("basic", 8)].into_iter().find(|(scheme, _)| ends(scheme))?;
    let ahead = at.checked_sub(scheme.len() + 1).map(|ahead| bytes[ahead]);
    if ahead.is_some_and(|ahead| ahead.is_ascii_alphanumeric()) {
        return None;
    }
    let token = run(text, at + 1, |byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    let is_alone =
        matches!(ahead, Some(b'"' | b'\'')) && matches!(bytes.get(token.end), Some(b'"' | b'\'' | b'\\'));
    let is_secret = is_alone || (token.len() >= shortest && is_token(&text[token.clone()]));
    is_secret.then_some(token)
}

/// The JSON Web Token that has `J` at `at`: three or five parts, the first of which begins as every header does.
fn of_web_token(text: &str, at: usize) -> Option<Range<usize>> {
    let start = at.checked_sub(2).filter(|start| &text.as_bytes()[*start..at] == b"ey")?;
    let token = run(text, start, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let parts = text[token.clone()].split('.').count();
    (is_begin(text, start) && matches!(parts, 3 | 5)).then_some(token)
}

/// The key id of AWS whose third letter is at `at` [IAM identifiers, Understanding unique ID prefixes].
fn of_key_id(text: &str, at: usize) -> Option<Range<usize>> {
    let begins = |start: &usize| matches!(&text.as_bytes()[*start..at], b"AK" | b"AS");
    let start = at.checked_sub(2).filter(begins)?;
    let id = run(text, start, |byte| byte.is_ascii_alphanumeric());
    let is_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (is_begin(text, start) && id.len() == 20 && text[id.clone()].bytes().all(is_id)).then_some(id)
}

fn is_begin(text: &str, start: usize) -> bool {
    start == 0 || !text.as_bytes()[start - 1].is_ascii_alphanumeric()
}

fn run(text: &str, start: usize, is_part: fn(u8) -> bool) -> Range<usize> {
    start..start + text.as_bytes()[start..].iter().take_while(|byte| is_part(**byte)).count()
}

/// Whether it looks like a token and not like a word.
fn is_token(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().skip(1).any(is);
    word.len() >= 20
        || word.bytes().any(|byte| byte.is_ascii_digit())
        || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// Whether a name of [`SECRET`] or [`WHOLE`] may end in these letters. Of the names of a usual log line, hardly one does.
fn is_last(letters: [u8; 2]) -> bool {
    matches!(
        &letters.map(|letter| letter.to_ascii_lowercase()),
        b"en" | b"et" | b"ey" | b"ie" | b"ng" | b"on" | b"rd" | b"re" | b"se" | b"wd" | b"wt"
    )
}

#[derive(Clone, Copy)]
enum Kind {
    Authorization,
    Cookie,
    Other,
}

fn kind(name: &str) -> Option<Kind> {
    let mut plain = [0; LONGEST];
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    let length = letters.take(LONGEST).zip(&mut plain).map(|(letter, place)| *place = letter).count();
    let plain = &plain[..length];
    let ends = |part: &str| plain.ends_with(part.as_bytes());
    if ends("authorization") {
        return Some(Kind::Authorization);
    }
    if ends("cookie") {
        return Some(Kind::Cookie);
    }
    // Shells have the current folder in `PWD`.
    let is_whole = || name != "PWD" && WHOLE.iter().any(|whole| whole.as_bytes() == plain);
    (SECRET.iter().any(|part| ends(part)) || is_variable(name) || is_whole()).then_some(Kind::Other)
}

/// A value in a text.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    /// Where it begins, behind its quotes.
    start: usize,
    /// The quotes before it, such as `\"` in JSON within JSON; empty without.
    quotes: &'a str,
}

impl<'a> Value<'a> {
    /// The value that begins at `at`, behind spaces, and behind what holds one value: a list, an attribute of DynamoDB such as
    /// `{"S":`, or `Some(`. `None` where there is none. `name_quotes` are those behind the value's name.
    fn behind(text: &'a str, at: usize, name_quotes: &str) -> Option<Self> {
        let mut rest = text[at..].trim_start_matches(' ');
        if rest.starts_with(['=', '>', '~']) {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            rest = inner.trim_start_matches(' ');
        } else if let Some(inner) = rest.strip_prefix('{') {
            let kind = inner.trim_start_matches(QUOTES).strip_prefix(['S', 'N', 'B'])?;
            rest = kind.trim_start_matches(QUOTES).strip_prefix(':')?.trim_start_matches(' ');
        } else if let Some((_, inner)) = rest.split_once('(').filter(|(name, inner)| {
            name.bytes().all(|letter| letter.is_ascii_alphanumeric()) && inner.starts_with(QUOTES)
        }) {
            rest = inner;
        }
        let slashes = rest.len() - rest.trim_start_matches('\\').len();
        let quotes = if rest[slashes..].starts_with(['"', '\'']) { &rest[..=slashes] } else { "" };
        // Quotes behind `password=` may end the text that this stands in.
        let inside = rest[quotes.len()..].chars().next();
        if !quotes.is_empty()
            && quotes != name_quotes
            && matches!(inside, None | Some(',' | '}' | ']' | ':' | '\n'))
        {
            return None;
        }
        let value = Self { text, start: text.len() - rest.len() + quotes.len(), quotes };
        (!value.whole().is_empty()).then_some(value)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.start..]
    }

    /// Its first word.
    fn word(&self) -> &'a str {
        &self.text[self.bare()]
    }

    fn bare(&self) -> Range<usize> {
        self.to(ENDS)
    }

    fn to<const N: usize>(&self, ends: [char; N]) -> Range<usize> {
        let rest = self.rest();
        self.start..self.start + rest.find(ends).unwrap_or(rest.len())
    }

    /// All of it: to the closing quotes, if it has quotes and they are closed.
    fn whole(&self) -> Range<usize> {
        let closed = if self.quotes.is_empty() { None } else { self.closing() };
        closed.map_or_else(|| self.bare(), |end| self.start..end)
    }

    /// Where the closing quotes begin. JSON within JSON has one backslash before its quotes, then three, and so on; a quote within the
    /// value has more of them. One with fewer ends the text that the value is in.
    fn closing(&self) -> Option<usize> {
        let (slashes, quote) = (self.quotes.len() - 1, self.quotes.as_bytes()[self.quotes.len() - 1]);
        let bytes = self.text.as_bytes();
        let mut before = 0;
        for (at, byte) in bytes.iter().enumerate().skip(self.start) {
            match byte {
                b'\\' => before += 1,
                b'\n' => return None,
                b'"' | b'\'' if *byte == quote || *byte == b'"' => {
                    let is_end = before < slashes || (before - slashes).is_multiple_of(2 * (slashes + 1));
                    if is_end {
                        return (*byte == quote && before >= slashes).then_some(at - slashes);
                    }
                    before = 0;
                }
                _ => before = 0,
            }
        }
        None
    }
}

/// What stands around a text, also in JSON within JSON.
const QUOTES: [char; 3] = ['\\', '"', '\''];
