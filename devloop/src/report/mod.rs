//! Shows a run's document as tables, as CSV, and as a page with charts. Pure: a document in, text out.

mod chain;
mod chart;
mod csv;
mod html;
mod text;

pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use text::{comparison, described, number, progress, summary};
