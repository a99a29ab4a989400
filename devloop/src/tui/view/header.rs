//! The lines at the top and at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::status::milliseconds;
use crate::tui::action::{FOOTER, binding};
use crate::tui::screen::Screen;
use crate::tui::text::{cut, fitted};

/// What runs where on the left, the last save on the right.
pub(super) fn draw_header(buffer: &mut Buffer, area: Rect, screen: &Screen) {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let right = save(screen);
    let right_width = Span::raw(&right).width() as u16;
    let room = area.width.saturating_sub(if right.is_empty() { 0 } else { right_width + 2 });
    let endpoint = screen.endpoint.trim_start_matches("http://");
    let names: Vec<&str> = screen.functions().keys().map(String::as_str).collect();
    let full = format!(
        "devloop · {} · {endpoint}",
        [screen.command.as_str(), &names.join(", ")].join(" ").trim_end()
    );
    let short = format!("devloop · {} · {endpoint}", screen.command);
    let left = [full, short, endpoint.to_owned()]
        .into_iter()
        .find(|text| Span::raw(text).width() <= usize::from(room));
    let left = left.unwrap_or_else(|| fitted(endpoint, room));
    buffer.set_string(area.x, area.y, left, strong);
    if right_width <= area.width {
        buffer.set_string(area.right() - right_width, area.y, right, strong);
    }
}

fn save(screen: &Screen) -> String {
    match (screen.saves.last(), screen.saves.p95()) {
        (Some(last), Some(p95)) => {
            format!("save→live {} (p95 {})", milliseconds(last as f64), milliseconds(p95 as f64))
        }
        _ => String::new(),
    }
}

/// The call of the API. Nothing stands beside it, so that the mouse selects nothing else.
pub(super) fn draw_call(buffer: &mut Buffer, area: Rect, screen: &Screen) {
    for (y, row) in area.rows().map(|row| row.y).zip(screen.call_rows(area.width)) {
        buffer.set_stringn(area.x, y, row, usize::from(area.width), Style::new().fg(Color::Green));
    }
}

/// The search that is typed, a remark, or the keys.
pub(super) fn draw_footer(buffer: &mut Buffer, area: Rect, screen: &Screen) {
    if area.is_empty() {
        return;
    }
    let line = if let Some(typed) = screen.prompt() {
        Line::raw(format!("/{typed}▏"))
    } else if let Some(remark) = screen.remark() {
        Line::raw(remark)
    } else {
        keys(area.width)
    };
    buffer.set_line(area.x, area.y, &cut(&line, 0, area.width), area.width);
}

/// As many keys as there is room for.
fn keys(width: u16) -> Line<'static> {
    let mut line = Line::default();
    for binding in FOOTER.iter().filter_map(|action| binding(*action)) {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let key = binding.keys.first().copied().unwrap_or_default();
        let own = gap.len() + key.len() + 1 + binding.word.len();
        if line.width() + own > usize::from(width) {
            break;
        }
        line.push_span(Span::raw(gap));
        line.push_span(Span::styled(key, Modifier::BOLD));
        line.push_span(Span::styled(format!(" {}", binding.word), Modifier::DIM));
    }
    line
}
