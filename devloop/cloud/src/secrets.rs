//! Takes secrets out of what is shown or kept on disk: out of texts, such as log lines, and out of JSON, such as events. Pure.

mod find;
mod names;
mod text;
mod value;

pub use text::without_secrets;
pub(crate) use value::clean_texts;
pub use value::without_secrets_in;

/// What stands in a secret's place.
const MASK: &str = "***";
