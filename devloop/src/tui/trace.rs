//! Which request a line of the logs is about, by the names that people give such ids.

/// The names of ids, the ones that reach furthest first, in small letters without `_` and `-`.
const NAMES: [&str; 6] = ["traceid", "trace", "xraytraceid", "requestid", "correlationid", "eventid"];

/// The shortest text that is taken for an id: anything shorter would be found in lines that have nothing to do with it.
const SHORTEST: usize = 6;

/// The id in the line, whether the line is JSON or `name=value`.
pub(super) fn id_in(line: &str) -> Option<String> {
    let pairs = pairs(line);
    NAMES.iter().find_map(|name| {
        let pair = pairs.iter().find(|(key, value)| key == name && value.len() >= SHORTEST);
        pair.map(|(_, value)| value.clone())
    })
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
    use super::id_in;

    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(id_in(line).as_deref(), expected, "{line}");
    }

    #[test]
    fn ids_are_found_in_json_and_in_pairs() {
        check(r#"{"level":"INFO","requestId":"c6af9ac6-7b61","traceId": "1-5759e988"}"#, Some("1-5759e988"));
        check(r#"{"level":"INFO","requestId":"c6af9ac6-7b61"}"#, Some("c6af9ac6-7b61"));
        check("INFO accepted request_id=c6af9ac6-7b61 message=\"Hello\"", Some("c6af9ac6-7b61"));
        check("Request-ID: c6af9ac6, done", Some("c6af9ac6"));
        check("▸requestId=c6af9ac6 ▸", Some("c6af9ac6"));
        check("stored 1 of 1 records", None);
        check(r#"{"requestId":null,"trace":"7"}"#, None);
        check("requestId=", None);
    }
}
