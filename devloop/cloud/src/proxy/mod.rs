//! HTTP requests as events for functions, and functions' answers as responses: what function URLs and HTTP APIs share. Payload
//! format 2.0 is both sides' own; HTTP APIs offer 1.0 besides.

mod answer;
mod event;
mod first;

pub(crate) use answer::{answer, first_answer};
pub(crate) use event::{Front, event};
pub(crate) use first::first_event;
