//! Reads members of an operation's input, and pages its output.

use serde_json::{Map, Value};

use super::errors::{constraint, validation};
use crate::error::ApiError;

/// A text that is present and not empty.
pub(super) fn text<'i>(input: &'i Value, member: &str) -> Option<&'i str> {
    input.get(member)?.as_str().filter(|text| !text.is_empty())
}

/// A text that must be present.
pub(super) fn required<'i>(input: &'i Value, member: &str) -> Result<&'i str, ApiError> {
    text(input, member).ok_or_else(|| {
        let mut name = member.to_owned();
        name[..1].make_ascii_lowercase();
        constraint(&name, None, "not be null")
    })
}

/// Whether a boolean member is true.
pub(super) fn flag(input: &Value, member: &str) -> bool {
    match input.get(member) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The texts of a list; `None` where the member is absent. The query protocol writes an empty list as empty text.
pub(super) fn texts(input: &Value, member: &str) -> Option<Vec<String>> {
    match input.get(member)? {
        Value::Array(items) => {
            Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
        }
        _ => Some(Vec::new()),
    }
}

/// The structures of a list; `None` where the member is absent.
pub(super) fn items<'i>(input: &'i Value, member: &str) -> Option<&'i [Value]> {
    match input.get(member)? {
        Value::Array(items) => Some(items),
        _ => Some(&[]),
    }
}

/// One page of `items` as the member `list` of the output. The token says how many items the previous pages held.
pub(super) fn page(
    input: &Value,
    list: &str,
    items: impl IntoIterator<Item = Value>,
    limit: usize,
) -> Result<Value, ApiError> {
    let from = match text(input, "NextToken") {
        None => 0,
        Some(token) => {
            token.parse::<usize>().map_err(|_| validation(format!("The NextToken {token} is not valid.")))?
        }
    };
    let mut items = items.into_iter().skip(from).peekable();
    let mut page = Vec::new();
    while let Some(item) = items.next_if(|_| page.len() < limit) {
        page.push(item);
    }
    let mut output = Map::new();
    if items.peek().is_some() {
        output.insert("NextToken".to_owned(), (from + page.len()).to_string().into());
    }
    output.insert(list.to_owned(), page.into());
    Ok(output.into())
}
