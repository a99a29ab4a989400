//! The placeholders of a cloud assembly, which stand for where it is deployed.

/// Where stacks are deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
}

impl Place<'_> {
    /// The text with the place in it [`aws-cdk-lib.cx_api.EnvironmentPlaceholders`, AWS CDK API Reference].
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("${AWS::AccountId}", self.account)
            .replace("${AWS::Region}", self.region)
            .replace("${AWS::Partition}", "aws")
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_text_is_filled_in() {
        let place = Place { account: "000000000000", region: "eu-west-1" };
        let filled = place.fill("${AWS::Partition}:cdk-x-assets-${AWS::AccountId}-${AWS::Region}-${Other}");
        assert_eq!(filled, "aws:cdk-x-assets-000000000000-eu-west-1-${Other}");
    }
}
