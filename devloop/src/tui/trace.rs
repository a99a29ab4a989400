//! Finds the request that a log line is about, by the usual names of request ids.

/// The names of ids, those that span most services first, in small letters without `_` and `-`.
const NAMES: [&str; 6] = ["traceid", "trace", "xraytraceid", "requestid", "correlationid", "eventid"];

/// The shortest text that is taken for an id: a shorter one would also occur in unrelated lines.
const SHORTEST: usize = 6;

/// The ids in the line, whether it is JSON or `name=value`, those that span most services first.
pub(super) fn ids_in(line: &str) -> Vec<String> {
    let pairs = pairs(line);
    let of = |name| {
        let named = pairs.iter().filter(move |(key, value)| key == name && value.len() >= SHORTEST);
        named.map(|(_, value)| value.clone())
    };
    NAMES.iter().flat_map(of).collect()
}

/// Names with their values, wherever a name is followed by `:` or `=`.
fn pairs(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (at, _) in line.match_indices([':', '=']) {
        let name = line[..at].trim_end().trim_end_matches('"');
        let start = name.rfind(|character: char| !(character.is_alphanumeric() || "_-".contains(character)));
        let start = start.map_or(0, |start| start + name[start..].chars().next().map_or(1, char::len_utf8));
        let name: String = name[start..]
            .chars()
            .filter(|character| character.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let value = line[at + 1..].trim_start();
        let is_end = |character: char| character.is_whitespace() || ",;}]\"'".contains(character);
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split(is_end).next(),
        };
        pairs.push((name, value.unwrap_or_default().to_owned()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::ids_in;

    fn check(line: &str, expected: &[&str]) {
        assert_eq!(ids_in(line), expected, "{line}");
    }

    #[test]
    fn ids_are_found_in_json_and_in_pairs() {
        check(
            r#"{"level":"INFO","requestId":"c6af9ac6-7b61","traceId": "1-5759e988"}"#,
            &["1-5759e988", "c6af9ac6-7b61"],
        );
        check(r#"{"level":"INFO","requestId":"c6af9ac6-7b61"}"#, &["c6af9ac6-7b61"]);
        check("INFO accepted request_id=c6af9ac6-7b61 message=\"Hello\"", &["c6af9ac6-7b61"]);
        check("Request-ID: c6af9ac6, done", &["c6af9ac6"]);
        check("▸requestId=c6af9ac6 ▸", &["c6af9ac6"]);
        check("stored 1 of 1 records", &[]);
        check(r#"{"requestId":null,"trace":"7"}"#, &[]);
        check("requestId=", &[]);
        check(r#"{"request_id":"11111111","requestId":"22222222"}"#, &["11111111", "22222222"]);
    }
}
