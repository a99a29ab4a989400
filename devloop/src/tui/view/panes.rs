//! Draws panes of lines, and the titles of all panes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::engine::Level;
use crate::status::count;
use crate::tui::document::Document;
use crate::tui::layout::Pane;
use crate::tui::screen::Screen;
use crate::tui::search::Search;
use crate::tui::text::fitted;

/// Draws the errors, the figures or the logs.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, screen: &Screen, pane: Pane) {
    let Some(document) = screen.document(pane) else { return };
    draw_title(buffer, area, screen, pane, &title(screen, pane, document, area));
    draw_lines(buffer, below_title(area), document);
}

/// Draws the visible lines.
pub(super) fn draw_lines(buffer: &mut Buffer, area: Rect, document: &Document) {
    for (row, line) in document.window(area.as_size()).iter().enumerate() {
        draw_line(buffer, area, row, line);
    }
}

/// Draws a row of the area.
pub(super) fn draw_line(buffer: &mut Buffer, area: Rect, row: usize, line: &Line<'_>) {
    if row < usize::from(area.height) {
        buffer.set_line(area.x, area.y + row as u16, line, area.width);
    }
}

/// The area of a pane below its title.
pub(super) fn below_title(area: Rect) -> Rect {
    Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area }
}

/// A rule with the pane's number and name. There are no lines at the sides, so that the mouse selects nothing but text.
pub(super) fn draw_title(buffer: &mut Buffer, area: Rect, screen: &Screen, pane: Pane, title: &str) {
    if area.is_empty() {
        return;
    }
    let focused = screen.focus() == pane;
    let (rule, mark) = if focused { ("━", "▸") } else { ("─", " ") };
    let style = if focused {
        Style::new().add_modifier(Modifier::BOLD)
    } else {
        Style::new().add_modifier(Modifier::DIM)
    };
    buffer.set_string(area.x, area.y, rule.repeat(usize::from(area.width)), style);
    let text = fitted(&format!("{mark}{} {title} ", pane.number()), area.width.saturating_sub(1));
    buffer.set_string(area.x + 1, area.y, text, style.remove_modifier(Modifier::DIM));
}

fn title(screen: &Screen, pane: Pane, document: &Document, area: Rect) -> String {
    let view = Size::new(area.width, area.height.saturating_sub(1));
    let mut parts = vec![match pane {
        Pane::Errors => errors(screen),
        Pane::Status => "status".to_owned(),
        _ => "logs".to_owned(),
    }];
    if pane == Pane::Status && screen.report().is_none() && document.len() == 0 {
        parts.push("no figures yet".to_owned());
    }
    parts.extend(document.only().map(|only| format!("only {only}")));
    parts.extend(document.about().map(|about| format!("about {about}")));
    parts.extend(document.search().map(Search::summary));
    let below = document.below(view) as u64;
    if let Some(missed) = document.missed() {
        parts.push(format!("frozen, {} missed", count(missed)));
    } else if below > 0 && view.height > 0 {
        parts.push(format!("{} below", count(below)));
    }
    parts.join(" · ")
}

fn errors(screen: &Screen) -> String {
    let errors = screen.errors();
    let plural = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let counts: Vec<String> = [(Level::Error, "error"), (Level::Warning, "warning")]
        .into_iter()
        .map(|(level, word)| (errors.count(level), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| plural(number, word))
        .collect();
    match (counts.is_empty(), errors.is_empty()) {
        (false, _) => format!("errors · {}", counts.join(", ")),
        (true, false) => "errors".to_owned(),
        (true, true) => "errors · none".to_owned(),
    }
}
