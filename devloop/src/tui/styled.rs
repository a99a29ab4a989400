//! Turns text that was written for a terminal into styled lines.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::output::{Piece, pieces};

/// How far apart tab stops are.
const TAB: usize = 4;

/// How many characters of a line are kept. A longer one could not be read here anyway; the session's log has all of it.
const LONGEST: usize = 4_096;

/// The text's lines in their colours, tabs as spaces, characters that a terminal obeys left out.
pub(super) fn lines(text: &str) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut line = LineBuilder::default();
    for piece in pieces(text) {
        match piece {
            Piece::Text('\n') => lines.push(line.finish()),
            Piece::Text('\t') => (0..TAB - line.length % TAB).for_each(|_| line.add(' ')),
            Piece::Text(character) => line.add(character),
            Piece::Style(numbers) => line.restyle(numbers),
        }
    }
    if line.length > 0 || lines.is_empty() {
        lines.push(line.finish());
    }
    lines
}

/// A line under construction; its style continues in the next line.
#[derive(Default)]
struct LineBuilder {
    spans: Vec<Span<'static>>,
    text: String,
    length: usize,
    style: Style,
}

impl LineBuilder {
    fn add(&mut self, character: char) {
        if self.length < LONGEST {
            self.text.push(character);
        }
        self.length += 1;
    }

    fn close_span(&mut self) {
        if !self.text.is_empty() {
            self.spans.push(Span::styled(std::mem::take(&mut self.text), self.style));
        }
    }

    fn finish(&mut self) -> Line<'static> {
        self.close_span();
        if self.length > LONGEST {
            let more = format!(" [{} more characters are in the session's log]", self.length - LONGEST);
            self.spans.push(Span::styled(more, Modifier::DIM));
        }
        self.length = 0;
        Line::from(std::mem::take(&mut self.spans))
    }

    fn restyle(&mut self, numbers: &str) {
        self.close_span();
        let mut numbers = numbers.split([';', ':']).map(|number| number.parse::<u8>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            self.style = match number {
                0 => Style::new(),
                1 => self.style.add_modifier(Modifier::BOLD),
                2 => self.style.add_modifier(Modifier::DIM),
                3 => self.style.add_modifier(Modifier::ITALIC),
                4 => self.style.add_modifier(Modifier::UNDERLINED),
                7 => self.style.add_modifier(Modifier::REVERSED),
                9 => self.style.add_modifier(Modifier::CROSSED_OUT),
                22 => self.style.remove_modifier(Modifier::BOLD | Modifier::DIM),
                23 => self.style.remove_modifier(Modifier::ITALIC),
                24 => self.style.remove_modifier(Modifier::UNDERLINED),
                27 => self.style.remove_modifier(Modifier::REVERSED),
                29 => self.style.remove_modifier(Modifier::CROSSED_OUT),
                30..=37 => self.style.fg(Color::Indexed(number - 30)),
                39 => self.style.fg(Color::Reset),
                40..=47 => self.style.bg(Color::Indexed(number - 40)),
                49 => self.style.bg(Color::Reset),
                90..=97 => self.style.fg(Color::Indexed(number - 82)),
                100..=107 => self.style.bg(Color::Indexed(number - 92)),
                38 | 48 => match colour(&mut numbers) {
                    Some(colour) if number == 38 => self.style.fg(colour),
                    Some(colour) => self.style.bg(colour),
                    None => self.style,
                },
                _ => self.style,
            };
        }
    }
}

/// The colour behind 38 or 48: `5;n` from the palette, `2;r;g;b` in full.
fn colour(numbers: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match numbers.next()? {
        5 => numbers.next().map(Color::Indexed),
        2 => Some(Color::Rgb(numbers.next()?, numbers.next()?, numbers.next()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier, Style};

    use super::{LONGEST, lines};
    use crate::tui::text::plain;

    fn check(text: &str, expected: &[&[(&str, Style)]]) {
        let found = lines(text);
        let found: Vec<Vec<(&str, Style)>> = found
            .iter()
            .map(|line| line.spans.iter().map(|span| (span.content.as_ref(), span.style)).collect())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn styles_are_followed() {
        let plain = Style::new();
        check("", &[&[]]);
        check("a\nb\n", &[&[("a", plain)], &[("b", plain)]]);
        check("a\tb\r", &[&[("a   b", plain)]]);
        check(
            "\u{1b}[1m\u{1b}[91merror\u{1b}[0m: x",
            &[&[("error", plain.fg(Color::Indexed(9)).add_modifier(Modifier::BOLD)), (": x", plain)]],
        );
        check("\u{1b}[38;5;12m|\u{1b}[m", &[&[("|", plain.fg(Color::Indexed(12)))]]);
        check("\u{1b}[48;2;1;2;3mx\n", &[&[("x", plain.bg(Color::Rgb(1, 2, 3)))]]);
        check("\u{1b}[38;5mx", &[&[("x", plain)]]);
    }

    #[test]
    fn a_very_long_line_is_cut_and_says_so() {
        let line = &lines(&"x".repeat(LONGEST + 7))[0];
        assert_eq!(line.spans[0].content.len(), LONGEST);
        assert!(plain(line).ends_with(" [7 more characters are in the session's log]"));
    }
}
