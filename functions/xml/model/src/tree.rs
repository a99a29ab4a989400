//! The tree between XML and JSON. Its members keep their order, which a library's JSON maps may not.

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
    Object(Vec<(String, Self)>),
}

impl Tree {
    /// Puts a member into an object's members: a later one of the same name takes the earlier one's place.
    pub(crate) fn assign(members: &mut Vec<(String, Self)>, name: String, value: Self) {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = value,
            None => members.push((name, value)),
        }
    }

    /// Adds an element to its parent's members: those of one name become a list at the place of the first.
    pub(crate) fn append(members: &mut Vec<(String, Self)>, name: String, value: Self) {
        match members.iter_mut().find(|(known, _)| *known == name) {
            None => members.push((name, value)),
            Some((_, Self::List(items))) => items.push(value),
            Some((_, first)) => {
                let before = std::mem::replace(first, Self::Null);
                *first = Self::List(vec![before, value]);
            }
        }
    }
}
