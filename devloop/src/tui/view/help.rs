//! The help page, made from the table of actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::tui::document::Document;
use crate::tui::keymap::Keymap;
use crate::tui::screen::Page;
use crate::tui::view::panes::{below_title, draw_lines};

/// Every action with its keys and the name that `:` and the settings know it by.
pub(in crate::tui) fn page(keymap: &Keymap) -> Page {
    let rows: Vec<_> = keymap.all().map(|(binding, keys)| (binding, keys.join(", "))).collect();
    let widest = rows.iter().map(|(_, keys)| keys.len()).max().unwrap_or_default();
    let longest = rows.iter().map(|(binding, _)| binding.name.len()).max().unwrap_or_default();
    let mut lines = Document::fixed();
    lines.replace(rows.into_iter().map(|(binding, keys)| {
        Line::from(vec![
            Span::styled(format!(" {keys:widest$}  "), Modifier::BOLD),
            Span::styled(format!("{:longest$}  ", binding.name), Modifier::DIM),
            Span::raw(binding.meaning),
        ])
    }));
    // The meanings are long, so they are broken for narrow terminals.
    lines.toggle_wrap();
    Page { title: "help", lines }
}

/// Draws the page over everything but the footer.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, page: &Page) {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    buffer.set_string(area.x, area.y, "━".repeat(usize::from(area.width)), strong);
    let title = format!("▸{} ", page.title);
    buffer.set_stringn(area.x + 1, area.y, title, usize::from(area.width.saturating_sub(1)), strong);
    let page_area = Rect { height: area.height.saturating_sub(1), ..area };
    draw_lines(buffer, below_title(page_area), &page.lines);
}
