//! Whether colours and signs beyond ASCII may be drawn.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

/// The limits of what is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether colours may be used.
    pub(crate) colour: bool,
    /// Whether the terminal shows more than ASCII.
    pub(crate) unicode: bool,
}

/// The signs that are drawn, with what stands for them in ASCII.
const SIGNS: &[(&str, &str)] = &[
    ("─", "-"),
    ("━", "="),
    ("▸", ">"),
    ("→", ">"),
    ("·", "-"),
    ("…", "~"),
    ("●", "*"),
    ("○", "o"),
    ("◐", "+"),
    ("◑", "+"),
    ("◒", "+"),
    ("✗", "x"),
    ("↶", "<"),
    ("▏", "_"),
    ("▁", "_"),
    ("▂", "."),
    ("▃", "-"),
    ("▄", "~"),
    ("▅", "="),
    ("▆", "+"),
    ("▇", "*"),
    ("█", "#"),
];

impl Theme {
    /// Removes from the drawing what may not be drawn.
    pub(crate) fn restrict(self, buffer: &mut Buffer) {
        if self.colour && self.unicode {
            return;
        }
        for cell in &mut buffer.content {
            if !self.colour {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
            if !self.unicode && !cell.symbol().is_ascii() {
                let known = SIGNS.iter().find(|(sign, _)| *sign == cell.symbol());
                cell.set_symbol(known.map_or("?", |(_, ascii)| ascii));
            }
        }
    }
}
