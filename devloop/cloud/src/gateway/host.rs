//! Who may talk to the cloud: requests whose Host is the cloud's own. A web page that reaches 127.0.0.1 by DNS rebinding
//! brings its own name, and one that posts across origins says so; both are refused.

use hyper::{HeaderMap, header};

use crate::http::host_name;

/// The names under which clients reach an endpoint on this machine. Names below them (virtual-hosted APIs) count too.
const OWN: [&str; 3] = ["localhost", "localhost.localstack.cloud", "amazonaws.com"];

/// Why a request is turned away, as a sentence for the person who reads it; `None` when it may pass.
pub(crate) fn refusal(headers: &HeaderMap) -> Option<String> {
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
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("?");
    let site = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let site = host_name(site);
    (!is_loopback(site)).then(|| format!("pages of `{origin}` may not call this cloud"))
}

fn is_loopback(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        || below(name, "localhost")
        || below(name, "localhost.localstack.cloud")
}

fn is_own(name: &str) -> bool {
    is_loopback(name) || OWN.iter().any(|own| below(name, own))
}

/// `name` is `domain` or a name below it, whatever the case.
fn below(name: &str, domain: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clouds_own_names_pass() {
        let check = |host: &str, origin: Option<&str>, passes: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(refusal(&headers).is_none(), passes, "{host} {origin:?}");
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
        assert!(refusal(&HeaderMap::new()).is_some());
    }
}
