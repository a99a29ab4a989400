//! Reads `DATABASE_URL`.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// How long a server may take to accept the connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the database is and how its server is trusted.
///
/// The URL has libpq's form, so that `psql` takes the same one. `sslmode` is stricter than there: `require`, like `verify-full`,
/// checks the server's certificate and name. `prefer`, the default, uses TLS if it is offered and checks nothing: an attacker who
/// could forge a certificate could as well pretend that the server has no TLS.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) config: Config,
    /// A file of root certificates (`sslrootcert`), instead of the system's.
    pub(super) roots: Option<PathBuf>,
}

impl Database {
    /// Reads a URL. Errors never show it: it holds the password.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (url, roots) = without_libpq_only(url)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let why =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            format!("it is no connection URL of Postgres: {why}")
        })?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        config.connect_timeout(CONNECT_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("downstream");
        }
        Ok(Self { config, roots })
    }

    /// Whether the server's certificate is checked.
    pub(super) fn verifies(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }
}

/// Removes options from the query that only libpq knows.
fn without_libpq_only(url: &str) -> Result<(String, Option<PathBuf>), String> {
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), None)) };
    let (mut kept, mut roots) = (Vec::new(), None);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", path)) => roots = Some(PathBuf::from(decoded(path)?)),
            Some(("sslmode", "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    Ok((url, roots))
}

/// A value of the query without its percent signs.
fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| format!("sslrootcert={text} is not percent-encoded"))?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| format!("sslrootcert={text} is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_libpqs() {
        let database = Database::parse("postgres://u:p%40ss@127.0.0.1:5433/items").unwrap();
        assert_eq!(database.config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(
            (database.config.get_ports(), database.config.get_dbname()),
            ([5433].as_slice(), Some("items"))
        );
        assert_eq!(database.config.get_application_name(), Some("downstream"));
        assert!(!database.verifies() && database.roots.is_none());
    }

    #[test]
    fn certificates_are_checked_where_tls_is_required() {
        fn check(query: &str, verifies: bool, roots: Option<&str>) {
            let database = Database::parse(&format!("postgres://u@h/d{query}")).unwrap();
            assert_eq!(
                (database.verifies(), database.roots),
                (verifies, roots.map(PathBuf::from)),
                "{query}"
            );
        }
        check("?sslmode=disable", false, None);
        check("?sslmode=require", true, None);
        check("?sslmode=verify-full&sslrootcert=/opt/ca.pem", true, Some("/opt/ca.pem"));
        check("?sslrootcert=%2Fopt%2Fca.pem&application_name=x", false, Some("/opt/ca.pem"));
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        fn check(url: &str, expected: &str) {
            let error = Database::parse(url).unwrap_err();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
        check("postgres:///items", "names no host");
        check("postgres://u:secret@h:port/d", "no connection URL");
        check("postgres://u:secret@h/d?sslmode=maybe", "sslmode");
        check("postgres://u:secret@h/d?sslrootcert=%z", "percent-encoded");
        check("secret", "no connection URL");
    }
}
