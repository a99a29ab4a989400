//! Where AWS's services are.

/// The URL of a service in a region `[AWS service endpoints]`.
pub(crate) fn aws_url(service: &str, region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{china}")
}

#[cfg(test)]
mod tests {
    use super::aws_url;

    #[test]
    fn china_has_a_domain_of_its_own() {
        assert_eq!(aws_url("lambda", "eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!(aws_url("s3", "cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
    }
}
