//! A query or a scan before its table is known. Every error that does not depend on the table is found here.

use std::sync::Arc;

use super::{
    super::{
        expressions::{Condition, PathTree, Placeholders},
        index::IndexDefinition,
        store::Store,
        value::{Attributes, invalid},
    },
    capacity::Report,
    input::Input,
    legacy,
    reading::{Reading, Select},
};
use crate::error::ApiError;

/// The values of `Select`, in the order in which the service's errors list them.
pub(super) const SELECT: &[&str] =
    &["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];

/// A query or a scan before its table is known.
#[derive(Debug)]
pub(super) struct ReadingDraft {
    table: String,
    index: Option<String>,
    pub(super) filter: Option<Condition>,
    projection: Option<PathTree>,
    select: Option<&'static str>,
    limit: usize,
    consistent: bool,
    report: Report,
    start: Option<Attributes>,
}

impl ReadingDraft {
    /// Takes the members that queries and scans share, except the expressions.
    pub(super) fn take(
        input: &mut Input,
        table: String,
        select: Option<&'static str>,
        limit: Option<usize>,
        report: Report,
    ) -> Result<Self, ApiError> {
        let projection = legacy::take_attributes(input)?;
        Ok(Self {
            table,
            index: input.text("IndexName")?,
            filter: None,
            projection,
            select,
            limit: limit.unwrap_or(usize::MAX),
            consistent: input.flag("ConsistentRead")?,
            report,
            start: input.attributes("ExclusiveStartKey").map_err(in_start_key)?,
        })
    }

    /// A scan of a table for the items that meet `filter`, with the attributes in `projection`.
    pub(super) fn filtered(table: String, filter: Option<Condition>, projection: Option<PathTree>) -> Self {
        Self {
            table,
            index: None,
            filter,
            projection,
            select: None,
            limit: usize::MAX,
            consistent: false,
            report: Report::None,
            start: None,
        }
    }

    /// The same reading, of an index.
    pub(super) fn of_index(self, index: Option<String>) -> Self {
        Self { index, ..self }
    }

    /// The same reading, in pages.
    pub(super) fn paged(self, limit: usize, consistent: bool, start: Option<Attributes>) -> Self {
        Self { limit, consistent, start, ..self }
    }

    /// The same reading, which reports its consumed capacity.
    pub(super) fn reported(self, report: Report) -> Self {
        Self { report, ..self }
    }

    /// Takes the projection; fails if `Select` does not allow it.
    pub(super) fn take_projection(
        &mut self,
        input: &mut Input,
        placeholders: &mut Placeholders,
    ) -> Result<(), ApiError> {
        let old = self.projection.is_some();
        self.check_select(old, input.has("ProjectionExpression"))?;
        if let Some(source) = input.text("ProjectionExpression")? {
            self.projection = Some(PathTree::parse(&source, placeholders)?);
        }
        Ok(())
    }

    fn check_select(&self, old: bool, expression: bool) -> Result<(), ApiError> {
        let Some(select) = self.select else { return Ok(()) };
        let member = if old { "AttributesToGet" } else { "ProjectionExpression" };
        let why = match (select, old || expression) {
            ("SPECIFIC_ATTRIBUTES", true) => return Ok(()),
            ("SPECIFIC_ATTRIBUTES", false) => {
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES".to_owned()
            }
            ("COUNT", true) => format!("Cannot specify the {member} when choosing to get only the Count"),
            (select, true) => format!("Cannot specify the {member} when choosing to get {select}"),
            ("ALL_PROJECTED_ATTRIBUTES", false) if self.index.is_none() => {
                "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned()
            }
            _ => return Ok(()),
        };
        Err(super::input::enveloped(ApiError::validation(why)))
    }

    /// The reading with its table and index.
    pub(super) fn resolve(self, store: &Store) -> Result<Reading, ApiError> {
        let table = store.table(&self.table)?;
        let index = match &self.index {
            Some(name) => {
                let contents = table.read_contents();
                let index = contents.index(name);
                if self.consistent && index.as_ref().map_or(true, |index| index.definition.global) {
                    return Err(ApiError::validation(
                        "Consistent reads are not supported on global secondary indexes",
                    ));
                }
                Some(Arc::clone(&index?.definition))
            }
            None => None,
        };
        let select = check_index(self.select, index.as_deref(), self.projection.as_ref())?;
        let Self { filter, projection, limit, consistent, report, start, .. } = self;
        Ok(Reading { table, index, filter, projection, select, limit, consistent, report, start })
    }
}

/// Adds the prefix about the starting key to errors about the type of a value and about `NULL`; other errors have none.
fn in_start_key(mut error: ApiError) -> ApiError {
    let null = "One or more parameter values were invalid: Null attribute";
    if error.message.starts_with("Supplied AttributeValue") || error.message.starts_with(null) {
        error.message.insert_str(0, "The provided starting key is invalid: ");
    }
    error
}

/// What is returned of each item. Fails if a global index does not contain it.
fn check_index(
    select: Option<&str>,
    index: Option<&IndexDefinition>,
    projection: Option<&PathTree>,
) -> Result<Select, ApiError> {
    if let (Some(index), Some(projection)) = (index, projection)
        && index.global
    {
        let hidden: Vec<&str> = projection.attributes().filter(|name| !index.shows(name)).collect();
        if !hidden.is_empty() {
            return Err(invalid(format!(
                "Global secondary index {} does not project [{}]",
                index.name,
                hidden.join(", ")
            )));
        }
    }
    Ok(match (select, index) {
        (_, _) if projection.is_some() => Select::Specific,
        (Some("COUNT"), _) => Select::Count,
        (Some("ALL_ATTRIBUTES"), Some(index)) if index.global && !index.shows_all() => {
            return Err(invalid(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                index.name
            )));
        }
        (Some("ALL_ATTRIBUTES"), _) | (_, None) => Select::All,
        (_, Some(_)) => Select::Projected,
    })
}
