//! The help page, made from the table of actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::tui::action::BINDINGS;
use crate::tui::document::Document;
use crate::tui::view::panes::{below_title, draw_lines};

/// Every action with its keys.
pub(in crate::tui) fn page() -> Document {
    let keys: Vec<String> = BINDINGS.iter().map(|binding| binding.keys.join(", ")).collect();
    let widest = keys.iter().map(String::len).max().unwrap_or_default();
    let mut page = Document::fixed();
    page.replace(BINDINGS.iter().zip(keys).map(|(binding, keys)| {
        Line::from(vec![
            Span::styled(format!(" {keys:widest$}  "), Modifier::BOLD),
            Span::raw(binding.meaning),
        ])
    }));
    page
}

/// Draws the page over everything but the footer.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, page: &Document) {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    buffer.set_string(area.x, area.y, "━".repeat(usize::from(area.width)), strong);
    buffer.set_stringn(area.x + 1, area.y, "▸help ", usize::from(area.width.saturating_sub(1)), strong);
    let page_area = Rect { height: area.height.saturating_sub(1), ..area };
    draw_lines(buffer, below_title(page_area), page);
}
