//! An item as it is stored: its attributes and its size, never changed in place.

use serde_json::{Map, Value};

use super::value::{self, AttributeValue, Attributes};
use crate::error::ApiError;

/// The most that names and values of an item may take, in bytes. [Quotas in Amazon `DynamoDB`]
pub(crate) const MAX_BYTES: usize = 400 * 1024;

/// One item. Table, indexes and stream records share it behind an `Arc`.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    attributes: Attributes,
    bytes: usize,
}

impl Item {
    /// An item of these attributes; a `ValidationException` with `too_large` when they exceed [`MAX_BYTES`].
    pub(crate) fn new(mut attributes: Attributes, too_large: &str) -> Result<Self, ApiError> {
        let bytes = value::size(&attributes);
        if bytes > MAX_BYTES {
            return Err(ApiError::validation(too_large));
        }
        attributes.shrink();
        Ok(Self { attributes, bytes })
    }

    /// The attributes by name.
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// One attribute.
    pub(crate) fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.attributes.get(name)
    }

    /// The size of names and values, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The wire form.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        value::to_json(&self.attributes)
    }
}
