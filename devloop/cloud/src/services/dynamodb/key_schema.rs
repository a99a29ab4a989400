//! Key schemas: the key attributes of a table or an index, and the values that are allowed for them.

use std::borrow::Cow;

use super::{
    attributes::{Attributes, Lookup},
    key::Key,
    value::{AttributeValue, invalid},
};
use crate::error::ApiError;

/// The longest values of key attributes, in bytes [Quotas in Amazon DynamoDB].
const MAX_PARTITION: usize = 2048;
const MAX_SORT: usize = 1024;

/// The types that a key attribute may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// Text, ordered by its UTF-8 bytes.
    String,
    /// A number, ordered by value.
    Number,
    /// Bytes, ordered as unsigned numbers.
    Binary,
}

impl KeyKind {
    /// The type with the name `S`, `N` or `B`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "S" => Self::String,
            "N" => Self::Number,
            "B" => Self::Binary,
            _ => return None,
        })
    }

    /// `S`, `N` or `B`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "S",
            Self::Number => "N",
            Self::Binary => "B",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    pub(crate) kind: KeyKind,
}

impl KeyAttribute {
    /// Whether the value has the attribute's type.
    pub(crate) fn fits(&self, value: &AttributeValue) -> bool {
        value.kind() == self.kind.name()
    }
}

/// The key of a table or an index. A global index may have up to four partition key attributes and four sort key
/// attributes; a table or a local index has one partition key attribute and at most one sort key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySchema {
    /// The attributes that together are the partition key.
    pub(crate) partition: Vec<KeyAttribute>,
    /// The attributes that order the items of a partition, the most significant one first.
    pub(crate) sort: Vec<KeyAttribute>,
}

impl KeySchema {
    /// The key's attributes, partition key first.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        self.partition.iter().chain(&self.sort)
    }

    /// How many attributes the key has.
    pub(crate) fn len(&self) -> usize {
        self.partition.len() + self.sort.len()
    }

    /// Whether there are several partition key or several sort key attributes, which only a global index may have.
    pub(crate) fn is_composed(&self) -> bool {
        self.partition.len() > 1 || self.sort.len() > 1
    }

    /// Whether `name` is part of the key.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }

    /// The key of an item that is to be stored.
    pub(crate) fn of_item(&self, item: &Attributes) -> Result<Key, ApiError> {
        self.read(
            item,
            |attribute| invalid(format!("Missing the key {} in the item", attribute.name)),
            |attribute, value| {
                invalid(format!(
                    "Type mismatch for key {} expected: {} actual: {}",
                    attribute.name,
                    attribute.kind.name(),
                    value.kind()
                ))
            },
        )
    }

    /// The key of an item in a batch; its errors are worded as for a key.
    pub(crate) fn of_item_in_batch(&self, item: &Attributes) -> Result<Key, ApiError> {
        self.read(item, |_| mismatch(), |_, _| mismatch())
    }

    /// The key that a request gives, which must contain exactly the key attributes.
    pub(crate) fn of_key(&self, key: &Attributes) -> Result<Key, ApiError> {
        if key.len() != self.len() {
            return Err(mismatch());
        }
        self.read(key, |_| mismatch(), |_, _| mismatch())
    }

    fn read(
        &self,
        attributes: &Attributes,
        missing: impl Fn(&KeyAttribute) -> ApiError,
        wrong: impl Fn(&KeyAttribute, &AttributeValue) -> ApiError,
    ) -> Result<Key, ApiError> {
        for attribute in self.attributes() {
            let value = attributes.get(&attribute.name).ok_or_else(|| missing(attribute))?;
            if !attribute.fits(value) {
                return Err(wrong(attribute, value));
            }
            if let Some(kind) = empty(value) {
                return Err(ApiError::validation(format!(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {}",
                    attribute.name
                )));
            }
            self.check_length(attribute, value)?;
        }
        self.find(attributes, None).ok_or_else(mismatch)
    }

    fn check_length(&self, attribute: &KeyAttribute, value: &AttributeValue) -> Result<(), ApiError> {
        let partition = self.partition.iter().any(|other| other.name == attribute.name);
        match (partition, value.size()) {
            (true, size) if size > MAX_PARTITION => {
                Err(invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes"))
            }
            (false, size) if size > MAX_SORT => {
                Err(invalid("Aggregated size of all range keys has exceeded the size limit of 1024 bytes"))
            }
            _ => Ok(()),
        }
    }

    /// The key of an item in an index; the item's table key `own` keeps entries with equal values apart. `None` when the
    /// item is not in the index, because a key attribute is missing or has a value that cannot be a key [Using global
    /// secondary indexes].
    pub(crate) fn of_index(&self, item: &impl Lookup, own: &Key) -> Option<Key> {
        self.find(item, Some(own))
    }

    fn find(&self, item: &impl Lookup, tie: Option<&Key>) -> Option<Key> {
        let values = |attributes: &[KeyAttribute], longest: usize| {
            attributes
                .iter()
                .map(|attribute| {
                    item.look_up(&attribute.name).filter(|value| {
                        attribute.fits(value) && empty(value).is_none() && value.size() <= longest
                    })
                })
                .collect::<Option<Vec<Cow<'_, AttributeValue>>>>()
        };
        Some(Key::new(&values(&self.partition, MAX_PARTITION)?, &values(&self.sort, MAX_SORT)?, tie))
    }

    /// Refuses to write an item whose attributes cannot be a key of the index.
    pub(crate) fn check_for_index(&self, item: &impl Lookup, index: &str) -> Result<(), ApiError> {
        for attribute in self.attributes() {
            let Some(value) = item.look_up(&attribute.name) else { continue };
            if !attribute.fits(&value) {
                return Err(invalid(format!(
                    "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {index}",
                    attribute.name,
                    attribute.kind.name(),
                    value.kind()
                )));
            }
            if let Some(kind) = empty(&value) {
                return Err(ApiError::validation(format!(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {kind} value. IndexName: {index}, IndexKey: {}",
                    attribute.name
                )));
            }
            self.check_length(attribute, &value)?;
        }
        Ok(())
    }

    /// The size of an item's key attributes with their names, in bytes.
    pub(crate) fn bytes(&self, item: &impl Lookup) -> usize {
        let size = |attribute: &KeyAttribute| {
            attribute.name.len() + item.look_up(&attribute.name).map_or(0, |value| value.size())
        };
        self.attributes().map(size).sum()
    }

    /// A copy of an item's key attributes.
    pub(crate) fn extract(&self, item: &impl Lookup) -> Attributes {
        self.attributes()
            .filter_map(|attribute| {
                Some((attribute.name.as_str(), item.look_up(&attribute.name)?.into_owned()))
            })
            .collect()
    }
}

/// The kind of an empty value, which cannot be a key.
fn empty(value: &AttributeValue) -> Option<&'static str> {
    match value {
        AttributeValue::S(text) if text.is_empty() => Some("string"),
        AttributeValue::B(bytes) if bytes.is_empty() => Some("binary"),
        _ => None,
    }
}

fn mismatch() -> ApiError {
    ApiError::validation("The provided key element does not match the schema")
}
