//! Which bodies are binary [Working with binary media types for REST APIs].

/// An API's binary media types.
#[derive(Debug)]
pub(super) struct MediaTypes(Vec<String>);

impl MediaTypes {
    /// The types as an API declares them, such as `image/png` or `*/*`.
    pub(super) fn new(declared: &[String]) -> Self {
        Self(declared.iter().map(|kind| essence(kind)).collect())
    }

    /// Whether a `Content-Type` (or the first type of an `Accept`) is one of them. Parameters do not matter.
    pub(super) fn contains(&self, header: Option<&str>) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let given = header.map(|header| essence(header.split(',').next().unwrap_or_default()));
        self.0.iter().any(|declared| match (declared.as_str(), &given) {
            ("*/*", _) => true,
            (_, None) => false,
            (declared, Some(given)) => match declared.strip_suffix("/*") {
                Some(family) => given.split_once('/').is_some_and(|(kind, _)| kind == family),
                None => declared == given,
            },
        })
    }
}

fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_binary_by_declared_type() {
        let check = |declared: &[&str], header: Option<&str>, expected: bool| {
            let declared: Vec<String> = declared.iter().map(|&kind| kind.to_owned()).collect();
            assert_eq!(MediaTypes::new(&declared).contains(header), expected, "{declared:?} {header:?}");
        };
        check(&[], Some("image/png"), false);
        check(&["image/png"], Some("Image/PNG; q=1"), true);
        check(&["image/png"], Some("image/png, text/html"), true);
        check(&["image/png"], Some("text/html, image/png"), false);
        check(&["image/*"], Some("image/gif"), true);
        check(&["image/*"], Some("images/gif"), false);
        check(&["image/png"], None, false);
        check(&["*/*"], None, true);
        check(&["*/*"], Some("text/plain"), true);
    }
}
