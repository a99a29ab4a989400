//! Addresses that a person can paste: templates name public hosts, the cloud answers on this machine.

/// The address under which the cloud itself answers, for the URL of a deployed REST API; other values stay as they are.
/// The host form works too where names below `localhost.localstack.cloud` resolve, which takes a network.
pub(super) fn reachable(value: &str, endpoint: &str) -> String {
    let Some(rest) = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://")) else {
        return value.to_owned();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.split_once(".execute-api.") {
        Some((api, _)) if !api.is_empty() => format!("{endpoint}/_aws/execute-api/{api}/{path}"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn only_addresses_of_rest_apis_are_rewritten() {
        let check =
            |value: &str, expected: &str| assert_eq!(reachable(value, "http://127.0.0.1:1"), expected);
        check(
            "https://a1.execute-api.us-east-1.amazonaws.com/prod/",
            "http://127.0.0.1:1/_aws/execute-api/a1/prod/",
        );
        check("https://example.com/prod/", "https://example.com/prod/");
        check("KinesisStream", "KinesisStream");
    }
}
