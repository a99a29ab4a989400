//! Parsed statements.

use super::super::{
    expressions::{Condition, Path, PathTree, SetValue, Update},
    value::{AttributeValue, Attributes},
};

/// A statement in which the parameters have replaced their placeholders.
#[derive(Debug)]
pub(crate) enum Statement {
    Select(Select),
    Insert {
        table: String,
        item: Attributes,
        /// An existing item is kept instead of being an error.
        if_not_exists: bool,
    },
    Update {
        table: String,
        assignments: Assignments,
        condition: Condition,
        returning: Option<Returning>,
    },
    Delete {
        table: String,
        condition: Condition,
        returning: Option<Returning>,
    },
    /// `EXISTS(SELECT …)`, which is allowed in transactions only.
    Exists(Select),
}

/// A query or a scan.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) table: String,
    pub(crate) index: Option<String>,
    /// The attributes that are returned; `None` for all.
    pub(crate) projection: Option<PathTree>,
    pub(crate) condition: Option<Condition>,
    /// The attributes in `ORDER BY`, each with whether its order is descending.
    pub(crate) order: Vec<(String, bool)>,
}

/// The assignments of an update.
#[derive(Debug, Default)]
pub(crate) struct Assignments {
    pub(super) set: Vec<(Path, SetValue)>,
    pub(super) remove: Vec<Path>,
    pub(super) add: Vec<(Path, AttributeValue)>,
    pub(super) delete: Vec<(Path, AttributeValue)>,
}

impl Assignments {
    /// The assignments as an update.
    pub(crate) fn update(self) -> Update {
        Update::of_paths(self.set, self.remove, self.add, self.delete)
    }

    /// All paths that are written to.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let changes = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        self.set.iter().map(|(path, _)| path).chain(&self.remove).chain(changes)
    }
}

/// What `RETURNING` asks for: all or only the modified attributes, from before or after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returning {
    AllOld,
    ModifiedOld,
    AllNew,
    ModifiedNew,
}

impl Statement {
    /// The table of the statement.
    pub(crate) fn table(&self) -> &str {
        match self {
            Self::Select(select) | Self::Exists(select) => &select.table,
            Self::Insert { table, .. } | Self::Update { table, .. } | Self::Delete { table, .. } => table,
        }
    }

    /// Whether the statement only reads.
    pub(crate) fn reads(&self) -> bool {
        matches!(self, Self::Select(_))
    }

    /// What the statement returns of a changed item, if it has `RETURNING`.
    pub(crate) fn returning(&self) -> Option<Returning> {
        match self {
            Self::Update { returning, .. } | Self::Delete { returning, .. } => *returning,
            _ => None,
        }
    }
}
