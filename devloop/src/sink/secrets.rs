//! Masks passwords in what is kept on disk.

use std::borrow::Cow;

/// What stands for a password.
const MASK: &str = "***";

/// The text with the passwords of its URLs masked: `postgres://user:secret@host` becomes `postgres://user:***@host`.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
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

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_of_urls_are_masked_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(masked(text), expected);
        check("psql 'postgres://u:p@localhost:5432/db'", "psql 'postgres://u:***@localhost:5432/db'");
        check(
            r#"{"a":"postgres://u:p@h/db","b":"http://127.0.0.1:4566/"}"#,
            r#"{"a":"postgres://u:***@h/db","b":"http://127.0.0.1:4566/"}"#,
        );
        check("postgres://u:a:b@c@h", "postgres://u:***@h");
        check("ssh://git@host:22/x and a@b:c", "ssh://git@host:22/x and a@b:c");
        check("plain: text", "plain: text");
    }
}
