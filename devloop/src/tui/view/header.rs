//! Draws the lines at the top and at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::status::{count, milliseconds};
use crate::tui::action::{FOOTER, binding};
use crate::tui::keymap::Keymap;
use crate::tui::path_line;
use crate::tui::screen::{Prompt, Question, Screen};
use crate::tui::text::{cut, fitted};

/// On the left what runs where, on the right the last save.
pub(super) fn draw_header(buffer: &mut Buffer, area: Rect, screen: &Screen) {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let right = save(screen);
    let right_width = Span::raw(&right).width() as u16;
    let room = area.width.saturating_sub(if right.is_empty() { 0 } else { right_width + 2 });
    let endpoint = screen.endpoint.trim_start_matches("http://");
    let names: Vec<&str> = screen.functions().keys().map(String::as_str).collect();
    let commit = screen.commit.as_ref().map_or_else(String::new, |commit| {
        format!(" · commit {}{}", commit.short, if commit.dirty { "*" } else { "" })
    });
    let command = [screen.command.as_str(), &names.join(", ")].join(" ");
    let full = format!("devloop · {} · {endpoint}{commit}", command.trim_end());
    let middle = format!("devloop · {} · {endpoint}{commit}", screen.command);
    let short = format!("devloop · {} · {endpoint}", screen.command);
    let left = [full, middle, short, endpoint.to_owned()]
        .into_iter()
        .find(|text| Span::raw(text).width() <= usize::from(room));
    let left = left.unwrap_or_else(|| fitted(endpoint, room));
    buffer.set_string(area.x, area.y, left, strong);
    if right_width <= area.width {
        buffer.set_string(area.right() - right_width, area.y, right, strong);
    }
}

fn save(screen: &Screen) -> String {
    if let Some(saves) = screen.paused {
        let plural = if saves == 1 { "" } else { "s" };
        return format!("PAUSED, {} save{plural} noted", count(saves as u64));
    }
    match (screen.all_saves.last(), screen.all_saves.p95()) {
        (Some(last), Some(p95)) => {
            format!("save→live {} (p95 {})", milliseconds(last as f64), milliseconds(p95 as f64))
        }
        _ => String::new(),
    }
}

/// The paths through the pipeline, and where the time of the last save went.
pub(super) fn draw_ways(buffer: &mut Buffer, area: Rect, screen: &Screen) {
    let ways = screen.event_paths.iter().map(|hops| path_line::line(hops, &screen.figures));
    let save = screen.last_save.as_ref().map(|(function, phases)| Line::raw(format!("{function} {phases}")));
    // If there is room for everything, the phases get the last row.
    let rows = screen.event_paths.len().min(usize::from(area.height));
    let rows =
        if area.height > 1 { rows.min(usize::from(area.height) - usize::from(save.is_some())) } else { rows };
    for (y, line) in area.rows().map(|row| row.y).zip(ways.take(rows).chain(save)) {
        buffer.set_line(area.x, y, &cut(&line, 0, area.width), area.width);
    }
}

/// The call of the API. Nothing is drawn beside it, so that the mouse selects nothing else.
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
    let line = match (screen.prompt(), screen.remark()) {
        (Some(Prompt::Search(typed)), _) => Line::raw(format!("/{typed}▏")),
        (Some(Prompt::Command(typed)), _) => Line::raw(format!(":{typed}▏")),
        (Some(Prompt::Agree(Question { function, plan, typed })), _) => {
            Line::raw(format!("roll {function} back? yes or no: {typed}▏ · {plan}"))
        }
        (None, Some(remark)) => Line::raw(remark.to_owned()),
        (None, None) => keys(&screen.keymap, area.width),
    };
    buffer.set_line(area.x, area.y, &cut(&line, 0, area.width), area.width);
}

/// As many keys as there is room for.
fn keys(keymap: &Keymap, width: u16) -> Line<'static> {
    let mut line = Line::default();
    for binding in FOOTER.iter().filter_map(|action| binding(*action)) {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let Some(key) = keymap.keys(binding.action).first() else { continue };
        let own = gap.len() + key.len() + 1 + binding.word.len();
        if line.width() + own > usize::from(width) {
            break;
        }
        line.push_span(Span::raw(gap));
        line.push_span(Span::styled(key.clone(), Modifier::BOLD));
        line.push_span(Span::styled(format!(" {}", binding.word), Modifier::DIM));
    }
    line
}
