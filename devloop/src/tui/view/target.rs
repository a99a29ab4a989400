//! The page that shows where the functions run, and how to run them elsewhere.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::tui::document::Document;
use crate::tui::screen::Page;

/// The targets that can be named.
const TARGETS: [&str; 3] = ["embedded", "localstack", "aws"];

/// What is known about the target, and how to run elsewhere.
pub(in crate::tui) fn page(command: &str, rows: &[(&'static str, String)]) -> Page {
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let row = |(name, value): &(&'static str, String)| {
        Line::from(vec![Span::styled(format!(" {name:widest$}  "), Modifier::DIM), Span::raw(value.clone())])
    };
    let mut lines = Document::fixed();
    let ways = TARGETS.map(|target| Line::raw(format!(" devloop {command} --target {target}")));
    let rest = [
        Line::default(),
        Line::raw(" A session keeps its target. To run elsewhere, end this one and start:"),
    ];
    lines.replace(rows.iter().map(row).chain(rest).chain(ways));
    lines.toggle_wrap();
    Page { title: "target", lines }
}

/// How to get to the target that was asked for.
pub(in crate::tui) fn switch(command: &str, wanted: &str) -> String {
    if TARGETS.contains(&wanted) {
        format!("a session keeps its target: end this one and start `devloop {command} --target {wanted}`")
    } else {
        format!("there is no target `{wanted}`: {}", TARGETS.join(", "))
    }
}
