//! A request that an API takes, and how a shell sends it.

use ratatui::text::Span;

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

/// The command in rows of at most `width` columns that a shell reads as one; `None` if that takes more than `most` rows.
pub(super) fn rows(command: &[String], width: u16, most: usize) -> Option<Vec<String>> {
    let fits = |text: &str| Span::raw(text).width() <= usize::from(width);
    let mut rows = Vec::new();
    let mut row = String::new();
    for (number, part) in command.iter().enumerate() {
        let longer = if row.is_empty() { part.clone() } else { format!("{row} {part}") };
        let end = if number + 1 == command.len() { "" } else { r" \" };
        if row.is_empty() || fits(&format!("{longer}{end}")) {
            row = longer;
        } else {
            rows.push(format!(r"{row} \"));
            row = format!("  {part}");
        }
    }
    rows.push(row);
    (rows.len() <= most && rows.iter().all(|row| fits(row))).then_some(rows)
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

    #[test]
    fn a_long_command_continues_on_the_next_row() {
        let command = ["curl -i", "-H 'x-api-key: abc'", "-d '{}'", "http://h/"].map(str::to_owned);
        let check = |width, most, expected: Option<&[&str]>| {
            let seen = rows(&command, width, most);
            let seen = seen.as_ref().map(|rows| rows.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(seen.as_deref(), expected, "{width} {most}");
        };
        check(45, 3, Some(&["curl -i -H 'x-api-key: abc' -d '{}' http://h/"]));
        check(44, 3, Some(&["curl -i -H 'x-api-key: abc' -d '{}' \\", "  http://h/"]));
        check(30, 3, Some(&["curl -i -H 'x-api-key: abc' \\", "  -d '{}' http://h/"]));
        check(25, 3, Some(&["curl -i \\", "  -H 'x-api-key: abc' \\", "  -d '{}' http://h/"]));
        check(30, 1, None);
        check(20, 9, None);
    }
}
