//! Where the services are.

use std::collections::BTreeMap;

use crate::http::{Trust, aws_url};

/// The URLs that the user named instead of AWS's own.
#[derive(Debug, Clone)]
pub(in crate::target) struct Endpoints {
    /// The one URL of all services, where there is one.
    pub(in crate::target) all: Option<String>,
    /// The URLs of single services.
    pub(in crate::target) single: BTreeMap<&'static str, String>,
}

impl Endpoints {
    /// The URL that the user named for the service, without a slash at its end.
    pub(super) fn own(&self, service: &str) -> Option<&str> {
        let named = self.single.get(service).or(self.all.as_ref());
        named.map(|url| url.trim_end_matches('/'))
    }

    /// The service's URL, without a slash at its end.
    pub(in crate::target) fn of(&self, service: &str, region: &str) -> String {
        self.own(service).map_or_else(|| aws_url(service, region), str::to_owned)
    }

    /// The URLs that the user named.
    pub(in crate::target) fn named(&self) -> Vec<&str> {
        self.all.iter().chain(self.single.values()).map(String::as_str).collect()
    }

    /// The certificates that the services need: none where one plain URL stands for all of them.
    pub(super) fn trust(&self) -> Trust {
        if self.all.is_some() { Trust::for_urls(self.named()) } else { Trust::Machine }
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoints;
    use crate::http::Trust;

    #[test]
    fn a_services_own_endpoint_is_the_strongest() {
        let mut endpoints = Endpoints { all: None, single: [].into() };
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!((endpoints.own("lambda"), endpoints.trust()), (None, Trust::Machine));
        endpoints.all = Some("http://127.0.0.1:1/".to_owned());
        assert_eq!(endpoints.of("lambda", "eu-west-1"), "http://127.0.0.1:1");
        endpoints.single.insert("s3", "http://127.0.0.1:2".to_owned());
        assert_eq!(endpoints.of("s3", "eu-west-1"), "http://127.0.0.1:2");
        assert_eq!(endpoints.named(), ["http://127.0.0.1:1/", "http://127.0.0.1:2"]);
        assert_eq!(endpoints.trust(), Trust::Nobody);
        endpoints.all = None;
        assert_eq!(endpoints.trust(), Trust::Machine, "the other services are AWS's own");
    }
}
