//! The function behind an integration's URI.

use std::{borrow::Cow, collections::BTreeMap};

/// The function in an integration's URI. Its name may contain stage variables.
#[derive(Debug)]
pub(super) struct Uri {
    /// The function's ARN, `${stageVariables.x}` included.
    function: String,
}

/// The function's ARN in a URI such as
/// `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:…:function:f/invocations`.
pub(crate) fn function_of(uri: &str) -> Option<&str> {
    let function = uri.split_once("/functions/")?.1.strip_suffix("/invocations")?;
    (!function.is_empty()).then_some(function)
}

impl Uri {
    /// Parses a URI; `None` when it names no function.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        Some(Self { function: function_of(uri)?.to_owned() })
    }

    /// The function's ARN with the stage variables replaced. A variable that the stage lacks becomes empty.
    pub(super) fn function(&self, variables: &BTreeMap<String, String>) -> Cow<'_, str> {
        const OPEN: &str = "${stageVariables.";
        if !self.function.contains(OPEN) {
            return Cow::Borrowed(&self.function);
        }
        let mut parts = self.function.split(OPEN);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, behind) = part.split_once('}').unwrap_or((part, ""));
            out.push_str(variables.get(name).map_or("", String::as_str));
            out.push_str(behind);
        }
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_read_from_the_uri_and_completed_by_the_stage() {
        let variables = BTreeMap::from([("fn".to_owned(), "live".to_owned())]);
        let check = |function: &str, expected: Option<&str>| {
            let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}");
            let found = Uri::parse(&uri).map(|uri| uri.function(&variables).into_owned());
            assert_eq!(found.as_deref(), expected, "{function}");
        };
        let arn = "arn:aws:lambda:us-east-1:000000000000:function";
        check(&format!("{arn}:f/invocations"), Some(&format!("{arn}:f")));
        check(&format!("{arn}:${{stageVariables.fn}}:x/invocations"), Some(&format!("{arn}:live:x")));
        check(&format!("{arn}:a-${{stageVariables.none}}/invocations"), Some(&format!("{arn}:a-")));
        check("/invocations", None);
        check(arn, None);
    }
}
