//! Updates, and their application to an item.

use super::document_path::{Path, PathTree, Step};
use crate::{
    error::ApiError,
    services::dynamodb::value::{AttributeValue, Attributes},
};

/// The actions of an update expression.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(super) set: Vec<(Path, SetValue)>,
    pub(super) remove: Vec<Path>,
    pub(super) add: Vec<(Path, AttributeValue)>,
    pub(super) delete: Vec<(Path, AttributeValue)>,
    /// All paths that the update writes to.
    pub(super) touched: PathTree,
    /// Whether it was made from the parameter `AttributeUpdates`, which has another error for a wrong type.
    is_of_attributes: bool,
}

/// The right side of an assignment in `SET`.
#[derive(Debug)]
pub(crate) enum SetValue {
    Plain(Operand),
    Plus(Operand, Operand),
    Minus(Operand, Operand),
}

/// An action of the parameter `AttributeUpdates` on one attribute.
#[derive(Debug)]
pub(crate) enum AttributeAction {
    Put(AttributeValue),
    Add(AttributeValue),
    /// Deletes these elements of a set; without elements, deletes the attribute.
    Delete(Option<AttributeValue>),
}

/// An operand of an assignment, before its value is looked up.
#[derive(Debug)]
pub(crate) enum Operand {
    Path(Path),
    Value(AttributeValue),
    IfNotExists(Path, Box<Operand>),
    ListAppend(Box<Operand>, Box<Operand>),
}

impl Update {
    /// An update of whole attributes, for the parameter `AttributeUpdates`.
    pub(crate) fn of_attributes(actions: Vec<(String, AttributeAction)>) -> Self {
        let mut update = Self { is_of_attributes: true, ..Self::default() };
        for (attribute, action) in actions {
            let path = Path { attribute, steps: Vec::new() };
            match action {
                AttributeAction::Put(value) => {
                    update.set.push((path, SetValue::Plain(Operand::Value(value))));
                }
                AttributeAction::Add(AttributeValue::L(list)) => {
                    let old = Operand::IfNotExists(
                        path.clone(),
                        Box::new(Operand::Value(AttributeValue::L(Vec::new()))),
                    );
                    let more = Operand::Value(AttributeValue::L(list));
                    let all = Operand::ListAppend(Box::new(old), Box::new(more));
                    update.set.push((path, SetValue::Plain(all)));
                }
                AttributeAction::Add(value) => update.add.push((path, value)),
                AttributeAction::Delete(Some(value)) => update.delete.push((path, value)),
                AttributeAction::Delete(None) => update.remove.push(path),
            }
        }
        update.collect_touched();
        update
    }

    /// An update with the paths to set and to remove, and the paths whose numbers or sets are added to or deleted from. The
    /// paths must neither overlap nor conflict.
    pub(crate) fn of_paths(
        set: Vec<(Path, SetValue)>,
        remove: Vec<Path>,
        add: Vec<(Path, AttributeValue)>,
        delete: Vec<(Path, AttributeValue)>,
    ) -> Self {
        let mut update = Self { set, remove, add, delete, ..Self::default() };
        update.collect_touched();
        update
    }

    /// Collects the paths that are written to. Of two overlapping paths the first is enough, because this is used to show
    /// attributes only.
    fn collect_touched(&mut self) {
        let mut touched = PathTree::default();
        for path in self.paths() {
            let _ = touched.insert(path);
        }
        self.touched = touched;
    }

    /// All paths that are written to, in the order of the sections.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let changes = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(changes)
    }

    /// The paths that are written to, for `UPDATED_OLD` and `UPDATED_NEW`.
    pub(crate) fn touched(&self) -> &PathTree {
        &self.touched
    }

    /// Whether the update only removes. Such an update does not create an item.
    pub(crate) fn only_removes(&self) -> bool {
        let takes_away = !(self.remove.is_empty() && self.delete.is_empty());
        takes_away && self.set.is_empty() && self.add.is_empty()
    }

    /// The attributes after the update. All values are looked up in the attributes before the update.
    pub(crate) fn apply(&self, before: &Attributes) -> Result<Attributes, ApiError> {
        self.applied(before).map_err(|error| {
            if self.is_of_attributes && error.message == WRONG_TYPE {
                // The wording is from dynalite's tests, which ran on AWS [updateItem].
                ApiError::validation("Type mismatch for attribute to update")
            } else {
                error
            }
        })
    }

    fn applied(&self, before: &Attributes) -> Result<Attributes, ApiError> {
        let mut assignments = self
            .set
            .iter()
            .map(|(path, value)| Ok((path, value.of(before)?)))
            .collect::<Result<Vec<_>, ApiError>>()?;
        // In this order, elements past the end of a list are appended in the order of their indexes.
        assignments.sort_by_key(|(path, _)| *path);
        let mut after = before.clone();
        for (path, value) in assignments {
            set(&mut after, path, value)?;
        }
        for (path, value) in &self.add {
            let sum = match (path.find(before), value) {
                (None, value) => value.clone(),
                (Some(AttributeValue::N(old)), AttributeValue::N(more)) => {
                    AttributeValue::N(old.plus(*more)?)
                }
                (Some(AttributeValue::Ss(old)), AttributeValue::Ss(more)) => AttributeValue::Ss(old | more),
                (Some(AttributeValue::Ns(old)), AttributeValue::Ns(more)) => AttributeValue::Ns(old | more),
                (Some(AttributeValue::Bs(old)), AttributeValue::Bs(more)) => AttributeValue::Bs(old | more),
                _ => return Err(wrong_type()),
            };
            set(&mut after, path, sum)?;
        }
        for (path, value) in &self.delete {
            let rest = match (path.find(before), value) {
                (None, _) => continue,
                (Some(AttributeValue::Ss(old)), AttributeValue::Ss(less)) => AttributeValue::Ss(old - less),
                (Some(AttributeValue::Ns(old)), AttributeValue::Ns(less)) => AttributeValue::Ns(old - less),
                (Some(AttributeValue::Bs(old)), AttributeValue::Bs(less)) => AttributeValue::Bs(old - less),
                _ => return Err(wrong_type()),
            };
            let empty = match &rest {
                AttributeValue::Ss(set) => set.is_empty(),
                AttributeValue::Ns(set) => set.is_empty(),
                AttributeValue::Bs(set) => set.is_empty(),
                _ => false,
            };
            if empty {
                remove(&mut after, path)?;
            } else {
                set(&mut after, path, rest)?;
            }
        }
        // In descending order, so that the indexes of list elements stay valid until they are removed.
        let mut removals: Vec<&Path> = self.remove.iter().collect();
        removals.sort_unstable_by(|left, right| right.cmp(left));
        for path in removals {
            remove(&mut after, path)?;
        }
        Ok(after)
    }
}

impl SetValue {
    fn of(&self, item: &Attributes) -> Result<AttributeValue, ApiError> {
        let numbers = |left: &Operand, right: &Operand| match (left.of(item)?, right.of(item)?) {
            (AttributeValue::N(left), AttributeValue::N(right)) => Ok((left, right)),
            _ => Err(wrong_type()),
        };
        Ok(match self {
            Self::Plain(operand) => operand.of(item)?,
            Self::Plus(left, right) => {
                let (left, right) = numbers(left, right)?;
                AttributeValue::N(left.plus(right)?)
            }
            Self::Minus(left, right) => {
                let (left, right) = numbers(left, right)?;
                AttributeValue::N(left.minus(right)?)
            }
        })
    }
}

impl Operand {
    fn of(&self, item: &Attributes) -> Result<AttributeValue, ApiError> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Path(path) => path.find(item).cloned().ok_or_else(|| {
                ApiError::validation(
                    "The provided expression refers to an attribute that does not exist in the item",
                )
            }),
            Self::IfNotExists(path, otherwise) => match path.find(item) {
                Some(value) => Ok(value.clone()),
                None => otherwise.of(item),
            },
            Self::ListAppend(first, second) => match (first.of(item)?, second.of(item)?) {
                (AttributeValue::L(mut list), AttributeValue::L(more)) => {
                    list.extend(more);
                    Ok(AttributeValue::L(list))
                }
                _ => Err(wrong_type()),
            },
        }
    }
}

const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";

fn wrong_type() -> ApiError {
    ApiError::validation(WRONG_TYPE)
}

fn wrong_path() -> ApiError {
    ApiError::validation("The document path provided in the update expression is invalid for update")
}

/// The map or list that contains the value at the last step.
fn parent<'a>(
    item: &'a mut Attributes,
    attribute: &str,
    steps: &[Step],
) -> Result<&'a mut AttributeValue, ApiError> {
    let top = item.get_mut(attribute).ok_or_else(wrong_path)?;
    steps
        .iter()
        .try_fold(top, |value, step| match (value, step) {
            (AttributeValue::M(members), Step::Member(name)) => members.get_mut(name),
            (AttributeValue::L(list), Step::Element(at)) => list.get_mut(*at),
            _ => None,
        })
        .ok_or_else(wrong_path)
}

fn set(item: &mut Attributes, path: &Path, value: AttributeValue) -> Result<(), ApiError> {
    let Some((last, steps)) = path.steps.split_last() else {
        item.insert(path.attribute.clone(), value);
        return Ok(());
    };
    match (parent(item, &path.attribute, steps)?, last) {
        (AttributeValue::M(members), Step::Member(name)) => {
            members.insert(name.clone(), value);
        }
        (AttributeValue::L(list), Step::Element(at)) => match list.get_mut(*at) {
            Some(element) => *element = value,
            None => list.push(value),
        },
        _ => return Err(wrong_path()),
    }
    Ok(())
}

fn remove(item: &mut Attributes, path: &Path) -> Result<(), ApiError> {
    let Some((last, steps)) = path.steps.split_last() else {
        item.remove(&path.attribute);
        return Ok(());
    };
    match (parent(item, &path.attribute, steps)?, last) {
        (AttributeValue::M(members), Step::Member(name)) => {
            members.remove(name);
        }
        (AttributeValue::L(list), Step::Element(at)) => {
            if *at < list.len() {
                list.remove(*at);
            }
        }
        _ => return Err(wrong_path()),
    }
    Ok(())
}
