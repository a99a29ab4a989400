//! How much text the values of one template may become. A template of a megabyte can name a long value ten thousand times.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::error::Problem;

/// What the functions of one template may compute together: bytes of text, and 32 more for each value.
const MOST: usize = 64 * 1024 * 1024;

/// What has been computed so far.
#[derive(Debug, Default)]
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    /// Counts what `function` is about to give.
    pub(super) fn spend(&self, function: &str, value: &Value) -> Result<(), Problem> {
        let size = size(value);
        if self.0.fetch_add(size, Ordering::Relaxed) + size > MOST {
            return Err(Problem::malformed(
                function,
                format!("is one too many: all values of the template together have more than {MOST} bytes"),
            ));
        }
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + size(member)).sum(),
        _ => 0,
    }
}
