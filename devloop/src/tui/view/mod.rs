//! Draws the screen. Reads its state and changes nothing.

mod functions;
mod header;
pub(super) mod help;
mod panes;
pub(super) mod target;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::Millis;
use crate::tui::layout::{Pane, places};
use crate::tui::screen::Screen;
use crate::tui::theme::Theme;

pub(super) use functions::next_change;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen, now: Millis, theme: Theme) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width > 0 && area.height > 0 {
        draw_into(buffer, area, screen, now);
        theme.restrict(buffer);
    }
}

fn draw_into(buffer: &mut Buffer, area: Rect, screen: &Screen, now: Millis) {
    if let Some(page) = screen.page() {
        help::draw(buffer, area, page);
    } else {
        let places = places(area, screen);
        header::draw_header(buffer, places.header, screen);
        header::draw_ways(buffer, places.ways, screen);
        header::draw_call(buffer, places.call, screen);
        for (pane, place) in &places.panes {
            match pane {
                Pane::Functions => functions::draw(buffer, *place, screen, now),
                other => panes::draw(buffer, *place, screen, *other),
            }
        }
        header::draw_footer(buffer, places.footer, screen);
        return;
    }
    let footer = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    header::draw_footer(buffer, footer, screen);
}
