//! The page. (placeholder until charts are in)
use crate::bench::Document;
pub(crate) fn html(_run: &Document, _before: Option<&Document>) -> String {
    String::new()
}
