//! What this program writes to a terminal or a pipe, and how text of others (of functions, stacks, queues, other programs) becomes safe to
//! show. Everything that is not drawn goes through [`stdout`] and [`stderr`].

mod ansi;
mod json;
mod streams;

pub(crate) use ansi::{Piece, coloured, pieces, plain};
pub(crate) use json::escaped;
pub(crate) use streams::{json, stderr, stdout, stdout_as, write_data};
