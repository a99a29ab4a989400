//! Parses the text of a template in JSON or YAML, and finds the positions of values in it.

mod json;
mod scalar;
mod tags;
mod yaml;

use serde_json::Value;

use super::error::TemplateError;

/// The longest text, in bytes ["Template, size in an Amazon S3 object", CloudFormation quotas].
const LONGEST: usize = 1024 * 1024;

/// A position in a template's text; line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) at: Option<Position>,
    pub(super) why: String,
}

/// The text from which a template was parsed.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    text: String,
    is_json: bool,
}

impl Source {
    /// Parses a text. A text that starts with `{` is JSON; every other text is YAML with CloudFormation's short forms.
    pub(crate) fn read(text: &str) -> Result<(Self, Value), TemplateError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > LONGEST {
            let why = format!("it is longer than {LONGEST} bytes, which is CloudFormation's limit");
            return Err(TemplateError::Syntax { at: None, why });
        }
        let is_json = text.trim_start().starts_with('{');
        let value = if is_json { json::read(text) } else { yaml::read(text) };
        let value = value.map_err(|SyntaxError { at, why }| TemplateError::Syntax { at, why })?;
        Ok((Self { text: text.to_owned(), is_json }, value))
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The position of the value at `path`, or of the closest surrounding value that the text has. With a `needle`, the
    /// position of the first key or text in it that contains the needle.
    pub(crate) fn position(&self, path: &[&str], needle: Option<&str>) -> Option<Position> {
        if self.is_json {
            json::position(&self.text, path, needle)
        } else {
            yaml::position(&self.text, path, needle)
        }
    }
}

#[cfg(test)]
mod tests;
