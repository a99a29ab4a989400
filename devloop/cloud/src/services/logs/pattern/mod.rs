//! Filter patterns: they select the events of FilterLogEvents and of metric filters.

mod expression;
mod json;
mod parse;
mod spaced;
mod terms;

use serde_json::{Map, Value};

pub(crate) use self::json::{Selector, number};
use super::errors::invalid;
use crate::error::ApiError;

/// A parsed pattern [Filter pattern syntax, CloudWatch Logs user guide].
#[derive(Debug)]
pub(crate) enum Pattern {
    /// The empty pattern, which matches all messages.
    All,
    /// Words, phrases and regular expressions anywhere in the message.
    Terms(terms::Terms),
    /// Conditions on the fields of a JSON message.
    Json(json::Condition),
    /// Conditions on space-delimited fields.
    Spaced(spaced::Spaced),
}

/// What a metric filter can use of a matching message.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// The fields of a space-delimited pattern, by name.
    pub(crate) fields: Map<String, Value>,
    /// The JSON document, for a JSON pattern.
    pub(crate) document: Option<Value>,
}

impl Pattern {
    /// Parses a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.trim();
        if text.len() > 1_024 {
            return Err(invalid("The filter pattern is longer than 1024 characters."));
        }
        if text.is_empty() {
            return Ok(Self::All);
        }
        let parsed = if text.starts_with('[') {
            parse::spaced(text).map(Self::Spaced)
        } else if text.starts_with('{') {
            parse::condition(text).map(Self::Json)
        } else {
            terms::Terms::parse(text).map(Self::Terms)
        };
        parsed.map_err(|why| invalid(format!("Invalid filter pattern: {why}")))
    }

    /// Parses a pattern for a search in events. Its regular expressions are limited also where it consists of terms.
    pub(crate) fn of_search(text: &str) -> Result<Self, ApiError> {
        let parsed = Self::parse(text)?;
        if let Self::Terms(terms) = &parsed {
            expression::check_count(terms.expressions())
                .map_err(|why| invalid(format!("Invalid filter pattern: {why}")))?;
        }
        Ok(parsed)
    }

    /// Whether a message matches.
    pub(crate) fn matches(&self, message: &str) -> bool {
        self.extract(message).is_some()
    }

    /// The fields or the document of a matching message; `None` if it does not match.
    pub(crate) fn extract(&self, message: &str) -> Option<Extracted> {
        match self {
            Self::All => Some(Extracted::default()),
            Self::Terms(terms) => terms.matches(message).then(Extracted::default),
            // Most messages in a group with such a pattern are JSON; others are rejected by their first character.
            Self::Json(condition) => {
                let is_json = message.trim_start().starts_with(['{', '[']);
                let document = is_json.then(|| serde_json::from_str(message).ok()).flatten()?;
                let holds = condition.holds(&document);
                holds.then(|| Extracted { document: Some(document), ..Extracted::default() })
            }
            Self::Spaced(spaced) => spaced.fields(message).map(|fields| Extracted { fields, document: None }),
        }
    }
}

/// Parses the selector of a value in a JSON message, such as `$.latency`.
pub(crate) fn selector(text: &str) -> Result<Selector, ApiError> {
    parse::selector(text).map_err(|why| invalid(format!("Invalid selector {text}: {why}")))
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

    /// The limits on AWS's page about regular expressions in patterns; the first example is the page's own.
    #[test]
    fn regular_expressions_outside_of_the_documented_subset_are_refused() {
        let refused = |pattern: &str| assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        refused("%something!%");
        refused("%(a)%");
        refused("%a b%");
        refused("%é%");
        refused("{ $.a = %a% || $.b = %b% || $.c = %c% }");
        refused("[a = %a%, b = %b%, c = %c%]");
        check("{ $.a = %1% && $.b = %2% }", r#"{"a":1,"b":2}"#, true);
        check(r"%^[a-z]+:_#=@/;,-\d{1,2}.*\s$|x?%", "ab:_#=@/;,-12 ", true);
        assert!(Pattern::of_search("%a% %b% %c%").is_err());
        assert!(Pattern::of_search("%a% %b%").is_ok() && Pattern::parse("%a% %b% %c%").is_ok());
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
        no("{ $.level = e*r }");
        no(r#"{ $.level = "e*r" }"#);
        yes("{ $.level != e*r }");
        yes("{ $.level = * }");
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

    /// `Ev*ent` is the page's own example of a text that matches itself alone.
    #[test]
    fn an_asterisk_inside_a_text_is_no_wildcard() {
        for pattern in ["{ $.x = Ev*ent }", r#"{ $.x = "Ev*ent" }"#] {
            check(pattern, r#"{"x":"Ev*ent"}"#, true);
            check(pattern, r#"{"x":"Ev-ent"}"#, false);
        }
        check("{ $.x = *Ev*ent* }", r#"{"x":"an Ev*ent here"}"#, true);
        check("{ $.x = *Ev*ent* }", r#"{"x":"an Ev and an ent"}"#, false);
        check("[x = Up*ail]", "UpdateTrail", false);
        check("[x = Up*ail]", "Up*ail", true);
    }

    #[test]
    fn names_with_dots_and_wildcards_find_values() {
        let event = r#"{"cluster.name":"c","tags":{"a":1,"b":7},"list":[[1],[2,3]]}"#;
        let yes = |pattern: &str| check(pattern, event, true);
        yes("{ $.['cluster.name'] = \"c\" }");
        yes("{ $['cluster.name'] = \"c\" }");
        check("{ $.cluster.name = \"c\" }", event, false);
        yes("{ $.tags.* > 6 }");
        yes("{ $.tags[*] = 7 }");
        check("{ $.tags.* > 7 }", event, false);
        yes("{ $.list[*][*] = 3 }");
        yes("{ $.* = c }");
    }

    #[test]
    fn fields_are_words_quotes_and_brackets() {
        let line = "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
        let yes = |pattern: &str| check(pattern, line, true);
        let no = |pattern: &str| check(pattern, line, false);
        yes("[ip, user, username, timestamp, request, status_code, bytes]");
        yes("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]");
        yes("[..., request=*.html*, status_code=4*,]");
        yes("[..., status_code = 4* && bytes > 1000, bytes]");
        yes("[ip = 127.*, ...]");
        yes("[ip, ..., (status_code = 500 || status_code = 404), bytes]");
        yes("[ip, user, ..., status_code = %^4%, bytes]");
        yes("[..., username != root, t, r, s, b]");
        no("[ip, user]");
        no("[a, b, c, d, e, f, g, h, ...]");
        no("[..., status_code = 5*, bytes]");
        no("[..., status_code = 4* && status_code != 404, bytes]");
        check("[w1=ERROR, w2]", "ERROR message", true);
        check("[w1=ERROR || w1=WARN, w2]", "WARN message", true);
        check("[w1=ERROR, w2]", "ERROR WARN message", false);
        let extracted =
            Pattern::parse("[..., request=*.html*, status_code=4*,]").unwrap().extract(line).unwrap();
        let field = |name: &str| extracted.fields.get(name).and_then(Value::as_str);
        assert_eq!(
            (field("status_code"), field("7"), field("3")),
            (Some("404"), Some("1534"), Some("frank"))
        );
        assert_eq!(field("request"), Some("GET /index.html HTTP/1.0"));
    }

    #[test]
    fn broken_patterns_are_refused() {
        let refused = |pattern: &str, code: &str| match Pattern::parse(pattern) {
            Err(error) => assert_eq!(error.code, code, "{pattern}"),
            Ok(parsed) => panic!("{pattern} was read as {parsed:?}"),
        };
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
            "[a, b",
            "[..., a, ...]",
            "[a = ]",
            "[a] b",
            "[= 1]",
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
