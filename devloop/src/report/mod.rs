//! What is made of a run for people and programs: tables, CSV, and a page with charts. Pure: a document in, text out.

mod chain;
mod chart;
mod csv;
mod html;
mod text;

pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use text::{comparison, described, number, progress, summary};
