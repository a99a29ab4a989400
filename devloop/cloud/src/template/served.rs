//! Rewrites addresses of AWS that this cloud serves at another address.

/// Rewrites the address of a deployed API to this cloud's. Templates build it from `https://`, the API's id and AWS's
/// domain, which would lead to AWS itself, or LocalStack's domain, which needs a network to resolve. Any other text is
/// unchanged.
#[must_use]
pub fn served_here(text: String, endpoint: &str) -> String {
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let found = address.and_then(|rest| {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (api, domain) = host.split_once(".execute-api.")?;
        // LocalStack may have been told another name, such as the endpoint's.
        let is_endpoint = endpoint.split_once("://").is_some_and(|(_, own)| own == domain);
        let domain = domain.split_once(':').map_or(domain, |(domain, _)| domain);
        let is_known = is_endpoint
            || domain == "localhost.localstack.cloud"
            || domain.strip_suffix(".amazonaws.com").is_some_and(is_label);
        (is_label(api) && is_known).then(|| format!("{endpoint}/_aws/execute-api/{api}{path}"))
    });
    found.unwrap_or(text)
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_apis_are_rewritten() {
        let check = |text: &str, expected: &str| {
            assert_eq!(served_here(text.to_owned(), "http://127.0.0.1:1"), expected, "{text}");
        };
        check(
            "https://ab1.execute-api.us-east-1.amazonaws.com/prod/",
            "http://127.0.0.1:1/_aws/execute-api/ab1/prod/",
        );
        check("https://ab1.execute-api.us-east-1.amazonaws.com", "http://127.0.0.1:1/_aws/execute-api/ab1");
        check(
            "http://ab1.execute-api.localhost.localstack.cloud:4566/prod/",
            "http://127.0.0.1:1/_aws/execute-api/ab1/prod/",
        );
        check("https://ab1.execute-api.127.0.0.1:1/prod/", "http://127.0.0.1:1/_aws/execute-api/ab1/prod/");
        let stays = |text: &str| check(text, text);
        stays("https://ab1.execute-api.127.0.0.1:2/prod/");
        stays("https://example.com/x.execute-api.us-east-1.amazonaws.com/");
        stays("arn:aws:execute-api:us-east-1:000000000000:ab1/prod/POST/");
        stays("https://sqs.us-east-1.amazonaws.com/q");
        stays("");
    }
}
