//! Where the services are: AWS's own hosts, or the URLs that the user named.

use std::collections::BTreeMap;

use crate::aws::aws_url;

/// The URLs that the user named instead of AWS's own; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// The one URL of all services, such as `http://127.0.0.1:4566`, where there is one.
    pub(crate) all: Option<String>,
    /// The URLs of single services, by the service's name in AWS's own URLs.
    pub(crate) single: BTreeMap<&'static str, String>,
}

impl Endpoints {
    /// All services behind one URL.
    pub(crate) fn one(url: &str) -> Self {
        Self { all: Some(url.to_owned()), single: BTreeMap::new() }
    }

    /// The URL that the user named for the service, without a slash at its end.
    pub(crate) fn own(&self, service: &str) -> Option<&str> {
        self.single.get(service).or(self.all.as_ref()).map(|url| url.trim_end_matches('/'))
    }

    /// The service's URL, without a slash at its end.
    pub(crate) fn of(&self, service: &str, region: &str) -> String {
        self.own(service).map_or_else(|| aws_url(service, region), str::to_owned)
    }

    /// The URLs that the user named.
    pub(crate) fn named(&self) -> Vec<&str> {
        self.all.iter().chain(self.single.values()).map(String::as_str).collect()
    }

    /// Whether services are AWS's own, which have no pages beside the API, cost money and have limits.
    pub(crate) fn is_aws(&self) -> bool {
        self.all.is_none()
    }

    /// Whether nothing is encrypted, so that no certificates are needed.
    pub(super) fn is_plain(&self) -> bool {
        self.all.is_some() && self.named().iter().all(|url| url.starts_with("http://"))
    }

    /// The one URL without a slash at its end, or AWS's name.
    pub(super) fn shown(&self) -> &str {
        self.all.as_deref().map_or("AWS", |url| url.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoints;

    #[test]
    fn a_services_own_endpoint_is_the_strongest() {
        let mut endpoints = Endpoints::default();
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!((endpoints.own("lambda"), endpoints.shown()), (None, "AWS"));
        endpoints.all = Some("http://127.0.0.1:1/".to_owned());
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "http://127.0.0.1:1");
        endpoints.single.insert("s3", "http://127.0.0.1:2".to_owned());
        assert_eq!(endpoints.of("s3", "eu-west-1"), "http://127.0.0.1:2");
        assert_eq!(endpoints.named(), ["http://127.0.0.1:1/", "http://127.0.0.1:2"]);
        assert_eq!((endpoints.shown(), endpoints.is_aws()), ("http://127.0.0.1:1", false));
    }

    #[test]
    fn certificates_are_needed_unless_every_service_is_plain() {
        let check = |all: Option<&str>, single: Option<&str>, expected| {
            let single = single.map(|url| ("s3", url.to_owned())).into_iter().collect();
            let endpoints = Endpoints { all: all.map(str::to_owned), single };
            assert_eq!(endpoints.is_plain(), expected, "{endpoints:?}");
        };
        check(Some("http://h:1"), None, true);
        check(Some("http://h:1"), Some("http://h:2"), true);
        check(Some("http://h:1"), Some("https://h:2"), false);
        check(Some("https://h:1"), None, false);
        // The other services are AWS's own.
        check(None, Some("http://h:2"), false);
        check(None, None, false);
    }
}
