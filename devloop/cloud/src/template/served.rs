//! Addresses of AWS that this cloud answers at another place.

/// The address of a deployed API as this cloud serves it: a template joins it from `https://`, the API's id and AWS's
/// domain, which leads to AWS itself. Any other text stays as it is.
pub(super) fn served_here(text: String, endpoint: &str) -> String {
    let found = text.strip_prefix("https://").and_then(|rest| {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (api, domain) = host.split_once(".execute-api.")?;
        let region = domain.strip_suffix(".amazonaws.com")?;
        let plain =
            |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain(api) && plain(region)).then(|| format!("{endpoint}/_aws/execute-api/{api}{path}"))
    });
    found.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_apis_are_moved() {
        let check = |text: &str, expected: &str| {
            assert_eq!(served_here(text.to_owned(), "http://127.0.0.1:1"), expected, "{text}");
        };
        check(
            "https://ab1.execute-api.us-east-1.amazonaws.com/prod/",
            "http://127.0.0.1:1/_aws/execute-api/ab1/prod/",
        );
        check("https://ab1.execute-api.us-east-1.amazonaws.com", "http://127.0.0.1:1/_aws/execute-api/ab1");
        let stays = |text: &str| check(text, text);
        stays("https://example.com/x.execute-api.us-east-1.amazonaws.com/");
        stays("arn:aws:execute-api:us-east-1:000000000000:ab1/prod/POST/");
        stays("https://sqs.us-east-1.amazonaws.com/q");
        stays("");
    }
}
