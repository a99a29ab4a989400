//! An item in its stored form: packed into one allocation, and immutable.

use std::{borrow::Cow, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    attributes::Lookup,
    packed::{Reader, write_attributes},
    value::{self, AttributeValue, Attributes},
};
use crate::{
    aside::{LARGE_ITEMS, aside_if},
    error::ApiError,
};

/// The most bytes of an item's names and values [Quotas in Amazon DynamoDB].
pub(crate) const MAX_BYTES: usize = 400 * 1024;

/// One item: its size as AWS counts it, then its attributes. Table, indexes and stream records share it, and a clone is
/// cheap.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Item(Arc<[u8]>);

const HEAD: usize = size_of::<u32>();

impl Item {
    /// An item with these attributes. Fails with a `ValidationException` with the message `too_large` when they exceed
    /// [`MAX_BYTES`].
    pub(crate) fn new(attributes: &Attributes, too_large: &str) -> Result<Self, ApiError> {
        let bytes = value::size(attributes);
        if bytes > MAX_BYTES {
            return Err(ApiError::validation(too_large));
        }
        let mut packed = Vec::with_capacity(HEAD + bytes + 8 * attributes.len() + 8);
        packed.extend((bytes as u32).to_le_bytes());
        write_attributes(attributes, &mut packed);
        Ok(Self(packed.into()))
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(self.0.get(HEAD..).unwrap_or_default())
    }

    /// The attributes, unpacked.
    pub(crate) fn attributes(&self) -> Attributes {
        self.reader().attributes()
    }

    /// One attribute, unpacked.
    pub(crate) fn get(&self, name: &str) -> Option<AttributeValue> {
        let mut reader = self.reader();
        for _ in 0..reader.length() {
            if reader.text() == name {
                return Some(reader.value());
            }
            reader.skip();
        }
        None
    }

    /// The size of names and values, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }

    /// The JSON form.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        aside_if(self.is_long(), || {
            let mut reader = self.reader();
            (0..reader.length()).map(|_| (reader.text().to_owned(), reader.value().into_json())).collect()
        })
    }

    /// Whether work on all of its values goes aside.
    pub(crate) fn is_long(&self) -> bool {
        self.bytes() > LARGE_ITEMS
    }
}

impl Lookup for Item {
    fn look_up(&self, name: &str) -> Option<Cow<'_, AttributeValue>> {
        self.get(name).map(Cow::Owned)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attributes().fmt(f)
    }
}
