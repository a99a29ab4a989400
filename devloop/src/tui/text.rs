//! Cuts and breaks lines by the columns that their characters take; some take two.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::buffer::CellWidth;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// The line's text without its styles.
pub(super) fn plain<'a>(line: &'a Line<'_>) -> Cow<'a, str> {
    match line.spans.as_slice() {
        [] => Cow::Borrowed(""),
        [only] => Cow::Borrowed(&only.content),
        spans => Cow::Owned(spans.iter().map(|span| span.content.as_ref()).collect()),
    }
}

/// How many rows the line takes when it is broken at the width; at least one.
pub(super) fn row_count(line: &Line<'_>, width: u16) -> usize {
    let mut rows = 1;
    let mut column = 0;
    for grapheme in line.styled_graphemes(Style::new()) {
        let own = grapheme.symbol.cell_width();
        if column + own > width && column > 0 {
            rows += 1;
            column = 0;
        }
        column += own;
    }
    rows
}

/// The line broken at the width.
pub(super) fn broken(line: &Line<'_>, width: u16) -> Vec<Line<'static>> {
    let mut rows = Vec::new();
    let mut row = Row::default();
    for grapheme in line.styled_graphemes(Style::new()) {
        let own = grapheme.symbol.cell_width();
        if row.width + own > width && row.width > 0 {
            rows.push(std::mem::take(&mut row).finish());
        }
        row.add(grapheme.symbol, grapheme.style, own);
    }
    rows.push(row.finish());
    rows
}

/// The part of the line that fits the width, from the column `left` on. If more follows, the last column shows a sign.
pub(super) fn cut(line: &Line<'_>, left: u16, width: u16) -> Line<'static> {
    let mut row = Row::default();
    let mut column: u16 = 0;
    for grapheme in line.styled_graphemes(Style::new()) {
        let own = grapheme.symbol.cell_width();
        let start = column;
        column = column.saturating_add(own);
        if column <= left {
            continue;
        }
        if start < left {
            // Half of a wide character is not shown.
            row.add(" ", grapheme.style, 1);
            continue;
        }
        if row.width + own > width {
            return row.with_more(width);
        }
        row.add(grapheme.symbol, grapheme.style, own);
    }
    row.finish()
}

/// The text cut to the width, with a sign where something was cut off.
pub(super) fn fitted(text: &str, width: u16) -> String {
    plain(&cut(&Line::raw(text), 0, width)).into_owned()
}

/// A row under construction.
#[derive(Default)]
struct Row {
    spans: Vec<Span<'static>>,
    width: u16,
}

impl Row {
    fn add(&mut self, symbol: &str, style: Style, width: u16) {
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(symbol),
            _ => self.spans.push(Span::styled(symbol.to_owned(), style)),
        }
        self.width += width;
    }

    /// Makes room for the sign in the last column of the width.
    fn with_more(mut self, width: u16) -> Line<'static> {
        while self.width >= width && width > 0 {
            let Some(last) = self.spans.last_mut() else { break };
            match last.content.to_mut().pop() {
                Some(_) => self.width = self.spans.iter().map(|span| span.width() as u16).sum(),
                None => {
                    self.spans.pop();
                }
            }
        }
        if width > 0 {
            self.add("…", Style::new().add_modifier(Modifier::DIM), 1);
        }
        self.finish()
    }

    fn finish(self) -> Line<'static> {
        Line::from(self.spans)
    }
}

/// The line with the ranges of its text in another style.
pub(super) fn highlighted(line: &Line<'_>, ranges: &[Range<usize>], style: Style) -> Line<'static> {
    let mut spans = Vec::new();
    let mut start = 0;
    for span in &line.spans {
        let end = start + span.content.len();
        let mut at = start;
        for range in ranges.iter().filter(|range| range.start < end && range.end > start) {
            let (from, to) = (range.start.max(start), range.end.min(end));
            spans.push(part(span, start, at..from, span.style));
            spans.push(part(span, start, from..to, span.style.patch(style)));
            at = to;
        }
        spans.push(part(span, start, at..end, span.style));
        start = end;
    }
    spans.retain(|span| !span.content.is_empty());
    Line::from(spans).style(line.style)
}

fn part(span: &Span<'_>, start: usize, range: Range<usize>, style: Style) -> Span<'static> {
    let text = span.content.get(range.start - start..range.end - start).unwrap_or_default();
    Span::styled(text.to_owned(), style)
}

/// Words between blanks; quotes hold blanks together, as in `"/opt/my editor/vim" -p`.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            None if character == '"' || character == '\'' => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            Some(_) | None => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Modifier, Style};
    use ratatui::text::Line;

    use super::{broken, cut, fitted, highlighted, plain, row_count};

    fn check_broken(text: &str, width: u16, expected: &[&str]) {
        let line = Line::raw(text);
        let rows: Vec<String> = broken(&line, width).iter().map(|row| plain(row).into_owned()).collect();
        assert_eq!(rows, expected);
        assert_eq!(row_count(&line, width), expected.len());
    }

    #[test]
    fn lines_are_broken_by_columns() {
        check_broken("", 4, &[""]);
        check_broken("abcd", 4, &["abcd"]);
        check_broken("abcde", 4, &["abcd", "e"]);
        check_broken("日本語", 4, &["日本", "語"]);
        check_broken("a日本", 4, &["a日", "本"]);
        check_broken("日本", 1, &["日", "本"]);
    }

    fn check_cut(text: &str, left: u16, width: u16, expected: &str) {
        assert_eq!(plain(&cut(&Line::raw(text), left, width)), expected, "{text} {left} {width}");
    }

    #[test]
    fn lines_are_cut_by_columns() {
        check_cut("abcdef", 0, 6, "abcdef");
        check_cut("abcdef", 0, 5, "abcd…");
        check_cut("abcdef", 2, 4, "cdef");
        check_cut("abcdef", 9, 4, "");
        check_cut("日本語", 0, 5, "日本…");
        check_cut("日本語", 0, 4, "日…");
        check_cut("日本語", 1, 5, " 本語");
        check_cut("abc", 0, 1, "…");
        check_cut("abc", 0, 0, "");
        assert_eq!(fitted("abc", 2), "a…");
    }

    #[test]
    fn ranges_are_highlighted_across_spans() {
        let line = Line::from(vec!["ab".into(), "cd".into()]);
        let style = Style::new().add_modifier(Modifier::REVERSED);
        let found = highlighted(&line, std::slice::from_ref(&(1..3)), style);
        let spans: Vec<(&str, bool)> =
            found.spans.iter().map(|span| (span.content.as_ref(), span.style == style)).collect();
        assert_eq!(spans, [("a", false), ("b", true), ("c", true), ("d", false)]);
    }
}
