//! What `dist` and `single` share: lines of a file become requests, answers become lines and a count.

mod answer;
mod discover;
mod lines;
mod options;
mod report;
mod run;
mod send;

pub use options::Common;
pub use run::run;
