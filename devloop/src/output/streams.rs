//! The standard output and the standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Stderr, Stdout, Write};

use crate::output::ansi::plain;
use crate::output::json::escaped;

/// An output that makes safe what is written to it. Each write has to be whole characters, as those of `write!` and `writeln!` are.
#[derive(Debug)]
pub(crate) struct Safe<W> {
    output: W,
    clean: fn(&str) -> Cow<'_, str>,
}

/// The standard output, for lines that people read.
pub(crate) fn stdout() -> Safe<Stdout> {
    Safe { output: io::stdout(), clean: plain }
}

/// The standard output, for JSON.
pub(crate) fn json() -> Safe<Stdout> {
    Safe { output: io::stdout(), clean: escaped }
}

/// The standard output, for JSON or for lines.
pub(crate) fn stdout_as(is_json: bool) -> Safe<Stdout> {
    if is_json { json() } else { stdout() }
}

/// The standard error, for lines that people read.
pub(crate) fn stderr() -> Safe<Stderr> {
    Safe { output: io::stderr(), clean: plain }
}

/// Writes data that is no text of this program, such as a function's answer: to a pipe or a file byte for byte, as `curl` does, and to a
/// terminal as text that is safe there.
pub(crate) fn write_data(data: &[u8]) -> io::Result<()> {
    let mut output = io::stdout();
    if output.is_terminal() { stdout().write_all(data) } else { output.write_all(data) }
}

impl<W: Write> Safe<W> {
    /// The output as it is, for the program's own sequences.
    pub(crate) fn unchanged(&mut self) -> &mut W {
        &mut self.output
    }
}

impl<W: IsTerminal> Safe<W> {
    /// Whether a person reads it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.output.is_terminal()
    }
}

impl<W: Write> Write for Safe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.output.write_all((self.clean)(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{Safe, escaped, plain};

    #[test]
    fn what_is_written_is_safe() {
        let mut lines = Safe { output: Vec::new(), clean: plain };
        writeln!(lines, "a\u{1b}[2J\u{9b}31m|é\u{202e}\u{7}").unwrap();
        lines.write_all(b"\x9bno text\r\n").unwrap();
        assert_eq!(String::from_utf8(lines.output).unwrap(), "a31m|é\n\u{fffd}no text\n");
        let mut json = Safe { output: Vec::new(), clean: escaped };
        writeln!(json, "{}", serde_json::json!({ "a": "\u{9b}\u{202e}" })).unwrap();
        assert_eq!(String::from_utf8(json.output).unwrap(), "{\"a\":\"\\u009b\\u202e\"}\n");
    }
}
