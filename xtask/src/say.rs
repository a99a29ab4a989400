//! The output for people: lines, and on a terminal the last line of a program that runs in the background.

use std::io::{IsTerminal, Write};

/// Writes a line. A closed pipe is ignored.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Shows a step's progress in place of its previous line; only on a terminal.
pub(crate) fn show(step: &str, line: &str) {
    const WIDTH: usize = 100;
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let line: String = format!("{step}: {line}")
            .chars()
            .filter(|character| !character.is_control())
            .take(WIDTH)
            .collect();
        let _ = write!(error, "\r\x1b[K{line}");
        let _ = error.flush();
    }
}

/// Clears a step's progress.
pub(crate) fn clear() {
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let _ = write!(error, "\r\x1b[K");
    }
}
