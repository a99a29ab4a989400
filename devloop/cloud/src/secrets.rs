//! Masks passwords in what is shown or kept on disk.

use std::borrow::Cow;

/// What stands for a password.
const MASK: &str = "***";

/// The text with its passwords masked: `postgres://user:secret@host` becomes `postgres://user:***@host`, and `password=secret` becomes
/// `password=***`.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    match of_urls(text) {
        Cow::Borrowed(text) => of_names(text),
        Cow::Owned(text) => Cow::Owned(of_names(&text).into_owned()),
    }
}

fn of_urls(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(['/', '?', '#', '"', '\'', '\\', ' ', '\n']).unwrap_or(after.len());
        let authority = &after[..end];
        match authority.rsplit_once('@').and_then(|(who, host)| Some((who.split_once(':')?.0, host))) {
            Some((user, host)) => out.extend([user, ":", MASK, "@", host]),
            None => out.push_str(authority),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out.into()
}

/// Masks the values of names that end in `password`, in connection strings, variables and JSON, also JSON within JSON.
fn of_names(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["assword", "ASSWORD"].iter().filter_map(|name| rest.find(name)).min() {
        let (before, after) = rest.split_at(at + "assword".len());
        out.push_str(before);
        let value = value(after).unwrap_or(after);
        out.push_str(&after[..after.len() - value.len()]);
        let end = value.find(ENDS).unwrap_or(value.len());
        // Without a value there is nothing to hide, and what is no value stays.
        let is_value = value.len() < after.len() && end > 0;
        out.push_str(if is_value { MASK } else { &value[..end] });
        rest = &value[end..];
    }
    if out.is_empty() {
        return text.into();
    }
    out.push_str(rest);
    out.into()
}

/// What ends a value.
const ENDS: [char; 11] = ['"', '\'', '\\', ' ', '\t', '\n', '&', ',', ';', '}', ')'];

/// What follows `=`, or the `:` behind a name in quotes.
fn value(after_name: &str) -> Option<&str> {
    let quotes = |text: &'_ str| text.len() - text.trim_start_matches(['\\', '"', '\'']).len();
    let quoted = quotes(after_name);
    let rest = after_name[quoted..].trim_start_matches(' ');
    let rest = rest.strip_prefix('=').or_else(|| rest.strip_prefix(':').filter(|_| quoted > 0))?;
    let rest = rest.trim_start_matches(' ');
    Some(&rest[quotes(rest)..])
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_are_masked_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(without_passwords(text), expected);
        check("psql 'postgres://u:p@localhost:5432/db'", "psql 'postgres://u:***@localhost:5432/db'");
        check(
            r#"{"a":"postgres://u:p@h/db","b":"http://127.0.0.1:4566/"}"#,
            r#"{"a":"postgres://u:***@h/db","b":"http://127.0.0.1:4566/"}"#,
        );
        check("postgres://u:a:b@c@h", "postgres://u:***@h");
        check("ssh://git@host:22/x and a@b:c", "ssh://git@host:22/x and a@b:c");
        check("plain: text", "plain: text");
        check("host=h password=secret dbname=d", "host=h password=*** dbname=d");
        check("PGPASSWORD=secret psql", "PGPASSWORD=*** psql");
        check("db_password = 'secret'; x", "db_password = '***'; x");
        check(r#"{"password":"secret","a":1}"#, r#"{"password":"***","a":1}"#);
        check(r#""line":"{\"dbPassword\": \"secret\"}""#, r#""line":"{\"dbPassword\": \"***\"}""#);
        for text in
            ["wrong password: try again", "password= ", r#"{"password":""}"#, "passwords", "a password"]
        {
            check(text, text);
        }
    }
}
