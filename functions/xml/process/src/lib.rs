//! Converts XML files of one bucket to JSON files of another, by stored rules.
//!
//! S3 sends asynchronous events about new files, and takes every answer as success. So a fault that may pass fails the invocation,
//! which tries it again; a file that can never be converted leaves a report beside the results.

mod aws;
mod event;
mod handler;
mod objects;
mod rules;
mod run;

pub use event::{Event, Record};
pub use handler::{Answer, Process};
pub use objects::{Fault, Head, Object, Objects, Put, Written};
pub use rules::{Rules, Source};
pub use run::run;
