//! The URLs of AWS's services, and the names that CloudFormation gives to what it makes.

/// The URL of a service in a region `[AWS service endpoints]`.
pub(crate) fn aws_url(service: &str, region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{china}")
}

/// Whether the name is `stack-logicalId-suffix` of this stack, whose name `CloudFormation` may have cut short.
pub(crate) fn belongs(name: &str, stack: &str) -> bool {
    let mut parts = name.rsplitn(3, '-');
    let (_, _, start) = (parts.next(), parts.next(), parts.next());
    start.is_some_and(|start| !start.is_empty() && stack.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::{aws_url, belongs};

    #[test]
    fn china_has_a_domain_of_its_own() {
        assert_eq!(aws_url("lambda", "eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!(aws_url("s3", "cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_stacks_functions_are_known_by_their_names() {
        let name = "ServerlessDataProcessingPipe-Upstream15B4A7D2-AbCdEfGhIjKl";
        assert!(belongs(name, "ServerlessDataProcessingPipelineStack"));
        assert!(!belongs(name, "OtherStack"));
        assert!(!belongs("plain", "plain"));
        assert!(belongs("my-stack-F-123", "my-stack"));
    }
}
