//! The common code of the XML system's functions: an XML file becomes a tree, and a rule turns the tree into JSON.
//!
//! The tree has the form of the reference's reader (attributes as `@name`, text beside them as `#text`, repeated elements as a
//! list); [`convert()`] follows the reference's rules, which tests check against its golden files.

mod convert;
mod json;
mod keys;
mod read;
mod rule;
mod text;
mod tree;

pub use convert::convert;
pub use json::to_json;
pub use keys::{decoded, error_key, output_key};
pub use read::{LARGEST, ReadError, check, read};
pub use rule::{Flatten, Kind, Rule, RuleError};
pub use tree::{Members, Tree};
