//! The inputs of `Query` and `Scan`; [`super::reading`] does the reading.

use serde_json::Value;

use super::{
    super::{
        expressions::{Condition, KeyConditions},
        key::KeyRange,
    },
    Request,
    capacity::Report,
    input::Input,
    legacy,
    reading::Reading,
    reading_draft::{ReadingDraft, SELECT},
};
use crate::error::ApiError;

/// [Scan, `DynamoDB` API reference]
const MAX_SEGMENTS: i64 = 1_000_000;
const ALL_COUNTS: i64 = i64::MAX;

pub(in super::super) fn query(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    const LEGACY: [&str; 4] = ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"];
    const EXPRESSIONS: [&str; 3] = ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"];
    let mut input = Input::new(input)?;
    let limit = input.count("Limit", 1, ALL_COUNTS, false)?;
    let table = input.table()?;
    let report = Report::take(&mut input)?;
    legacy::check_operators(&mut input, "KeyConditions", "keyConditions");
    legacy::check_operators(&mut input, "QueryFilter", "queryFilter");
    input.checked()?;
    let forward = input.optional_flag("ScanIndexForward")?.unwrap_or(true);
    input.refuse_mixed(&LEGACY, &EXPRESSIONS)?;
    let useless = ": FilterExpression is null and KeyConditionExpression is null";
    let mut placeholders = input.placeholders(&EXPRESSIONS, useless)?;
    let select = input.choice("Select", SELECT)?;
    input.checked()?;
    let old_filter = legacy::take_filter(&mut input, "QueryFilter")?;
    let old_keys = legacy::take_key_conditions(&mut input)?;
    let mut draft = ReadingDraft::take(&mut input, table, select, limit, report)?;
    // All expressions are read before the key conditions are examined, and that before the table is looked up [dynalite's
    // tests, which ran on AWS: query].
    let keys = match (input.text("KeyConditionExpression")?, old_keys) {
        (Some(source), _) => {
            Keys::Expression(Condition::parse("KeyConditionExpression", &source, &mut placeholders)?)
        }
        (None, Some(keys)) => Keys::Parameter(keys),
        (None, None) => {
            return Err(ApiError::validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            ));
        }
    };
    draft.filter = input.condition("FilterExpression", &mut placeholders)?;
    draft.take_projection(&mut input, &mut placeholders)?;
    let keys = match keys {
        Keys::Expression(condition) => Ok(KeyConditions::of(condition)?),
        Keys::Parameter(keys) => keys,
    };
    let kind = if old_filter.is_some() { "QueryFilter" } else { "Filter Expression" };
    draft.filter = draft.filter.take().or(old_filter);
    let reading = draft.resolve(request.store)?;
    let range = query_range(&reading, keys, forward)?;
    check_filter(&reading, kind)?;
    placeholders.finish()?;
    reading.run(range, !forward)
}

/// The key conditions of a query, from either of the members that can have them.
enum Keys {
    Expression(Condition),
    Parameter(Result<KeyConditions, ApiError>),
}

/// The range of keys that meet the key conditions and come after the starting key.
fn query_range(
    reading: &Reading,
    keys: Result<KeyConditions, ApiError>,
    forward: bool,
) -> Result<KeyRange, ApiError> {
    let start = reading.start_key(true)?;
    let keys = keys?.bind(reading.schema())?;
    let whole = KeyRange::of_partition(&keys.partition, &[], None);
    let mut range = KeyRange::of_partition(&keys.partition, &keys.equal, keys.last.as_ref());
    let sorted = !keys.equal.is_empty() || keys.last.is_some();
    if let Some(start) = start {
        let error = |message: &str| Err(ApiError::validation(message));
        let only_key = reading.is_table() && reading.schema().sort.is_empty();
        let outside = !whole.contains(&start);
        if sorted && !reading.start_meets(&keys.equal, keys.last.as_ref()) {
            return error("The provided starting key does not match the range key predicate");
        }
        if outside && (sorted || !reading.start_meets_partition(&keys.partition)) {
            return error("The query can return at most one row and cannot be restarted");
        }
        if outside && only_key {
            return error("The provided exclusive start key is invalid");
        }
        if outside {
            return error(
                "The provided starting key is outside query boundaries based on provided conditions",
            );
        }
        if only_key {
            return error(
                "The provided exclusive start key is invalid: ExclusiveStartKey cannot be given for a table without a sort key",
            );
        }
        range = range.behind(start, !forward);
    }
    Ok(range)
}

/// Refuses a filter on the key attributes that a query selects by.
fn check_filter(reading: &Reading, kind: &str) -> Result<(), ApiError> {
    let paths = reading.filter.as_ref().map(Condition::paths).unwrap_or_default();
    match paths.iter().find(|path| reading.schema().contains(&path.attribute)) {
        Some(path) => Err(ApiError::validation(format!(
            "{kind} can only contain non-primary key attributes: Primary key attribute: {}",
            path.attribute
        ))),
        None => Ok(()),
    }
}

pub(in super::super) fn scan(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    const LEGACY: [&str; 3] = ["AttributesToGet", "ScanFilter", "ConditionalOperator"];
    const EXPRESSIONS: [&str; 2] = ["ProjectionExpression", "FilterExpression"];
    let mut input = Input::new(input)?;
    let limit = input.count("Limit", 1, ALL_COUNTS, false)?;
    let segment = input.count("Segment", 0, MAX_SEGMENTS - 1, false)?;
    let total = input.count("TotalSegments", 1, MAX_SEGMENTS, false)?;
    let table = input.table()?;
    let report = Report::take(&mut input)?;
    legacy::check_operators(&mut input, "ScanFilter", "scanFilter");
    input.checked()?;
    input.refuse_mixed(&LEGACY, &EXPRESSIONS)?;
    let mut placeholders = input.placeholders(&EXPRESSIONS, ": FilterExpression is null")?;
    let old_filter = legacy::take_filter(&mut input, "ScanFilter")?;
    let select = input.choice("Select", SELECT)?;
    let mut draft = ReadingDraft::take(&mut input, table, select, limit, report)?;
    draft.filter = input.condition("FilterExpression", &mut placeholders)?.or(old_filter);
    input.checked()?;
    draft.take_projection(&mut input, &mut placeholders)?;
    let mut range = segment_range(segment, total)?;
    let reading = draft.resolve(request.store)?;
    if let Some(start) = reading.start_key(false)? {
        if !range.contains(&start) {
            return Err(ApiError::validation(
                "The provided starting key is invalid: The provided key is not in the requested segment",
            ));
        }
        range = range.behind(start, false);
    }
    placeholders.finish()?;
    reading.run(range, false)
}

fn segment_range(segment: Option<usize>, total: Option<usize>) -> Result<KeyRange, ApiError> {
    match (segment, total) {
        (None, None) => Ok(KeyRange::of_segment(0, 1)),
        (Some(_), None) => Err(ApiError::validation(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        )),
        (None, Some(_)) => Err(ApiError::validation(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
        )),
        (Some(segment), Some(total)) if segment >= total => Err(ApiError::validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments",
        )),
        (Some(segment), Some(total)) => Ok(KeyRange::of_segment(segment as u32, total as u32)),
    }
}
