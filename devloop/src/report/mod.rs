//! Shows a run's document as tables, as CSV, and as a page with charts, and draws the terminal screen of a run in progress. Pure: a
//! document in, text out.

mod chain;
mod chart;
mod csv;
mod html;
#[cfg(test)]
mod picture;
mod screen;
mod text;

pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use screen::draw;
pub(crate) use text::{comparison, described, number, progress, summary};
