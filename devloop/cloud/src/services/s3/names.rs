//! The names of buckets and the lengths of keys [Bucket naming rules; Creating object key names].

use super::error::refused;
use crate::error::ApiError;

/// The longest key, in bytes.
const KEY: usize = 1024;

/// Checks the name of a new bucket.
pub(super) fn check_bucket(name: &str) -> Result<(), ApiError> {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let valid = (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        && edge(name.bytes().next())
        && edge(name.bytes().last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end));
    if valid {
        return Ok(());
    }
    Err(refused(400, "InvalidBucketName", "The specified bucket is not valid.").detail("BucketName", name))
}

/// Checks the key of a new object.
pub(super) fn check_key(key: &str) -> Result<(), ApiError> {
    if key.len() <= KEY {
        return Ok(());
    }
    Err(refused(400, "KeyTooLongError", "Your key is too long")
        .detail("Size", key.len().to_string())
        .detail("MaxSizeAllowed", KEY.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_are_checked() {
        let check = |name: &str, valid: bool| assert_eq!(check_bucket(name).is_ok(), valid, "{name}");
        check("xml-data", true);
        check("a.b.c", true);
        check("cdk-hnb659fds-assets-000000000000-us-east-1", true);
        check("ab", false);
        check("Upper", false);
        check("-a-b", false);
        check("a..b", false);
        check("192.168.0.1", false);
        check("under_score", false);
        check("xn--abc", false);
        check(&"a".repeat(64), false);
    }
}
