//! The common code of `dist` and `single`: lines of a file become requests, and answers become printed lines and a count.

mod answer;
mod discover;
mod lines;
mod options;
mod report;
mod run;
mod send;

pub use options::Common;
pub use run::run;
