//! Failure records of event source mappings, resolved back to the stream's records: `devloop records QUEUE` shows which ones were
//! given up, and what is in them.

mod cloud;
mod failure;
mod text;

pub(crate) use cloud::{Inquiry, resolve};
pub(crate) use text::text;
