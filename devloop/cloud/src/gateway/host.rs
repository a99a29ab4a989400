//! Who may call the cloud: requests whose Host is the cloud's own. A web page that reaches 127.0.0.1 by DNS rebinding sends
//! its own name as Host, and one that posts across origins sends an Origin; both are refused.

use hyper::{HeaderMap, header};

use crate::http::host_name;

/// The names under which clients reach an endpoint on this machine. Names below these (virtual-hosted APIs) count too.
const OWN: [&str; 3] = ["localhost", "localhost.localstack.cloud", "amazonaws.com"];

/// Why a request is turned away, as a sentence for a person; `None` when it may pass. A deployed API or a function's URL
/// (`is_deployed`) is made for web pages, and its own CORS settings say which pages may read it.
pub(crate) fn refusal(headers: &HeaderMap, is_deployed: bool) -> Option<String> {
    let Some(host) = headers.get(header::HOST) else {
        return Some("the request has no Host header".to_owned());
    };
    let host = host.to_str().unwrap_or("?");
    if !is_own(host_name(host)) {
        return Some(format!(
            "the Host `{host}` is not this cloud's: use 127.0.0.1, localhost or a name below \
             localhost.localstack.cloud"
        ));
    }
    if is_deployed {
        return None;
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Images, links and forms that use GET send no Origin, but browsers name their site in `sec-fetch-site`.
        let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        return is_foreign.then(|| "pages of other sites may not call this cloud".to_owned());
    };
    let origin = origin.to_str().unwrap_or("?");
    let site = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let site = host_name(site);
    (!is_loopback(site)).then(|| format!("pages of `{origin}` may not call this cloud"))
}

/// Why an operation that is called with GET is turned away: any page can make a browser send a GET, for an image for
/// example, and the operation would run. Clients sign their requests, and people who type them send no headers that only
/// browsers send.
pub(crate) fn refusal_without_post(headers: &HeaderMap) -> Option<String> {
    let is_signed = headers.contains_key(header::AUTHORIZATION);
    let is_of_page =
        ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].iter().any(|name| headers.contains_key(*name));
    (is_of_page && !is_signed)
        .then(|| "operations by GET are not for browsers: sign the request, or use POST".to_owned())
}

fn is_loopback(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        || below(name, "localhost")
        || below(name, "localhost.localstack.cloud")
}

fn is_own(name: &str) -> bool {
    is_loopback(name) || OWN.iter().any(|own| below(name, own))
}

/// Whether `name` is `domain` or a name below it, ignoring case.
fn below(name: &str, domain: &str) -> bool {
    let Some(at) = name.len().checked_sub(domain.len()) else { return false };
    name.is_char_boundary(at)
        && name[at..].eq_ignore_ascii_case(domain)
        && (at == 0 || name[..at].ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_and_origins_of_the_cloud_are_accepted() {
        let check = |host: &str, origin: Option<&str>, passes: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(refusal(&headers, false).is_none(), passes, "{host} {origin:?}");
        };
        check("127.0.0.1:4566", None, true);
        check("127.0.0.53", None, true);
        check("localhost:4566", None, true);
        check("[::1]:4566", None, true);
        check("abc.execute-api.localhost.localstack.cloud:4566", None, true);
        check("abc.execute-api.us-east-1.amazonaws.com", None, true);
        check("LOCALHOST:1", None, true);
        check("evil.example:4566", None, false);
        check("localhost.evil.example", None, false);
        check("notlocalhost", None, false);
        check("10.0.0.1:4566", None, false);
        check("127.0.0.1:4566", Some("http://localhost:3000"), true);
        check("127.0.0.1:4566", Some("https://evil.example"), false);
        check("127.0.0.1:4566", Some("null"), false);
        assert!(refusal(&HeaderMap::new(), true).is_some());
    }

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_sites_reach_deployed_apis_only() {
        let check = |site: &str, origin: Option<&str>, is_deployed: bool, passes: bool| {
            let mut headers = headers(&[("host", "127.0.0.1:4566"), ("sec-fetch-site", site)]);
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(refusal(&headers, is_deployed).is_none(), passes, "{site} {origin:?} {is_deployed}");
        };
        check("cross-site", None, false, false);
        check("cross-site", None, true, true);
        check("cross-site", Some("https://evil.example"), false, false);
        check("cross-site", Some("https://shop.example"), true, true);
        // To a browser `localhost` and `127.0.0.1` are two sites; the Origin shows that both are this machine.
        check("cross-site", Some("http://localhost:3000"), false, true);
        check("same-origin", None, false, true);
        check("none", None, false, true);
    }

    #[test]
    fn operations_by_get_are_not_for_browsers() {
        let check = |given: &[(&'static str, &str)], passes: bool| {
            assert_eq!(refusal_without_post(&headers(given)).is_none(), passes, "{given:?}");
        };
        check(&[], true);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], false);
        check(&[("sec-fetch-site", "same-origin"), ("authorization", "AWS4-HMAC-SHA256 ...")], true);
    }
}
