//! HTTP requests as events for functions, and functions' answers as HTTP responses; function URLs and HTTP APIs share this.
//! Both use payload format 2.0, and HTTP APIs offer 1.0 too. Both have the same CORS settings.

mod answer;
mod cors;
mod event;
mod first;

pub(crate) use answer::{OURS, answer, first_answer};
pub(crate) use cors::Cors;
pub(crate) use event::{Front, event, log_time};
pub(crate) use first::first_event;
