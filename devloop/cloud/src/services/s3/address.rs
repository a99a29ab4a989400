//! Finds the bucket and the key of a request, in path style and in virtual-hosted style [Virtual hosting of general purpose
//! buckets].

use crate::http::{Request, decode};

/// The bucket and the key that a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bucket: Option<String>,
    /// Decoded. It is everything after the bucket's slash, including empty segments.
    pub(super) key: Option<String>,
}

/// What the Host header means for S3.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// `<bucket>.s3.<domain>`.
    Bucket(String),
    /// `s3.<domain>`.
    Service,
    /// A host that is not S3's.
    Other,
}

/// Reads the Host header of a request.
pub(super) fn host(request: &Request) -> Host {
    let host = request.host();
    let is_ours = |rest: &str| {
        (rest.starts_with("s3.") || rest.starts_with("s3-"))
            && (rest.ends_with(".amazonaws.com")
                || rest.ends_with(".localstack.cloud")
                || rest.ends_with(".localhost"))
    };
    if is_ours(&host) {
        return Host::Service;
    }
    let mut from = 0;
    while let Some(dot) = host[from..].find('.') {
        let at = from + dot;
        if is_ours(&host[at + 1..]) {
            return Host::Bucket(host[..at].to_owned());
        }
        from = at + 1;
    }
    Host::Other
}

/// Finds bucket and key of a request.
pub(super) fn address(request: &Request) -> Address {
    let some = |text: &str| Some(decode(text)).filter(|text| !text.is_empty());
    let path = request.path.strip_prefix('/').unwrap_or(&request.path);
    if let Host::Bucket(bucket) = host(request) {
        return Address { bucket: Some(bucket), key: some(path) };
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Address { bucket: some(bucket), key: some(key) }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Method, header::HOST};

    use super::*;

    #[test]
    fn buckets_are_found_in_paths_and_hosts() {
        let check = |host: &str, path: &str, bucket: Option<&str>, key: Option<&str>| {
            let request = Request {
                method: Method::GET,
                path: path.to_owned(),
                query: String::new(),
                headers: HeaderMap::from_iter([(HOST, host.parse().unwrap())]),
                body: bytes::Bytes::new(),
                peer: [127, 0, 0, 1].into(),
            };
            let expected = Address { bucket: bucket.map(str::to_owned), key: key.map(str::to_owned) };
            assert_eq!(address(&request), expected, "{host} {path}");
        };
        check("127.0.0.1:4566", "/", None, None);
        check("127.0.0.1:4566", "/b", Some("b"), None);
        check("127.0.0.1:4566", "/b/", Some("b"), None);
        check("127.0.0.1:4566", "/b/a%20b//c", Some("b"), Some("a b//c"));
        check("127.0.0.1:4566", "/b/../x", Some("b"), Some("../x"));
        check("b.s3.localhost.localstack.cloud:4566", "/k", Some("b"), Some("k"));
        check("a.b.s3.us-east-1.amazonaws.com", "/k", Some("a.b"), Some("k"));
        check("s3.localhost.localstack.cloud:4566", "/b/k", Some("b"), Some("k"));
    }
}
