//! A request that an API takes, and how a shell sends it.

/// A request to an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiCall {
    /// Where it goes, with its query.
    pub(crate) url: String,
    pub(crate) method: String,
    /// Its headers, such as the API key's, by name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

impl ApiCall {
    /// A `GET` without anything else.
    pub(crate) fn get(url: &str) -> Self {
        Self { url: url.to_owned(), method: "GET".to_owned(), headers: Vec::new(), body: None }
    }

    /// The parts of the shell's command, which can be on rows of their own.
    pub(crate) fn command(&self) -> Vec<String> {
        let mut parts = vec![if self.method == "HEAD" { "curl -I" } else { "curl -i" }.to_owned()];
        // curl takes POST where there is a body.
        let implied = if self.body.is_some() { "POST" } else { "GET" };
        if self.method != implied && self.method != "HEAD" {
            parts.push(format!("-X {}", self.method));
        }
        parts.extend(
            self.headers.iter().map(|(name, value)| format!("-H {}", word(&format!("{name}: {value}")))),
        );
        parts.extend(self.body.iter().map(|body| format!("-d {}", word(body))));
        parts.push(word(&self.url));
        parts
    }
}

/// The text as one word of a shell: in quotes if it holds anything that a shell might read otherwise.
fn word(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.,:/@%+=".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_command_that_a_shell_reads_as_it_is_meant() {
        let check =
            |method: &str, headers: &[(&str, &str)], body: Option<&str>, url: &str, expected: &str| {
                let headers =
                    headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
                let (url, method, body) = (url.to_owned(), method.to_owned(), body.map(str::to_owned));
                assert_eq!(ApiCall { url, method, headers, body }.command().join(" "), expected);
            };
        check("GET", &[], None, "http://h/a", "curl -i http://h/a");
        check("HEAD", &[], None, "http://h/a", "curl -I http://h/a");
        check("DELETE", &[], None, "http://h/a?b=1&c=2", "curl -i -X DELETE 'http://h/a?b=1&c=2'");
        check("POST", &[], Some("{}"), "http://h/", "curl -i -d '{}' http://h/");
        check("PUT", &[], Some("it's"), "http://h/", r"curl -i -X PUT -d 'it'\''s' http://h/");
        let key = [("x-api-key", "$(reboot)")];
        check("GET", &key, None, "http://h/", "curl -i -H 'x-api-key: $(reboot)' http://h/");
        check("GET", &[], None, "http://h/`x`", "curl -i 'http://h/`x`'");
    }
}
