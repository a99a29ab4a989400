//! How callers name a function: by name, partial ARN or full ARN, each with or without a qualifier [Invoke, Lambda API
//! reference, parameter FunctionName].

use crate::{arn::Arn, error::ApiError};

/// A function as a caller named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The bare name.
    pub(crate) name: String,
    /// A version, an alias, or `$LATEST`; `None` when the caller left it out.
    pub(crate) qualifier: Option<String>,
    /// The region of a full ARN.
    pub(crate) region: Option<String>,
}

/// Parses a reference. Refuses names that could leave a folder or break a log line, for every caller.
pub(crate) fn parse(text: &str) -> Result<Reference, ApiError> {
    let arn = Arn::of_service("lambda", text);
    let region = arn.map(|arn| arn.region);
    let parts: Vec<&str> = arn.map_or(text, |arn| arn.resource).split(':').collect();
    let (name, qualifier) = match (arn, parts.as_slice()) {
        (None, [name] | [_, "function", name]) | (Some(_), ["function", name]) => (*name, None),
        (None, [name, qualifier] | [_, "function", name, qualifier])
        | (Some(_), ["function", name, qualifier]) => (*name, Some(*qualifier)),
        _ => return Err(invalid(text)),
    };
    let fits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if name.is_empty() || name.len() > 64 || !fits(name) {
        return Err(invalid(text));
    }
    if qualifier.is_some_and(|text| text != "$LATEST" && (text.is_empty() || text.len() > 128 || !fits(text)))
    {
        return Err(invalid(text));
    }
    Ok(Reference {
        name: name.to_owned(),
        qualifier: qualifier.map(str::to_owned),
        region: region.map(str::to_owned),
    })
}

fn invalid(text: &str) -> ApiError {
    ApiError::constraint(
        text,
        "functionName",
        "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?\
         (\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_accepted_and_nothing_else() {
        let check = |text: &str, name: &str, qualifier: Option<&str>| {
            let reference = parse(text).unwrap();
            assert_eq!(
                (reference.name.as_str(), reference.qualifier.as_deref()),
                (name, qualifier),
                "{text}"
            );
        };
        check("f", "f", None);
        check("f:$LATEST", "f", Some("$LATEST"));
        check("000000000000:function:f", "f", None);
        check("arn:aws:lambda:us-east-1:000000000000:function:f:3", "f", Some("3"));
        for text in ["", "../f", "a/b", "f:", "f:a b", "arn:aws:sqs:us-east-1:0:f", "f\n", &"x".repeat(65)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
