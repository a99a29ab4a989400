//! Attributes by name, stored compactly: a table contains millions of them, mostly in small maps.

use std::borrow::Cow;

use super::value::AttributeValue;

/// Something with named attributes, decoded or not.
pub(crate) trait Lookup {
    /// The value of an attribute.
    fn look_up(&self, name: &str) -> Option<Cow<'_, AttributeValue>>;
}

impl Lookup for Attributes {
    fn look_up(&self, name: &str) -> Option<Cow<'_, AttributeValue>> {
        self.get(name).map(Cow::Borrowed)
    }
}

/// An item's attributes or a map's members, sorted by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes(Vec<(Box<str>, AttributeValue)>);

impl Attributes {
    /// No attributes, with room for `count`.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }

    /// The value of an attribute.
    pub(crate) fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.place(name).ok().map(|at| &self.0[at].1)
    }

    /// The value of an attribute, mutable.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        self.place(name).ok().map(|at| &mut self.0[at].1)
    }

    /// Adds an attribute or replaces its value. Inserting names in sorted order needs no search.
    pub(crate) fn insert(&mut self, name: impl Into<Box<str>>, value: AttributeValue) {
        let name = name.into();
        let at = match self.0.last() {
            None => Err(0),
            Some((last, _)) if *last < name => Err(self.0.len()),
            Some(_) => self.place(&name),
        };
        match at {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Removes an attribute.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            self.0.remove(at);
        }
    }

    /// How many attributes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values in the order of the names.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl IntoIterator for Attributes {
    type Item = (Box<str>, AttributeValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<N: Into<Box<str>>> Extend<(N, AttributeValue)> for Attributes {
    fn extend<I: IntoIterator<Item = (N, AttributeValue)>>(&mut self, attributes: I) {
        for (name, value) in attributes {
            self.insert(name, value);
        }
    }
}

impl<N: Into<Box<str>>> FromIterator<(N, AttributeValue)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, AttributeValue)>>(attributes: I) -> Self {
        let attributes = attributes.into_iter();
        let mut collected = Self::with_capacity(attributes.size_hint().0);
        collected.extend(attributes);
        collected
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_attributes_behave_like_a_standard_map(steps in proptest::collection::vec(("[a-d]{0,2}", any::<Option<bool>>()), 0..40)) {
            let (mut attributes, mut model) = (Attributes::default(), BTreeMap::new());
            for (name, value) in steps {
                if let Some(value) = value {
                    attributes.insert(name.as_str(), AttributeValue::Bool(value));
                    model.insert(name, AttributeValue::Bool(value));
                } else {
                    attributes.remove(&name);
                    model.remove(&name);
                }
            }
            prop_assert!(attributes.iter().eq(model.iter().map(|(name, value)| (name.as_str(), value))));
            prop_assert!(model.iter().all(|(name, value)| attributes.get(name) == Some(value)));
        }
    }

    #[test]
    fn a_value_takes_32_bytes() {
        assert_eq!(size_of::<AttributeValue>(), 32);
    }
}
