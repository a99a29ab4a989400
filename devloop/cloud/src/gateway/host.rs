//! Who may call the cloud: requests whose Host is the cloud's own. A web page that reaches 127.0.0.1 by DNS rebinding sends
//! its own name as Host, and one that posts across origins sends an Origin; both are refused.

use std::net::IpAddr;

use hyper::{
    HeaderMap, Version,
    header::{self, HeaderName, HeaderValue},
    http::request::Parts,
};

/// The header in which browsers name the site of the page that asks, compared with the site that is asked.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names under which clients reach an endpoint on this machine. Names below these (virtual-hosted APIs) count too.
const OWN: [&str; 3] = ["localhost", "localhost.localstack.cloud", "amazonaws.com"];

/// Gives a request the one Host that it is for, as its only Host header. The error says why it has none; such a request is answered
/// with status 400 [RFC 9112 §3.2].
pub(crate) fn settle(parts: &mut Parts) -> Result<(), String> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let given = hosts.next();
    if hosts.next().is_some() {
        return Err("the request has several Host headers: send one".to_owned());
    }
    // HTTP/2 has the host in a pseudo-header. In HTTP/1.1 the host of an absolute target counts, and not the header [RFC 9112 §3.2.2].
    let host = match (parts.uri.authority(), given) {
        (Some(target), Some(given))
            if parts.version == Version::HTTP_2
                && !given.as_bytes().eq_ignore_ascii_case(target.as_str().as_bytes()) =>
        {
            // [RFC 9113 §8.3.1]
            return Err("the Host header and `:authority` name different hosts: send one of them".to_owned());
        }
        (Some(target), _) => HeaderValue::from_str(target.as_str()).ok(),
        (None, given) => given.cloned(),
    };
    let Some(host) = host else { return Err("the request has no Host header: send one".to_owned()) };
    if host.to_str().ok().and_then(name_of).is_none() {
        return Err(format!("the Host {host:?} is not a name or address with an optional port"));
    }
    parts.headers.insert(header::HOST, host);
    Ok(())
}

/// Why a request is turned away, as a sentence for a person; `None` when it may pass. A deployed API or a function's URL
/// (`is_deployed`) is made for web pages, and its own CORS settings say which pages may read it. Of several values of a header each
/// has to pass.
pub(crate) fn refusal(headers: &HeaderMap, is_deployed: bool) -> Option<String> {
    if !headers.contains_key(header::HOST) {
        return Some("the request has no Host header".to_owned());
    }
    let foreign = |name: &HeaderName, is_allowed: fn(&str) -> bool| {
        let mut values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
        values.find(|value| !is_allowed(value)).map(str::to_owned)
    };
    if let Some(host) = foreign(&header::HOST, |host| name_of(host).is_some_and(is_own)) {
        return Some(format!(
            "the Host `{host}` is not this cloud's: use 127.0.0.1, localhost or a name below \
             localhost.localstack.cloud"
        ));
    }
    if is_deployed {
        return None;
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = foreign(&header::ORIGIN, |origin| {
            let site = origin.split_once("://").map_or(origin, |(_, rest)| rest);
            name_of(site).is_some_and(is_loopback)
        });
        return origin.map(|origin| format!("pages of `{origin}` may not call this cloud"));
    }
    // Images, links and forms that use GET send no Origin, but browsers name their site in `sec-fetch-site`.
    let is_near = |sites: &str| sites.split(',').all(|site| !site.trim().eq_ignore_ascii_case("cross-site"));
    foreign(&SITE, is_near).map(|_| "pages of other sites may not call this cloud".to_owned())
}

/// Why an operation that is called with GET is turned away: any page can make a browser send a GET, for an image for
/// example, and the operation would run. Clients sign their requests, and people who type them send no headers that only
/// browsers send.
pub(crate) fn refusal_without_post(headers: &HeaderMap) -> Option<String> {
    if headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let is_of_page =
        [SITE, HeaderName::from_static("sec-fetch-mode"), HeaderName::from_static("sec-fetch-dest")]
            .iter()
            .any(|name| headers.contains_key(name));
    if is_of_page {
        return Some("operations by GET are not for browsers: sign the request, or use POST".to_owned());
    }
    let host = headers.get(header::HOST).and_then(|host| name_of(host.to_str().ok()?)).unwrap_or_default();
    (!is_trustworthy(host)).then(|| {
        format!(
            "a request to `{host}` may come from a browser, which does not say so there: use 127.0.0.1 or localhost, sign the request, or use POST"
        )
    })
}

/// The name or address of `host`, which has the form `NAME[:PORT]`; `None` of anything else, such as one with a user in front of it.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, if rest.is_empty() { "0" } else { rest.strip_prefix(':')? })
        }
        None => host.split_once(':').unwrap_or((host, "0")),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    // A port may be empty [RFC 3986 §3.2.3].
    let is_port = port.len() <= 5 && port.bytes().all(|digit| digit.is_ascii_digit());
    (is_port && !name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// Whether browsers send `sec-fetch-*` to this host without TLS too: they do to addresses of loopback, `localhost` and what is below it
/// [W3C, Secure Contexts, §3.1]. Other names, though they lead here, get no such headers.
fn is_trustworthy(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) || below(name, "localhost")
}

fn is_loopback(name: &str) -> bool {
    is_trustworthy(name) || below(name, "localhost.localstack.cloud")
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

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_hosts_of_the_cloud_are_accepted() {
        let check = |host: &str, passes: bool| {
            assert_eq!(refusal(&headers(&[("host", host)]), false).is_none(), passes, "{host}");
            assert_eq!(refusal(&headers(&[("host", host)]), true).is_none(), passes, "{host}");
        };
        for own in [
            "127.0.0.1:4566",
            "127.0.0.53",
            "127.0.0.1:",
            "localhost:4566",
            "LOCALHOST:1",
            "[::1]:4566",
            "[::1]",
            "abc.execute-api.localhost.localstack.cloud:4566",
            "abc.execute-api.us-east-1.amazonaws.com",
        ] {
            check(own, true);
        }
        for foreign in [
            "evil.example:4566",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost.",
            "notlocalhost",
            "10.0.0.1:4566",
            "0.0.0.0:4566",
            "[::]:4566",
            "[::1].evil.example",
            "[localhost]",
            "::1",
            "localhost:80:80",
            "localhost:evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost, evil.example",
            "localhost/.evil.example",
            "",
        ] {
            check(foreign, false);
        }
        assert!(refusal(&HeaderMap::new(), true).is_some());
        assert!(refusal(&headers(&[("host", "localhost"), ("host", "evil.example")]), true).is_some());
    }

    #[test]
    fn a_request_has_one_host() {
        let check = |version: Version, target: &str, hosts: &[&str], expected: Result<&str, &str>| {
            let mut request = hyper::Request::builder().version(version).uri(target);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let mut parts = request.body(()).unwrap().into_parts().0;
            let settled = settle(&mut parts);
            match expected {
                Ok(host) => {
                    assert_eq!(settled, Ok(()), "{target} {hosts:?}");
                    assert_eq!(parts.headers[header::HOST], host, "{target} {hosts:?}");
                }
                Err(part) => {
                    assert!(
                        settled.as_ref().is_err_and(|why| why.contains(part)),
                        "{settled:?} {target} {hosts:?}"
                    );
                }
            }
        };
        let one = Version::HTTP_11;
        check(one, "/", &["localhost:4566"], Ok("localhost:4566"));
        check(one, "/", &[], Err("no Host"));
        check(one, "/", &["localhost", "evil.example"], Err("several Host"));
        check(one, "/", &["localhost", "localhost"], Err("several Host"));
        check(one, "/", &["evil@localhost"], Err("is not a name"));
        check(one, "http://evil.example/", &["localhost"], Ok("evil.example"));
        check(one, "http://localhost:1/", &["evil.example"], Ok("localhost:1"));
        check(one, "http://evil@localhost/", &["localhost"], Err("is not a name"));
        let two = Version::HTTP_2;
        check(two, "http://localhost:1/", &[], Ok("localhost:1"));
        check(two, "http://localhost:1/", &["LOCALHOST:1"], Ok("localhost:1"));
        check(two, "http://localhost:1/", &["evil.example"], Err("`:authority`"));
        check(two, "http://evil.example/", &["localhost:1"], Err("`:authority`"));
    }

    #[test]
    fn only_pages_of_this_machine_may_call() {
        let check = |origins: &[&str], passes: bool| {
            let mut headers = headers(&[("host", "127.0.0.1:4566")]);
            for origin in origins {
                headers.append(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(refusal(&headers, false).is_none(), passes, "{origins:?}");
            assert_eq!(refusal(&headers, true), None, "deployed APIs decide themselves");
        };
        check(&["http://localhost:3000"], true);
        check(&["http://[::1]:3000"], true);
        check(&["http://localhost:3000", "http://127.0.0.1"], true);
        check(&["https://evil.example"], false);
        check(&["null"], false);
        check(&["file://"], false);
        check(&["http://localhost:3000", "https://evil.example"], false);
        check(&["https://evil.example", "http://localhost:3000"], false);
        check(&["http://localhost:3000, https://evil.example"], false);
        check(&["http://localhost:80@evil.example"], false);
        check(&["http://[::1].evil.example"], false);
    }

    #[test]
    fn pages_of_other_sites_reach_deployed_apis_only() {
        let check = |sites: &[&str], origin: Option<&str>, is_deployed: bool, passes: bool| {
            let mut headers = headers(&[("host", "127.0.0.1:4566")]);
            for site in sites {
                headers.append(SITE, site.parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(
                refusal(&headers, is_deployed).is_none(),
                passes,
                "{sites:?} {origin:?} {is_deployed}"
            );
        };
        check(&["cross-site"], None, false, false);
        check(&["Cross-Site"], None, false, false);
        check(&["none", "cross-site"], None, false, false);
        check(&["none, cross-site"], None, false, false);
        check(&["cross-site"], None, true, true);
        check(&["cross-site"], Some("https://evil.example"), false, false);
        check(&["cross-site"], Some("https://shop.example"), true, true);
        // To a browser `localhost` and `127.0.0.1` are two sites; the Origin shows that both are this machine.
        check(&["cross-site"], Some("http://localhost:3000"), false, true);
        check(&["same-origin"], None, false, true);
        check(&["none"], None, false, true);
    }

    #[test]
    fn operations_by_get_are_not_for_browsers() {
        let check = |given: &[(&'static str, &str)], passes: bool| {
            assert_eq!(refusal_without_post(&headers(given)).is_none(), passes, "{given:?}");
        };
        for host in ["127.0.0.1:4566", "localhost", "[::1]:1", "sqs.localhost:1"] {
            check(&[("host", host)], true);
            check(&[("host", host), ("sec-fetch-site", "none")], false);
            check(&[("host", host), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], false);
        }
        let signed = ("authorization", "AWS4-HMAC-SHA256 ...");
        check(&[("host", "localhost"), ("sec-fetch-site", "same-origin"), signed], true);
        // Without TLS, browsers send nothing that tells them apart to names that only lead to this machine.
        check(&[("host", "localhost.localstack.cloud:4566")], false);
        check(&[("host", "sqs.us-east-1.amazonaws.com")], false);
        check(&[("host", "localhost.localstack.cloud:4566"), signed], true);
    }
}
