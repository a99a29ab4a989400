//! Templates in JSON.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Value, value::RawValue};

use super::{Position, SyntaxError};

/// Parses a text. The deepest nesting is 128 levels, which is serde_json's limit.
pub(super) fn read(text: &str) -> Result<Value, SyntaxError> {
    serde_json::from_str(text).map_err(|error| {
        let at = Position { line: error.line(), column: error.column().max(1) };
        let whole = error.to_string();
        let why = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(why, _)| why);
        SyntaxError { at: Some(at), why: why.to_owned() }
    })
}

/// The position of the value at `path`, or of the first occurrence of `needle` in it.
pub(super) fn position(text: &str, path: &[&str], needle: Option<&str>) -> Option<Position> {
    let mut here: &str = serde_json::from_str::<&RawValue>(text).ok()?.get();
    for segment in path {
        match step(here, segment) {
            Some(next) => here = next,
            None => break,
        }
    }
    let start = here.as_ptr() as usize - text.as_ptr() as usize;
    let inside = needle.and_then(|needle| here.find(needle)).unwrap_or(0);
    let before = &text[..start + inside];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some(Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    })
}

fn step<'t>(here: &'t str, segment: &str) -> Option<&'t str> {
    if here.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(here).ok()?;
        return segment.parse::<usize>().ok().and_then(|index| items.get(index).map(|item| item.get()));
    }
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(here).ok()?;
    members.get(segment).map(|member| member.get())
}
