//! Keys in the order of a table or an index, and ranges of keys for queries and scans.

use std::{
    borrow::Borrow,
    hash::{DefaultHasher, Hasher as _},
    ops::Bound,
};

use super::{key_schema::KeyAttribute, value::AttributeValue};

/// The key of an item in a table or an index. Keys are ordered by the hash of the partition key, so that a scan can be
/// split and resumed, then by partition key, then by sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Stored beside the bytes, because it decides most comparisons without a pointer access.
    hash: u64,
    bytes: Box<[u8]>,
}

impl Key {
    /// The hash of the partition key.
    pub(crate) fn partition_hash(&self) -> u64 {
        self.hash
    }

    /// The key with these values. In an index, `tie` is the item's table key, which keeps entries with equal values apart.
    pub(crate) fn new<V: Borrow<AttributeValue>>(partition: &[V], sort: &[V], tie: Option<&Key>) -> Self {
        let mut builder = Builder::partition(partition);
        for value in sort {
            builder.sort(value.borrow());
            builder.bytes.extend(END);
        }
        if let Some(tie) = tie {
            builder.bytes.extend(&tie.bytes);
        }
        builder.build()
    }
}

/// Ends a sort key. A zero byte in a sort key is followed by 0xff, so that a shorter key comes first.
const END: [u8; 2] = [0, 0];
/// Comes right after [`END`], and so after every key with exactly this sort key.
const PAST_END: [u8; 2] = [0, 1];

#[derive(Clone)]
struct Builder {
    hash: u64,
    bytes: Vec<u8>,
}

impl Builder {
    fn partition<V: Borrow<AttributeValue>>(values: &[V]) -> Self {
        let mut bytes = Vec::with_capacity(64);
        for value in values {
            let start = bytes.len();
            bytes.extend([0; 2]);
            encode(value.borrow(), &mut bytes);
            let length = (bytes.len() - start - 2) as u16;
            bytes[start..start + 2].copy_from_slice(&length.to_be_bytes());
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        Self { hash: hasher.finish(), bytes }
    }

    fn sort(&mut self, value: &AttributeValue) {
        if let AttributeValue::N(number) = value {
            // Encoded numbers of one sign have the same length, so their order does not need escapes or the terminator.
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

    /// The first key after all keys that start with these bytes.
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

/// A condition of a query on a sort key attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SortCondition {
    /// Equal to this value.
    Equal(AttributeValue),
    /// Less than this value.
    Less(AttributeValue),
    /// Less than or equal to this value.
    AtMost(AttributeValue),
    /// Greater than this value.
    Greater(AttributeValue),
    /// Greater than or equal to this value.
    AtLeast(AttributeValue),
    /// Between two values, inclusive.
    Between(AttributeValue, AttributeValue),
    /// Starts with this text or these bytes.
    BeginsWith(AttributeValue),
}

impl SortCondition {
    /// Whether the condition's values have the attribute's type.
    pub(crate) fn fits(&self, attribute: &KeyAttribute) -> bool {
        match self {
            Self::Equal(value)
            | Self::Less(value)
            | Self::AtMost(value)
            | Self::Greater(value)
            | Self::AtLeast(value)
            | Self::BeginsWith(value) => attribute.fits(value),
            Self::Between(low, high) => attribute.fits(low) && attribute.fits(high),
        }
    }

    /// Whether the value meets the condition. It must have the attribute's type.
    pub(crate) fn holds(&self, value: &AttributeValue) -> bool {
        let key = |value: &AttributeValue| Key::new::<AttributeValue>(&[], std::slice::from_ref(value), None);
        KeyRange::of_partition::<AttributeValue>(&[], &[], Some(self)).contains(&key(value))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) lower: Bound<Key>,
    pub(crate) upper: Bound<Key>,
}

impl KeyRange {
    /// The range of one partition, or of the part of it with the values `equal` of the leading sort key attributes and the
    /// condition `last` on the next one.
    pub(crate) fn of_partition<V: Borrow<AttributeValue>>(
        partition: &[V],
        equal: &[V],
        last: Option<&SortCondition>,
    ) -> Self {
        let mut start = Builder::partition(partition);
        for value in equal {
            start.sort(value.borrow());
            start.bytes.extend(END);
        }
        let at = |value: &AttributeValue| {
            let mut builder = start.clone();
            builder.sort(value);
            builder
        };
        let first = || Bound::Included(start.clone().build());
        let end = || start.clone().successor();
        let from = |value, ending: [u8; 2]| Bound::Included(at(value).with(&ending));
        let to = |value, ending: [u8; 2]| Bound::Excluded(at(value).with(&ending));
        let (lower, upper) = match last {
            None => (first(), end()),
            Some(SortCondition::Equal(value)) => (from(value, END), to(value, PAST_END)),
            Some(SortCondition::Less(value)) => (first(), to(value, END)),
            Some(SortCondition::AtMost(value)) => (first(), to(value, PAST_END)),
            Some(SortCondition::Greater(value)) => (from(value, PAST_END), end()),
            Some(SortCondition::AtLeast(value)) => (from(value, END), end()),
            Some(SortCondition::Between(low, high)) => (from(low, END), to(high, PAST_END)),
            Some(SortCondition::BeginsWith(value)) => {
                (Bound::Included(at(value).build()), at(value).successor())
            }
        };
        Self { lower, upper }
    }

    /// The range of keys that segment `segment` of a parallel scan with `total` segments reads.
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

    /// The rest of the range after `start`, in the direction of reading.
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

    /// Whether the range cannot contain a key. `BTreeMap` panics when it is asked for such a range.
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
        Key::new(&[AttributeValue::S("p".to_owned())], std::slice::from_ref(sort), None)
    }

    proptest! {
        #[test]
        fn keys_sort_like_their_bytes(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(key(&bytes(&a)).cmp(&key(&bytes(&b))), a.cmp(&b));
        }

        #[test]
        fn a_range_contains_the_keys_that_meet_its_condition(
            a in proptest::collection::vec(0_u8..3, 0..5),
            b in proptest::collection::vec(prop_oneof![0_u8..3, 254_u8..=255], 0..5),
        ) {
            let partition = [AttributeValue::S("p".to_owned())];
            let tied = Key::new(&partition, &[bytes(&a)], Some(&key(&bytes(&b))));
            let check = |condition: SortCondition, expected: bool| {
                let range = KeyRange::of_partition(&partition, &[], Some(&condition));
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
            let key = Key::new(&[AttributeValue::S(text)], &[], None);
            let hits = (0..total).filter(|&n| KeyRange::of_segment(n, total).contains(&key)).count();
            prop_assert_eq!(hits, 1);
        }
    }

    #[test]
    fn numbers_sort_by_value_even_when_a_tie_follows() {
        let tie = Key::new(&[AttributeValue::S("x".to_owned())], &[], None);
        let texts = ["-1e100", "-2", "-1.5", "-1e-9", "0", "0.1", "1", "9.9", "10", "1e20"];
        let keys: Vec<Key> = texts
            .iter()
            .map(|text| {
                let sort = AttributeValue::N(text.parse().unwrap());
                Key::new(&[AttributeValue::Null], &[sort], Some(&tie))
            })
            .collect();
        assert!(keys.is_sorted());
    }
}
