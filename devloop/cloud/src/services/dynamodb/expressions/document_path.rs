//! Paths into an item, such as `order.lines[2].price`, and trees of them.

use std::{collections::BTreeMap, fmt};

use super::super::value::{AttributeValue, Attributes};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A member of a map.
    Member(String),
    /// An element of a list.
    Element(usize),
}

/// The place of a value in an item: the attribute, then steps into its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) attribute: String,
    pub(crate) steps: Vec<Step>,
}

impl Path {
    /// The value at the path, if the item has one.
    pub(crate) fn find<'a>(&self, item: &'a Attributes) -> Option<&'a AttributeValue> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (value, step) {
            (AttributeValue::M(members), Step::Member(name)) => members.get(name),
            (AttributeValue::L(list), Step::Element(at)) => list.get(*at),
            _ => None,
        })
    }
}

impl fmt::Display for Path {
    /// The path as error messages show it: `[order, lines, [2], price]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.attribute)?;
        for step in &self.steps {
            match step {
                Step::Member(name) => write!(f, ", {name}")?,
                Step::Element(at) => write!(f, ", [{at}]")?,
            }
        }
        f.write_str("]")
    }
}

/// Why two paths cannot be in one expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// One path is a part of the other.
    Overlap,
    /// One path treats a value as a list, the other treats it as a map.
    Conflict,
}

/// A set of paths that neither overlap nor conflict, as a tree over their steps.
#[derive(Debug, Default)]
pub(crate) struct PathTree(BTreeMap<String, Node>);

#[derive(Debug)]
enum Node {
    /// A path ends here: it means the whole value.
    Whole,
    Members(BTreeMap<String, Node>),
    Elements(BTreeMap<usize, Node>),
}

impl PathTree {
    /// Adds a path; the error says how it clashes with another path.
    pub(crate) fn insert(&mut self, path: &Path) -> Result<(), Clash> {
        if let Some(node) = self.0.get_mut(&path.attribute) {
            return node.insert(&path.steps);
        }
        self.0.insert(path.attribute.clone(), Node::of(&path.steps));
        Ok(())
    }

    /// The attributes at which the paths start.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A copy of the item with only the values at the paths. The elements of a list close up.
    pub(crate) fn project(&self, item: &Attributes) -> Attributes {
        project_members(&self.0, item)
    }
}

impl Node {
    fn of(steps: &[Step]) -> Self {
        match steps.split_first() {
            None => Self::Whole,
            Some((Step::Member(name), rest)) => {
                Self::Members(BTreeMap::from([(name.clone(), Self::of(rest))]))
            }
            Some((Step::Element(at), rest)) => Self::Elements(BTreeMap::from([(*at, Self::of(rest))])),
        }
    }

    fn insert(&mut self, steps: &[Step]) -> Result<(), Clash> {
        let Some((step, rest)) = steps.split_first() else { return Err(Clash::Overlap) };
        match (self, step) {
            (Self::Whole, _) => Err(Clash::Overlap),
            (Self::Members(nodes), Step::Member(name)) => Self::insert_into(nodes, name, rest),
            (Self::Elements(nodes), Step::Element(at)) => Self::insert_into(nodes, at, rest),
            _ => Err(Clash::Conflict),
        }
    }

    fn insert_into<K: Ord + Clone>(
        nodes: &mut BTreeMap<K, Self>,
        key: &K,
        rest: &[Step],
    ) -> Result<(), Clash> {
        if let Some(node) = nodes.get_mut(key) {
            return node.insert(rest);
        }
        nodes.insert(key.clone(), Self::of(rest));
        Ok(())
    }

    fn project(&self, value: &AttributeValue) -> Option<AttributeValue> {
        match (self, value) {
            (Self::Whole, value) => Some(value.clone()),
            (Self::Members(nodes), AttributeValue::M(members)) => {
                let found = project_members(nodes, members);
                (!found.is_empty()).then_some(AttributeValue::M(found))
            }
            (Self::Elements(nodes), AttributeValue::L(list)) => {
                let found: Vec<AttributeValue> =
                    nodes.iter().filter_map(|(at, node)| node.project(list.get(*at)?)).collect();
                (!found.is_empty()).then_some(AttributeValue::L(found))
            }
            _ => None,
        }
    }
}

fn project_members(nodes: &BTreeMap<String, Node>, members: &Attributes) -> Attributes {
    nodes.iter().filter_map(|(name, node)| Some((name.as_str(), node.project(members.get(name)?)?))).collect()
}
