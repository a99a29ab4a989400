//! The tree between XML and JSON. Its members keep their order, which a library's JSON maps may not.

use std::collections::HashMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// An empty element.
    Null,
    /// Text; numbers stay text.
    Text(String),
    /// Elements of one name that repeat, or what a rule has flattened.
    List(Vec<Self>),
    /// Members in the order in which they first appeared.
    Object(Members),
}

/// From this many members on, their names are indexed: a file may have hundreds of thousands of different ones.
const INDEXED: usize = 16;

/// The members of an object, each name once.
#[derive(Debug, Clone, Default)]
pub struct Members {
    entries: Vec<(String, Tree)>,
    /// The place of each name. Boxed because hardly any object has so many members.
    #[expect(
        clippy::box_collection,
        reason = "a tree has very many objects, and nearly all of them are small"
    )]
    places: Option<Box<HashMap<String, usize>>>,
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Members {}

impl Members {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The members in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, Tree)> {
        self.entries.iter()
    }

    /// Puts a member in: a later one of the same name takes the earlier one's place.
    pub(crate) fn assign(&mut self, name: String, value: Tree) {
        match self.find(&name) {
            Some(place) => *place = value,
            None => self.push(name, value),
        }
    }

    /// Adds an element: those of one name become a list at the place of the first.
    pub(crate) fn append(&mut self, name: String, value: Tree) {
        match self.find(&name) {
            None => self.push(name, value),
            Some(Tree::List(items)) => items.push(value),
            Some(first) => {
                let before = std::mem::replace(first, Tree::Null);
                *first = Tree::List(vec![before, value]);
            }
        }
    }

    fn find(&mut self, name: &str) -> Option<&mut Tree> {
        let place = match &self.places {
            Some(places) => *places.get(name)?,
            None => self.entries.iter().position(|(known, _)| known == name)?,
        };
        Some(&mut self.entries[place].1)
    }

    /// Adds a member whose name is new.
    pub(crate) fn push(&mut self, name: String, value: Tree) {
        let place = self.entries.len();
        if place >= INDEXED {
            let places = self.places.get_or_insert_with(|| {
                let names = self.entries.iter().enumerate().map(|(place, (name, _))| (name.clone(), place));
                Box::new(names.collect())
            });
            places.insert(name.clone(), place);
        }
        self.entries.push((name, value));
    }
}

impl FromIterator<(String, Tree)> for Members {
    fn from_iter<I: IntoIterator<Item = (String, Tree)>>(members: I) -> Self {
        let mut all = Self::default();
        for (name, value) in members {
            all.assign(name, value);
        }
        all
    }
}

impl IntoIterator for Members {
    type Item = (String, Tree);
    type IntoIter = std::vec::IntoIter<(String, Tree)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'m> IntoIterator for &'m Members {
    type Item = &'m (String, Tree);
    type IntoIter = std::slice::Iter<'m, (String, Tree)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
