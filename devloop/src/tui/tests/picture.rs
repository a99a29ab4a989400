//! The README's picture of the screen, drawn from the cells that a terminal of 124 by 28 would show.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;

use super::*;
use crate::testing::expect_document;

/// The width and height of a cell, in the picture's units.
const CELL: (u16, u16) = (8, 17);

/// A colour of a usual dark terminal.
fn colour(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#000000",
        Color::Red | Color::LightRed => "#f14c4c",
        Color::Green | Color::LightGreen => "#23d18b",
        Color::Yellow | Color::LightYellow => "#e5e510",
        Color::Blue | Color::LightBlue => "#3b8eea",
        Color::Magenta | Color::LightMagenta => "#d670d6",
        Color::Cyan | Color::LightCyan => "#29b8db",
        Color::Gray | Color::White => "#e5e5e5",
        Color::DarkGray => "#7f7f7f",
        _ => default,
    }
}

fn style(cell: &Cell) -> (&'static str, &'static str, bool, bool) {
    let (mut front, mut back) = (colour(cell.fg, "#d4d4d4"), colour(cell.bg, "#1e1e1e"));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut back);
    }
    (front, back, cell.modifier.contains(Modifier::BOLD), cell.modifier.contains(Modifier::DIM))
}

/// The text as an element's content; spaces that must not be joined are no-break spaces.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}")
}

/// The buffer as an SVG document: one piece of text for each run of cells that look alike.
fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (columns * CELL.0 + 16, rows * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#1e1e1e\"/>\n\
         <g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"13\">\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let first = style(&buffer[(column, row)]);
            let begin = column;
            let mut text = String::new();
            while column < columns && style(&buffer[(column, row)]) == first {
                text.push_str(buffer[(column, row)].symbol());
                column += 1;
            }
            let (front, back, bold, dim) = first;
            let (x, y) = (8 + begin * CELL.0, 8 + row * CELL.1);
            let length = (column - begin) * CELL.0;
            if back != "#1e1e1e" {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"{}\" fill=\"{back}\"/>",
                    CELL.1
                );
            }
            let text = text.trim_end();
            if !text.is_empty() {
                let length = text.chars().count() as u16 * CELL.0;
                let weight = if bold { " font-weight=\"bold\"" } else { "" };
                let opacity = if dim { " opacity=\"0.6\"" } else { "" };
                let _ = writeln!(
                    out,
                    "<text x=\"{x}\" y=\"{}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
                     fill=\"{front}\"{weight}{opacity}>{}</text>",
                    y + 13,
                    escaped(text)
                );
            }
        }
    }
    out + "</g>\n</svg>\n"
}

#[test]
fn the_readmes_picture_is_todays_screen() {
    let mut session = logging(&[
        ("upstream", "accepted event=1 message=\"Hello World\""),
        ("midstream", "stored 1 of 1 records"),
        ("downstream", "New {ID: 1, Message: Hello World} latency_ms=11"),
    ]);
    let terminal = session.draw((124, 28), FULL);
    expect_document("screen.svg", &svg(terminal.backend().buffer()));
}
