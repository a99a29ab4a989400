//! Amazon Resource Names: `arn:partition:service:region:account:resource`
//! [Amazon Resource Names (ARNs), IAM user guide]. Each service reads its own resource part.

/// The parts of an ARN. Each may be empty; a bucket's has no region and no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// The service, as its ARNs name it: `lambda`, `sqs`.
    pub service: &'a str,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The account's twelve digits.
    pub account: &'a str,
    /// All that follows the account, with any further colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN into its parts; `None` for any other text.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        (prefix == "arn").then_some(Self { partition, service, region, account, resource })
    }

    /// Splits the ARN of a resource of `service` into its parts; `None` for any other text.
    pub(crate) fn of_service(service: &str, text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|arn| arn.service == service)
    }

    /// The function's name in the ARN of a function, a version or an alias; `None` for any other ARN.
    #[must_use]
    pub fn function(&self) -> Option<&'a str> {
        let name = self.resource.strip_prefix("function:").filter(|_| self.service == "lambda")?;
        Some(name.split_once(':').map_or(name, |(name, _qualifier)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts_and_the_last_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:f:3").unwrap();
        assert_eq!((arn.partition, arn.service, arn.region), ("aws", "lambda", "us-east-1"));
        assert_eq!((arn.account, arn.resource), ("000000000000", "function:f:3"));
        assert_eq!(Arn::parse("arn:aws:s3:::bucket").unwrap().resource, "bucket");
        for text in ["", "name", "arn:aws:sqs:us-east-1:000000000000", "urn:aws:sqs:us-east-1:0:q"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
        assert_eq!(Arn::of_service("sns", "arn:aws:sqs:us-east-1:0:q"), None);
    }

    #[test]
    fn a_functions_name_has_no_qualifier() {
        let check = |text, expected| assert_eq!(Arn::parse(text).unwrap().function(), expected, "{text}");
        check("arn:aws:lambda:us-east-1:000000000000:function:f", Some("f"));
        check("arn:aws:lambda:us-east-1:000000000000:function:f:live", Some("f"));
        check("arn:aws:lambda:us-east-1:000000000000:layer:f:3", None);
        check("arn:aws:sqs:us-east-1:000000000000:function:f", None);
    }
}
