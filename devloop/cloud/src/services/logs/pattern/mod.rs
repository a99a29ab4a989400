//! Filter patterns: which events FilterLogEvents shows.

mod expression;
mod json;
mod parse;
mod terms;

use super::errors::invalid;
use crate::error::ApiError;

/// A pattern, ready to be matched [Filter pattern syntax, CloudWatch Logs user guide].
#[derive(Debug)]
pub(crate) enum Pattern {
    /// No condition.
    All,
    /// Words, phrases and regular expressions anywhere in the message.
    Terms(terms::Terms),
    /// Conditions on the fields of a JSON message.
    Json(json::Condition),
}

impl Pattern {
    /// Reads a pattern. Patterns for space-delimited fields, `[a, b]`, are refused by name.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.trim();
        if text.len() > 1_024 {
            return Err(invalid("The filter pattern is longer than 1024 characters."));
        }
        if text.is_empty() {
            return Ok(Self::All);
        }
        if text.starts_with('[') {
            return Err(ApiError::unsupported("space-delimited filter patterns ([a, b])"));
        }
        let parsed = if text.starts_with('{') {
            parse::condition(text).map(Self::Json)
        } else {
            terms::Terms::parse(text).map(Self::Terms)
        };
        parsed.map_err(|why| invalid(format!("Invalid filter pattern: {why}")))
    }

    /// Whether a message is shown.
    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Terms(terms) => terms.matches(message),
            // Most messages of a group that is filtered this way are JSON; the others are told apart at once.
            Self::Json(condition) => {
                message.trim_start().starts_with(['{', '['])
                    && serde_json::from_str(message).is_ok_and(|document| condition.holds(&document))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, message: &str, expected: bool) {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(parsed.matches(message), expected, "{pattern} on {message}");
    }

    #[test]
    fn terms_match_anywhere_and_by_case() {
        check("", "anything", true);
        check("ERROR", "an ERROR here", true);
        check("ERROR", "an error here", false);
        check("ERROR", "NOERRORS", true);
        check("ERROR timeout", "timeout after ERROR", true);
        check("ERROR timeout", "only ERROR", false);
        check("\"timed out after\"", "Task timed out after 3.00 seconds", true);
        check("\"out timed\"", "Task timed out", false);
        check("\"say \\\"hi\\\"\"", "they say \"hi\"", true);
        check("?WARN ?ERROR", "a WARN", true);
        check("?WARN ?ERROR", "an INFO", false);
        check("?\"a b\" ?c", "x a b y", true);
        check("ERROR -retry", "ERROR final", true);
        check("ERROR -retry", "ERROR retry 1", false);
        check("-\"known issue\"", "a known issue", false);
        check("-x", "y", true);
        check("REPORT RequestId", "REPORT RequestId: 1", true);
    }

    #[test]
    fn regular_expressions_stand_between_percent_signs() {
        check("%5[0-9]{2}%", "status 503", true);
        check("%5[0-9]{2}%", "status 404", false);
        check("%^START%", "x START", false);
        check("{ $.code = %^5% }", r#"{"code": 503}"#, true);
        check("{ $.path != %/health% }", r#"{"path": "/health"}"#, false);
    }

    #[test]
    fn fields_are_compared_as_numbers_and_as_text() {
        let event = r#"{"level":"error","ms":7.5,"user":{"id":"u-1","roles":["admin","ops"]},"ok":true,"none":null,
                        "list":[{"a":1},{"a":5}],"a.b":"dotted","n":"12"}"#;
        let yes = |pattern: &str| check(pattern, event, true);
        let no = |pattern: &str| check(pattern, event, false);
        yes(r#"{ $.level = "error" }"#);
        yes("{ $.level = error }");
        yes(r#"{ $.level = "error" && $.ms > 5 }"#);
        no(r#"{ $.level = "error" && $.ms > 8 }"#);
        yes("{ $.ms >= 7.5 }");
        yes("{ $.ms <= 7.5e0 }");
        no("{ $.ms < 7.5 }");
        yes("{ $.ms != 8 }");
        no("{ $.ms = 8 }");
        yes("{ $.level != warn }");
        yes("{ $.level = err* }");
        yes(r#"{ $.level = "*rr*" }"#);
        no("{ $.level = r* }");
        yes("{ $.user.id = u-* }");
        yes("{ $.user.roles[1] = ops }");
        yes("{ $.user.roles[*] = ops }");
        no("{ $.user.roles[*] = guest }");
        no("{ $.user.roles[2] = ops }");
        yes("{ $.list[*].a > 4 }");
        yes("{ $['a.b'] = dotted }");
        yes(r#"{ $["user"]["id"] = "u-1" }"#);
        yes("{ $.ok IS TRUE }");
        no("{ $.ok IS FALSE }");
        yes("{ $.none IS NULL }");
        no("{ $.ok IS NULL }");
        yes("{ $.ok EXISTS }");
        yes("{ $.missing NOT EXISTS }");
        no("{ $.level NOT EXISTS }");
        no("{ $.missing != 1 }");
        no("{ $.missing IS NULL }");
        yes("{ $.n = 12 }");
        yes(r#"{ ($.level = "warn") || ($.ms > 5 && $.ok is true) }"#);
        no(r#"{ ($.level = "warn" || $.ms > 5) && $.ok is false }"#);
        yes("{$.ms>5}");
        check("{ $.a = 1 }", "not json", false);
        check("{ $.a = 1 }", r#"{"a":1} trailing"#, false);
        check("{ $[0] = 1 }", "[1]", true);
    }

    #[test]
    fn broken_patterns_are_refused() {
        let refused = |pattern: &str, code: &str| match Pattern::parse(pattern) {
            Err(error) => assert_eq!(error.code, code, "{pattern}"),
            Ok(parsed) => panic!("{pattern} was read as {parsed:?}"),
        };
        refused("[ip, user]", "NotImplementedException");
        for pattern in [
            "{",
            "{}",
            "{ $.a }",
            "{ $.a = }",
            "{ $.a = 1",
            "{ $.a = 1 } x",
            "{ a = 1 }",
            "{ $.a > text }",
            "{ $.a = 1 && }",
            "{ ($.a = 1 }",
            "{ $.a[x] = 1 }",
            "{ $. = 1 }",
            "{ $.a IS maybe }",
            "\"open",
            "%(%",
            "%open",
            "a: b",
            "?",
            "-",
        ] {
            refused(pattern, "InvalidParameterException");
        }
        refused(&"(".repeat(2_000), "InvalidParameterException");
        refused(&format!("{{ {}", "(".repeat(900)), "InvalidParameterException");
    }
}
