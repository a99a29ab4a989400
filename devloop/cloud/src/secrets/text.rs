//! Secrets in a text: whatever somebody has written, with or without JSON in it.

use std::borrow::Cow;

use super::{MASK, find};

/// The text with its secrets masked, and everything else as it is: the password of a URL, the value behind a name such as `password`,
/// `AWS_SECRET_ACCESS_KEY` or `x-api-key`, what follows `Bearer`, JSON Web Tokens, and AWS's key ids. Quotes stay, so that JSON stays JSON.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let (mut out, mut done) = (String::new(), 0);
    while let Some(secret) = find::next(text, done) {
        out.push_str(&text[done..secret.start]);
        out.push_str(MASK);
        done = secret.end;
    }
    if done == 0 {
        return text.into();
    }
    out.push_str(&text[done..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    fn check(text: &str, expected: &str) {
        assert_eq!(without_secrets(text), expected);
        assert_eq!(without_secrets(expected), expected, "what is masked stays so");
    }

    proptest::proptest! {
        /// Log files hold a line of JSON for each text, and programs read them.
        #[test]
        fn json_stays_json(
            words in proptest::collection::vec("password|token|Bearer|eyJa\\.b\\.c|x-api-key|[a-z]{0,3}|://|[=:@/'\"\\\\ {}\\[\\](),\n?]", 0..40)
        ) {
            let text = words.concat();
            let line = serde_json::json!({ "line": text, "more": [text, 1] }).to_string();
            let nested = serde_json::json!({ "line": line, "n": null }).to_string();
            for line in [line, nested] {
                let masked = without_secrets(&line);
                assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked} of {line}");
            }
        }
    }

    #[test]
    fn passwords_of_urls_are_masked() {
        check("psql 'postgres://u:p@localhost:5432/db'", "psql 'postgres://u:***@localhost:5432/db'");
        check(
            r#"{"a":"postgres://u:p@h/db","b":"http://127.0.0.1:4566/"}"#,
            r#"{"a":"postgres://u:***@h/db","b":"http://127.0.0.1:4566/"}"#,
        );
        check("postgres://u:a:b@c@h", "postgres://u:***@h");
        check("postgres://u:pa/ss@host/db", "postgres://u:***@host/db");
        check("postgres://u:p?a#s/s@host/db and more", "postgres://u:***@host/db and more");
        check("postgres://u:1/2@host/db", "postgres://u:***@host/db");
        check("redis://:p/w@host", "redis://:***@host");
        check("https://u:p@host/@scope/name", "https://u:***@host/@scope/name");
        check("https://ghp_0123456789abcdefABCD@github.com/a", "https://***@github.com/a");
    }

    #[test]
    fn urls_without_a_password_stay() {
        for text in [
            "ssh://git@host:22/x and a@b:c",
            "http://localhost:4566/path/@scope/name",
            "https://example.com:8443/?mail=a@b.c",
            "http://[::1]:80/@x",
            "postgres://localhost:5432/db?user=a@b",
            "postgres://u:@h",
            "it must look like postgres://user:password@host:port/database",
            "s3://bucket/a:b@c",
            "plain: text",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn values_of_secret_names_are_masked() {
        check("host=h password=secret dbname=d", "host=h password=*** dbname=d");
        check("PGPASSWORD=secret psql", "PGPASSWORD=*** psql");
        check("db_password = 'secret'; x", "db_password = '***'; x");
        check(r#"{"password":"secret","a":1}"#, r#"{"password":"***","a":1}"#);
        check(r#""line":"{\"dbPassword\": \"secret\"}""#, r#""line":"{\"dbPassword\": \"***\"}""#);
        check("AWS_SECRET_ACCESS_KEY=wJalr/bPx+K AWS_REGION=r", "AWS_SECRET_ACCESS_KEY=*** AWS_REGION=r");
        check("GITHUB_TOKEN=ghp_1 x", "GITHUB_TOKEN=*** x");
        check("/k?token=a&n=1&api_key=b", "/k?token=***&n=1&api_key=***");
        check("x-api-key: k1, accept: */*", "x-api-key: ***, accept: */*");
        check(r#"{"X-Api-Key":["k1"],"n":[1]}"#, r#"{"X-Api-Key":["***"],"n":[1]}"#);
        check(r#"User { name: "a", password: "p", n: 1 }"#, r#"User { name: "a", password: "***", n: 1 }"#);
        check(r#"secret: Some("p"), n: 1"#, r#"secret: Some("***"), n: 1"#);
        check(r#"{"password":{"S":"p"},"n":{"N":"1"}}"#, r#"{"password":{"S":"***"},"n":{"N":"1"}}"#);
        check("{'pwd': 'p', 'n': 1}", "{'pwd': '***', 'n': 1}");
    }

    #[test]
    fn a_value_in_quotes_is_masked_to_its_end() {
        check(r#"{"password":"a b, c&d","n":1}"#, r#"{"password":"***","n":1}"#);
        check(r#"{"password":"a\"b\\","n":1}"#, r#"{"password":"***","n":1}"#);
        check(
            r#""line":"{\"password\":\"a\\\"b c\",\"n\":1}""#,
            r#""line":"{\"password\":\"***\",\"n\":1}""#,
        );
        // One that has no end is masked as if it had no quotes, and never beyond the text that it is in.
        check("password=\"a b", "password=\"*** b");
        check(r#"{"line":"password=","more":"x"}"#, r#"{"line":"password=","more":"x"}"#);
        check(r#"{"line":"password='a","b":"it's"}"#, r#"{"line":"password='***","b":"it's"}"#);
    }

    #[test]
    fn what_authorizes_is_masked() {
        check("Authorization: Bearer xyz", "Authorization: Bearer ***");
        check("authorization: bearer a.b-c_d next", "authorization: bearer *** next");
        check(r#"{"authorization":"Bearer xyz","n":1}"#, r#"{"authorization":"Bearer ***","n":1}"#);
        check(r#""Bearer xyz""#, r#""Bearer ***""#);
        check("sends Bearer abc123def then", "sends Bearer *** then");
        check("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***");
        check("got Basic dXNlcjpwYXNz.", "got Basic ***");
        check("Authorization: sk-1a2b3c", "Authorization: ***");
        check(
            "authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=c\nx",
            "authorization: AWS4-HMAC-SHA256 ***\nx",
        );
        check("token eyJhbGci.eyJzdWIi.c_-1 end", "token *** end");
        check("id AKIAIOSFODNN7EXAMPLE used", "id *** used");
        check("Cookie: sid=1; theme=2\nx", "Cookie: ***\nx");
    }

    #[test]
    fn plain_words_stay() {
        for text in [
            "wrong password: try again",
            "password= ",
            "password == expected",
            "password=None",
            r#"{"password":""}"#,
            r#"{"password":null,"secret":true}"#,
            r#"{"password":{"minimum":8}}"#,
            "passwords",
            "a password",
            "the bearer of good news",
            "Bearer tokens are refused, and Basic authentication too",
            "bearer: x",
            "authorization: required for this route",
            "max_tokens=500 NextToken=abc secretsmanager=on secret_count=3",
            "PWD=/work OLDPWD=/",
            "cookie: none",
            "AKIA and ASIA, eyJ and eyJx.y",
            "monkey=1 key=2 SortKey=3 publickey=4",
            "ümläut: ü=ä",
        ] {
            check(text, text);
        }
    }
}
