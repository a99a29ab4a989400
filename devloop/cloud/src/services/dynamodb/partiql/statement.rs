//! What statements are.

use super::super::{
    expressions::{Condition, Path, PathTree, SetValue, Update},
    value::{AttributeValue, Attributes},
};

/// One statement, with its parameters in their places.
#[derive(Debug)]
pub(crate) enum Statement {
    Select(Select),
    Insert {
        table: String,
        item: Attributes,
        /// An item that is there already is left alone instead of being an error.
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
    /// `EXISTS(SELECT …)`, which only a transaction knows.
    Exists(Select),
}

/// A query or a scan.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) table: String,
    pub(crate) index: Option<String>,
    /// What is shown of each item; `None` for everything.
    pub(crate) projection: Option<PathTree>,
    pub(crate) condition: Option<Condition>,
    /// The attribute that `ORDER BY` names, and whether downwards.
    pub(crate) order: Option<(String, bool)>,
}

/// What an update writes.
#[derive(Debug, Default)]
pub(crate) struct Assignments {
    pub(super) set: Vec<(Path, SetValue)>,
    pub(super) remove: Vec<Path>,
    pub(super) add: Vec<(Path, AttributeValue)>,
    pub(super) delete: Vec<(Path, AttributeValue)>,
}

impl Assignments {
    /// As an update expression would say it.
    pub(crate) fn update(self) -> Update {
        Update::of_paths(self.set, self.remove, self.add, self.delete)
    }

    /// Every path that is written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let changes = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        self.set.iter().map(|(path, _)| path).chain(&self.remove).chain(changes)
    }
}

/// What `RETURNING` asks for: all or the changed attributes, from before or after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returning {
    AllOld,
    ModifiedOld,
    AllNew,
    ModifiedNew,
}

impl Statement {
    /// The table that the statement is about.
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

    /// What the statement returns of a changed item.
    pub(crate) fn returning(&self) -> Option<Returning> {
        match self {
            Self::Update { returning, .. } | Self::Delete { returning, .. } => *returning,
            _ => None,
        }
    }
}
