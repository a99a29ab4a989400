//! The URL of a database, and its form without the password.

use std::fmt;

/// The URL of a database, with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes a URL of libpq's form. The error says what a URL looks like, but never shows this one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let authority = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') {
            return Err("it must look like postgres://user:password@host:port/database".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL of a server of devloop's own; its parts contain nothing that would have to be escaped.
    pub(crate) fn of(user: &str, password: &str, port: u16, database: &str) -> Self {
        Self(format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}"))
    }

    /// The URL with its password.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL without the password, for which `psql` asks.
    pub fn without_password(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return String::new() };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let Some((credentials, host)) = authority.rsplit_once('@') else { return self.0.clone() };
        let user = credentials.split(':').next().unwrap_or_default();
        format!("{scheme}://{user}@{host}{path}")
    }
}

/// Hides the password, which must not get into logs.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.without_password())
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_url_is_shown_without_its_password() {
        let check = |url: &str, expected: &str| {
            let url = DatabaseUrl::parse(url).unwrap();
            assert_eq!(url.without_password(), expected);
            assert!(!format!("{url:?}").contains("secret"));
        };
        check("postgres://u:secret@h:1/d?sslmode=require", "postgres://u@h:1/d?sslmode=require");
        check("postgresql://u:secret@h", "postgresql://u@h");
        check("postgres://u@h/d", "postgres://u@h/d");
        check("postgres://h/d", "postgres://h/d");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for wrong in
            ["", "h", "mysql://u:secret@h/d", "postgres://", "postgres:///d", "postgres://u:secret@:1/d"]
        {
            let error = DatabaseUrl::parse(wrong).unwrap_err();
            assert!(error.contains("postgres://user:password@host:port/database"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
