//! Who is told what happens.

use std::io::{self, IsTerminal};
use std::path::Path;

use crate::config::no_color;
use crate::session::View;
use crate::sink::{Json, LogFile, Plain, Sink};

/// The sinks of a session. The log file lies in `log_directory`; without a workspace there is none.
pub(super) fn sinks(view: View, log_directory: Option<&Path>) -> io::Result<Vec<Box<dyn Sink>>> {
    let output = io::stdout();
    let shown: Box<dyn Sink> = match view {
        View::Json => Box::new(Json::new(output)),
        View::Plain => {
            let colour = output.is_terminal() && !no_color();
            Box::new(Plain::new(output, colour))
        }
    };
    let mut sinks = vec![shown];
    if let Some(directory) = log_directory {
        sinks.push(Box::new(LogFile::create(&directory.join("session.jsonl"))?));
    }
    Ok(sinks)
}
