//! Keys: what a table's or an index's key schema makes of an item, and ranges of keys for queries and scans.

use std::{
    hash::{DefaultHasher, Hasher as _},
    ops::Bound,
};

use super::value::{AttributeValue, Attributes, invalid};
use crate::error::ApiError;

/// Limits of key values, in bytes. [Quotas in Amazon `DynamoDB`]
const MAX_PARTITION: usize = 2048;
const MAX_SORT: usize = 1024;

/// The types that a key attribute may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// Text, ordered by its UTF-8 bytes.
    String,
    /// A number, ordered by value.
    Number,
    /// Bytes, ordered as unsigned.
    Binary,
}

impl KeyKind {
    /// The type behind `S`, `N` or `B`.
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

/// One attribute of a key.
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

/// The partition key and the sort key, if any, of a table or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySchema {
    pub(crate) partition: KeyAttribute,
    pub(crate) sort: Option<KeyAttribute>,
}

impl KeySchema {
    /// The key's attributes, partition key first.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition).chain(&self.sort)
    }

    /// Whether `name` is part of the key.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }

    /// The key of a whole item that is to be stored.
    pub(crate) fn of_item(&self, item: &Attributes) -> Result<Key, ApiError> {
        for attribute in self.attributes() {
            let name = &attribute.name;
            let value =
                item.get(name).ok_or_else(|| invalid(format!("Missing the key {name} in the item")))?;
            if !attribute.fits(value) {
                return Err(invalid(format!(
                    "Type mismatch for key {name} expected: {} actual: {}",
                    attribute.kind.name(),
                    value.kind()
                )));
            }
        }
        self.checked(item)
    }

    /// The key that a request names: exactly the key attributes.
    pub(crate) fn of_key(&self, key: &Attributes) -> Result<Key, ApiError> {
        if key.len() != self.attributes().count() {
            return Err(ApiError::validation("The number of conditions on the keys is invalid"));
        }
        if self.attributes().any(|attribute| !key.get(&attribute.name).is_some_and(|v| attribute.fits(v))) {
            return Err(ApiError::validation("The provided key element does not match the schema"));
        }
        self.checked(key)
    }

    /// Checks lengths of values whose presence and types are known to fit.
    fn checked(&self, attributes: &Attributes) -> Result<Key, ApiError> {
        for attribute in self.attributes() {
            let empty = match attributes.get(&attribute.name) {
                Some(AttributeValue::S(text)) if text.is_empty() => "string",
                Some(AttributeValue::B(bytes)) if bytes.is_empty() => "binary",
                _ => continue,
            };
            return Err(ApiError::validation(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {empty} value. Key: {}",
                attribute.name
            )));
        }
        let size = |attribute: &KeyAttribute| attributes.get(&attribute.name).map_or(0, AttributeValue::size);
        if size(&self.partition) > MAX_PARTITION {
            return Err(invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes"));
        }
        if self.sort.as_ref().is_some_and(|sort| size(sort) > MAX_SORT) {
            return Err(invalid(
                "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            ));
        }
        self.find(attributes, None)
            .ok_or_else(|| ApiError::validation("The provided key element does not match the schema"))
    }

    /// The key of an item in an index, kept apart from equal ones by the item's own key; `None` when the item lacks a
    /// key attribute and so is not in the index.
    pub(crate) fn of_index(&self, item: &Attributes, own: &Key) -> Option<Key> {
        self.find(item, Some(own))
    }

    fn find(&self, attributes: &Attributes, tie: Option<&Key>) -> Option<Key> {
        let partition = attributes.get(&self.partition.name)?;
        let sort = match &self.sort {
            Some(sort) => Some(attributes.get(&sort.name)?),
            None => None,
        };
        Some(Key::new(partition, sort, tie))
    }

    /// Refuses an item whose attributes cannot be a key of the index, in the words for writes.
    pub(crate) fn check_for_index(&self, item: &Attributes, index: &str) -> Result<(), ApiError> {
        for attribute in self.attributes() {
            let Some(value) = item.get(&attribute.name) else { continue };
            if !attribute.fits(value) {
                return Err(invalid(format!(
                    "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {index}",
                    attribute.name,
                    attribute.kind.name(),
                    value.kind()
                )));
            }
            let empty = match value {
                AttributeValue::S(text) if text.is_empty() => "string",
                AttributeValue::B(bytes) if bytes.is_empty() => "binary",
                _ => continue,
            };
            return Err(ApiError::validation(format!(
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {empty} value. IndexName: {index}, IndexKey: {}",
                attribute.name
            )));
        }
        Ok(())
    }

    /// The size of an item's key with its names, in bytes.
    pub(crate) fn bytes(&self, item: &Attributes) -> usize {
        let size = |attribute: &KeyAttribute| {
            attribute.name.len() + item.get(&attribute.name).map_or(0, AttributeValue::size)
        };
        self.attributes().map(size).sum()
    }

    /// Only the key attributes of an item.
    pub(crate) fn extract(&self, item: &Attributes) -> Attributes {
        self.attributes()
            .filter_map(|attribute| Some((attribute.name.as_str(), item.get(&attribute.name)?.clone())))
            .collect()
    }
}

/// A place in a table or an index: ordered by the hash of the partition key, so that a scan can be split and resumed,
/// then by partition, then by the sort key's own order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Kept beside the bytes, because most comparisons are decided here without following the pointer.
    hash: u64,
    bytes: Box<[u8]>,
}

impl Key {
    fn new(partition: &AttributeValue, sort: Option<&AttributeValue>, tie: Option<&Key>) -> Self {
        let mut builder = Builder::partition(partition);
        if let Some(sort) = sort {
            builder.sort(sort);
            builder.bytes.extend(END);
        }
        if let Some(tie) = tie {
            builder.bytes.extend(&tie.bytes);
        }
        builder.build()
    }
}

/// Ends a sort key; a zero byte inside one is followed by 0xff, so that a shorter key comes first.
const END: [u8; 2] = [0, 0];
/// Just behind [`END`], and so behind every key with exactly this sort key.
const PAST_END: [u8; 2] = [0, 1];

#[derive(Clone)]
struct Builder {
    hash: u64,
    bytes: Vec<u8>,
}

impl Builder {
    fn partition(value: &AttributeValue) -> Self {
        let mut bytes = vec![0; 2];
        encode(value, &mut bytes);
        let length = (bytes.len() - 2) as u16;
        bytes[..2].copy_from_slice(&length.to_be_bytes());
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes[2..]);
        Self { hash: hasher.finish(), bytes }
    }

    fn sort(&mut self, value: &AttributeValue) {
        if let AttributeValue::N(number) = value {
            // Numbers of one sign have one length, so they need no escapes to keep their order; the terminator is
            // never reached within them.
            number.encode(&mut self.bytes);
            return;
        }
        let raw: &[u8] = match value {
            AttributeValue::S(text) => text.as_bytes(),
            AttributeValue::B(bytes) => bytes,
            _ => &[],
        };
        for &byte in raw {
            self.bytes.push(byte);
            if byte == 0 {
                self.bytes.push(0xff);
            }
        }
    }

    fn with(&self, end: &[u8]) -> Key {
        let mut builder = self.clone();
        builder.bytes.extend(end);
        builder.build()
    }

    fn build(self) -> Key {
        Key { hash: self.hash, bytes: self.bytes.into() }
    }

    /// The first key behind all that begin with these bytes.
    fn successor(mut self) -> Bound<Key> {
        while let Some(last) = self.bytes.pop() {
            if last < 0xff {
                self.bytes.push(last + 1);
                return Bound::Excluded(self.build());
            }
        }
        match self.hash.checked_add(1) {
            Some(hash) => Bound::Excluded(Key { hash, bytes: Box::default() }),
            None => Bound::Unbounded,
        }
    }
}

fn encode(value: &AttributeValue, out: &mut Vec<u8>) {
    match value {
        AttributeValue::S(text) => out.extend(text.as_bytes()),
        AttributeValue::B(bytes) => out.extend(bytes),
        AttributeValue::N(number) => number.encode(out),
        _ => {}
    }
}

/// What a query asks of the sort key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SortCondition {
    /// Exactly this value.
    Equal(AttributeValue),
    /// Below it.
    Less(AttributeValue),
    /// Below or equal.
    AtMost(AttributeValue),
    /// Above it.
    Greater(AttributeValue),
    /// Above or equal.
    AtLeast(AttributeValue),
    /// Between two values, both included.
    Between(AttributeValue, AttributeValue),
    /// Beginning with this text or these bytes.
    BeginsWith(AttributeValue),
}

/// A stretch of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) lower: Bound<Key>,
    pub(crate) upper: Bound<Key>,
}

impl KeyRange {
    /// One partition, or the part of it that the sort condition selects.
    pub(crate) fn of_partition(partition: &AttributeValue, sort: Option<&SortCondition>) -> Self {
        let start = Builder::partition(partition);
        let at = |value: &AttributeValue| {
            let mut builder = start.clone();
            builder.sort(value);
            builder
        };
        let first = || Bound::Included(start.clone().build());
        let last = || start.clone().successor();
        let from = |value, end: [u8; 2]| Bound::Included(at(value).with(&end));
        let to = |value, end: [u8; 2]| Bound::Excluded(at(value).with(&end));
        let (lower, upper) = match sort {
            None => (first(), last()),
            Some(SortCondition::Equal(value)) => (from(value, END), to(value, PAST_END)),
            Some(SortCondition::Less(value)) => (first(), to(value, END)),
            Some(SortCondition::AtMost(value)) => (first(), to(value, PAST_END)),
            Some(SortCondition::Greater(value)) => (from(value, PAST_END), last()),
            Some(SortCondition::AtLeast(value)) => (from(value, END), last()),
            Some(SortCondition::Between(low, high)) => (from(low, END), to(high, PAST_END)),
            Some(SortCondition::BeginsWith(value)) => {
                (Bound::Included(at(value).build()), at(value).successor())
            }
        };
        Self { lower, upper }
    }

    /// The part of all keys that a parallel scan's worker `segment` of `total` reads.
    pub(crate) fn of_segment(segment: u32, total: u32) -> Self {
        let edge = |segment: u32| {
            let hash = (u128::from(segment) << 64).div_ceil(u128::from(total));
            u64::try_from(hash).ok().map(|hash| Key { hash, bytes: Box::default() })
        };
        Self {
            lower: edge(segment).map_or(Bound::Unbounded, Bound::Included),
            upper: edge(segment + 1).map_or(Bound::Unbounded, Bound::Excluded),
        }
    }

    /// What is left behind `start`, in the direction of reading.
    pub(crate) fn behind(self, start: Key, reverse: bool) -> Self {
        if reverse {
            Self { lower: self.lower, upper: Bound::Excluded(start) }
        } else {
            Self { lower: Bound::Excluded(start), upper: self.upper }
        }
    }

    /// Whether the key lies in the range.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        use std::ops::RangeBounds as _;
        (self.lower.clone(), self.upper.clone()).contains(key)
    }

    /// Whether no key can lie in the range: a `BTreeMap` must not be asked for such a range.
    pub(crate) fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => {
                low >= high
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(raw: &[u8]) -> AttributeValue {
        AttributeValue::B(raw.to_vec())
    }

    fn key(sort: &AttributeValue) -> Key {
        Key::new(&AttributeValue::S("p".to_owned()), Some(sort), None)
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_bytes_do(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(key(&bytes(&a)).cmp(&key(&bytes(&b))), a.cmp(&b));
        }

        #[test]
        fn a_range_holds_what_its_condition_says(
            a in proptest::collection::vec(0_u8..3, 0..5),
            b in proptest::collection::vec(prop_oneof![0_u8..3, 254_u8..=255], 0..5),
        ) {
            let partition = AttributeValue::S("p".to_owned());
            let tied = Key::new(&partition, Some(&bytes(&a)), Some(&key(&bytes(&b))));
            let check = |condition: SortCondition, expected: bool| {
                let range = KeyRange::of_partition(&partition, Some(&condition));
                for place in [&key(&bytes(&a)), &tied] {
                    prop_assert_eq!(range.contains(place), expected, "{:?}", condition);
                }
                Ok(())
            };
            check(SortCondition::Equal(bytes(&b)), a == b)?;
            check(SortCondition::Less(bytes(&b)), a < b)?;
            check(SortCondition::AtMost(bytes(&b)), a <= b)?;
            check(SortCondition::Greater(bytes(&b)), a > b)?;
            check(SortCondition::AtLeast(bytes(&b)), a >= b)?;
            check(SortCondition::BeginsWith(bytes(&b)), a.starts_with(&b))?;
            check(SortCondition::Between(bytes(&b), bytes(&[2])), b <= a && a <= vec![2])?;
        }

        #[test]
        fn every_key_is_in_exactly_one_segment(text: String, total in 1_u32..2000) {
            let key = Key::new(&AttributeValue::S(text), None, None);
            let hits = (0..total).filter(|&n| KeyRange::of_segment(n, total).contains(&key)).count();
            prop_assert_eq!(hits, 1);
        }
    }

    #[test]
    fn numbers_sort_by_value_also_before_a_tie() {
        let tie = Key::new(&AttributeValue::S("x".to_owned()), None, None);
        let texts = ["-1e100", "-2", "-1.5", "-1e-9", "0", "0.1", "1", "9.9", "10", "1e20"];
        let keys: Vec<Key> = texts
            .iter()
            .map(|text| {
                let sort = AttributeValue::N(text.parse().unwrap());
                Key::new(&AttributeValue::Null, Some(&sort), Some(&tie))
            })
            .collect();
        assert!(keys.is_sorted());
    }
}
