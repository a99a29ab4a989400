//! Filters of DescribeParameters and GetParametersByPath.

use serde::Deserialize;

use super::store::{Parameter, Version};
use crate::error::ApiError;

/// A condition on parameters [ParameterStringFilter].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    /// A filter of the older kind, which has no option and matches prefixes.
    pub(crate) fn by_prefix(self) -> Self {
        Self { option: Some("BeginsWith".to_owned()), ..self }
    }
}

/// Whether a parameter satisfies all filters. Unknown filters are refused, and the error names them.
pub(crate) fn wanted(
    filters: &[Filter],
    name: &str,
    parameter: &Parameter,
    version: &Version,
) -> Result<bool, ApiError> {
    for filter in filters {
        let passes = match filter.key.as_str() {
            "Path" => filter
                .values
                .iter()
                .any(|path| below(name, path, filter.option.as_deref() == Some("Recursive"))),
            "Name" => matches(filter, name)?,
            "Type" => matches(filter, version.kind)?,
            "Tier" => matches(filter, version.tier)?,
            "DataType" => matches(filter, "text")?,
            "KeyId" => match &version.key_id {
                Some(key) => matches(filter, key)?,
                None => false,
            },
            key => match key.strip_prefix("tag:") {
                Some(tag) => match parameter.tags.get(tag) {
                    Some(value) => filter.values.is_empty() || matches(filter, value)?,
                    None => false,
                },
                None => return Err(ApiError::unsupported(format_args!("the parameter filter {key}"))),
            },
        };
        if !passes {
            return Ok(false);
        }
    }
    Ok(true)
}

fn matches(filter: &Filter, text: &str) -> Result<bool, ApiError> {
    let check: fn(&str, &str) -> bool = match filter.option.as_deref() {
        None | Some("Equals") => |text, value| text == value,
        Some("BeginsWith") => |text, value| text.starts_with(value),
        Some("Contains") => |text, value| text.contains(value),
        Some(other) => {
            return Err(ApiError::client(
                "InvalidFilterOption",
                format!("The following filter option is not valid: {other}."),
            ));
        }
    };
    Ok(filter.values.iter().any(|value| check(text, value)))
}

/// Whether a name is below a path: directly, or at any depth.
pub(crate) fn below(name: &str, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| recursive || !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_below_paths_directly_or_at_any_depth() {
        let check = |name: &str, path: &str, recursive: bool, expected: bool| {
            assert_eq!(below(name, path, recursive), expected, "{name} {path} {recursive}");
        };
        check("/a/b", "/a", false, true);
        check("/a/b/c", "/a", false, false);
        check("/a/b/c", "/a/", true, true);
        check("/ab/c", "/a", true, false);
        check("/a", "/", false, true);
        check("plain", "/", true, false);
    }
}
