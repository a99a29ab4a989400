//! Lines that can be scrolled, marked, searched, filtered and held still: what every pane but the functions shows.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use ratatui::layout::Size;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::tui::search::Search;
use crate::tui::text::{broken, cut, highlighted, plain, row_count};

/// Narrower than the first, a line goes without the first part of its prefix, and so on.
const PREFIX_WIDTHS: [u16; 2] = [72, 40];

/// How far a step to the side goes, in columns.
const SIDE_STEP: u16 = 8;

/// Lines and what of them is shown.
#[derive(Debug)]
pub(super) struct Document {
    entries: VecDeque<Entry>,
    /// The number of the first entry; numbers are never used again while the document grows.
    first: u64,
    /// The numbers of the entries that pass the filter.
    visible: VecDeque<u64>,
    /// How many entries are kept.
    limit: usize,
    /// Whether the document's end is what matters, so that it is shown until somebody scrolls.
    follows: bool,
    /// What is at the top; none: the end of a document that follows, the start of another one.
    top: Option<Top>,
    left: u16,
    wraps: bool,
    only: Option<String>,
    /// Only lines that hold this text are shown.
    about: Option<String>,
    /// The line that keys and copies are about, once somebody chose one.
    cursor: Option<u64>,
    /// Whether the first part of the prefixes is shown.
    stamps: bool,
    frozen: Option<Frozen>,
    search: Option<Search>,
}

#[derive(Debug)]
struct Entry {
    source: Option<String>,
    /// Said before the line where there is room, the least important part first.
    prefix: Vec<Span<'static>>,
    line: Line<'static>,
}

impl Entry {
    /// The line with as much of its prefix as a width has room for.
    fn line_for(&self, width: u16, stamps: bool) -> Cow<'_, Line<'static>> {
        let narrow = PREFIX_WIDTHS.iter().filter(|least| width < **least).count();
        let left_out = narrow.max(usize::from(!stamps));
        match self.prefix.get(left_out..) {
            None | Some([]) => Cow::Borrowed(&self.line),
            Some(prefix) => Cow::Owned(Line::from([prefix, &self.line.spans].concat())),
        }
    }
}

/// A row of an entry.
#[derive(Debug, Clone, Copy)]
struct Top {
    number: u64,
    row: usize,
}

/// A document that is held still.
#[derive(Debug, Clone, Copy)]
struct Frozen {
    /// The number of the first entry that is not shown.
    end: u64,
    /// Lines that came since and pass the filter.
    missed: u64,
    /// Lines among all that came for which there was no room.
    lost: u64,
}

impl Document {
    /// An empty document that shows its start.
    pub(super) fn fixed() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            visible: VecDeque::new(),
            limit: usize::MAX,
            follows: false,
            top: None,
            left: 0,
            wraps: false,
            only: None,
            about: None,
            cursor: None,
            stamps: true,
            frozen: None,
            search: None,
        }
    }

    /// An empty document that shows its end, and keeps this many lines.
    pub(super) fn following(limit: usize) -> Self {
        Self { limit, follows: true, ..Self::fixed() }
    }

    /// Appends a line of the source; none: a line that concerns all of them.
    pub(super) fn push(&mut self, source: Option<&str>, prefix: Vec<Span<'static>>, line: Line<'static>) {
        let passes = self.passes(source, &line);
        if let Some(frozen) = &mut self.frozen {
            frozen.missed += u64::from(passes);
            if self.entries.len() >= self.limit {
                frozen.lost += 1;
                return;
            }
        }
        let number = self.first + self.entries.len() as u64;
        if passes {
            self.visible.push_back(number);
            if let Some(search) = &mut self.search {
                search.look_at(number, &plain(&line));
            }
        }
        self.entries.push_back(Entry { source: source.map(str::to_owned), prefix, line });
        if self.entries.len() > self.limit {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        self.entries.pop_front();
        self.first += 1;
        self.cursor = self.cursor.filter(|cursor| *cursor >= self.first);
        while self.visible.front().is_some_and(|number| *number < self.first) {
            self.visible.pop_front();
        }
        if let Some(search) = &mut self.search {
            search.forget_before(self.first);
        }
    }

    /// Puts other lines in the place of all; the place in them stays as far as it can.
    pub(super) fn replace(&mut self, lines: impl IntoIterator<Item = Line<'static>>) {
        self.entries =
            lines.into_iter().map(|line| Entry { source: None, prefix: Vec::new(), line }).collect();
        self.first = 0;
        self.cursor = self.cursor.filter(|cursor| *cursor < self.entries.len() as u64);
        self.look_again();
    }

    /// Forgets every line.
    pub(super) fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
        (self.top, self.cursor) = (None, None);
        if let Some(frozen) = &mut self.frozen {
            frozen.end = self.first;
        }
        self.look_again();
    }

    /// How many lines there are, without a filter.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn passes(&self, source: Option<&str>, line: &Line<'_>) -> bool {
        let from = self.only.is_none() || source.is_none() || self.only.as_deref() == source;
        from && self.about.as_deref().is_none_or(|text| plain(line).contains(text))
    }

    /// Applies filter and search to every entry.
    fn look_again(&mut self) {
        let numbered = self.entries.iter().zip(self.first..);
        self.visible = numbered
            .filter(|(entry, _)| self.passes(entry.source.as_deref(), &entry.line))
            .map(|(_, number)| number)
            .collect();
        if let Some(search) = &self.search {
            let mut again = Search::new(search.query());
            for number in &self.visible {
                again.look_at(*number, &plain(&self.entry(*number).line));
            }
            self.search = Some(again);
        }
    }

    /// The source whose lines are shown, if not all are.
    pub(super) fn only(&self) -> Option<&str> {
        self.only.as_deref()
    }

    /// Shows only the source's lines and those that concern all; none shows everything.
    pub(super) fn show_only(&mut self, source: Option<String>) {
        self.only = source;
        self.look_again();
        if self.frozen.is_none() {
            self.top = None;
        }
    }

    /// The text that all shown lines hold, if not all lines are shown.
    pub(super) fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Shows only lines that hold the text; none shows everything.
    pub(super) fn show_about(&mut self, text: Option<String>) {
        self.about = text;
        self.cursor = None;
        self.look_again();
        if self.frozen.is_none() {
            self.top = None;
        }
    }

    /// How many sources have a line that holds the text.
    pub(super) fn sources_about(&self, text: &str) -> usize {
        let holds = self.entries.iter().filter(|entry| plain(&entry.line).contains(text));
        holds.filter_map(|entry| entry.source.as_deref()).collect::<BTreeSet<_>>().len()
    }

    /// Shows or hides the first part of the prefixes.
    pub(super) fn toggle_stamps(&mut self) {
        self.stamps = !self.stamps;
    }

    fn entry(&self, number: u64) -> &Entry {
        &self.entries[(number - self.first) as usize]
    }

    /// How many of the visible lines may be shown now.
    fn shown(&self) -> usize {
        self.frozen
            .map_or(self.visible.len(), |frozen| self.visible.partition_point(|number| *number < frozen.end))
    }
}

/// Places.
impl Document {
    fn rows_of(&self, ordinal: usize, view: Size) -> usize {
        if self.wraps {
            row_count(&self.entry(self.visible[ordinal]).line_for(view.width, self.stamps), view.width)
        } else {
            1
        }
    }

    /// The ordinal and row at the top when the end is at the bottom.
    fn last_top(&self, view: Size) -> (usize, usize) {
        let mut room = usize::from(view.height);
        for ordinal in (0..self.shown()).rev() {
            let rows = self.rows_of(ordinal, view);
            if rows >= room {
                return (ordinal, rows - room);
            }
            room -= rows;
        }
        (0, 0)
    }

    /// The ordinal and row at the top now.
    fn start(&self, view: Size) -> (usize, usize) {
        let last = self.last_top(view);
        match self.top {
            None if self.follows => last,
            None => (0, 0),
            Some(top) => {
                let ordinal = self.visible.partition_point(|number| *number < top.number);
                let is_there = self.visible.get(ordinal) == Some(&top.number);
                (ordinal, if is_there { top.row } else { 0 }).min(last)
            }
        }
    }

    /// Moves by rows; at the end, a document that follows goes on following.
    pub(super) fn scroll(&mut self, rows: isize, view: Size) {
        let (mut ordinal, mut row) = self.start(view);
        for _ in 0..rows.unsigned_abs() {
            if rows > 0 && ordinal < self.shown() {
                row += 1;
                if row >= self.rows_of(ordinal, view) {
                    (ordinal, row) = (ordinal + 1, 0);
                }
            } else if rows < 0 && row > 0 {
                row -= 1;
            } else if rows < 0 && ordinal > 0 {
                ordinal -= 1;
                row = self.rows_of(ordinal, view) - 1;
            }
        }
        self.go_to((ordinal, row), view);
    }

    fn go_to(&mut self, place: (usize, usize), view: Size) {
        let last = self.last_top(view);
        let (ordinal, row) = place.min(last);
        let ends = self.follows && self.frozen.is_none() && (ordinal, row) == last;
        let number = self.visible.get(ordinal).copied();
        self.top = number.filter(|_| !ends).map(|number| Top { number, row });
    }

    /// Goes to the first line.
    pub(super) fn go_to_start(&mut self, view: Size) {
        self.left = 0;
        self.cursor = None;
        self.go_to((0, 0), view);
    }

    /// Goes to the last line.
    pub(super) fn go_to_end(&mut self, view: Size) {
        self.cursor = None;
        self.go_to((usize::MAX, 0), view);
    }

    /// Moves to the side by some columns.
    pub(super) fn scroll_sideways(&mut self, right: bool) {
        self.left =
            if right { self.left.saturating_add(SIDE_STEP) } else { self.left.saturating_sub(SIDE_STEP) };
    }

    /// Breaks long lines, or cuts them.
    pub(super) fn toggle_wrap(&mut self) {
        self.wraps = !self.wraps;
        self.left = 0;
    }

    /// Holds the lines still, or lets them go on from the end.
    pub(super) fn toggle_freeze(&mut self, view: Size) {
        if let Some(frozen) = self.frozen.take() {
            if frozen.lost > 0 {
                let text =
                    format!("[{} lines found no room meanwhile; the session's log has them]", frozen.lost);
                self.push(None, Vec::new(), Line::raw(text));
            }
            self.top = None;
            return;
        }
        let (ordinal, row) = self.start(view);
        self.top = self.visible.get(ordinal).map(|number| Top { number: *number, row });
        self.frozen = Some(Frozen { end: self.first + self.entries.len() as u64, missed: 0, lost: 0 });
    }

    /// How many lines came since the document is held still; none if it is not.
    pub(super) fn missed(&self) -> Option<u64> {
        self.frozen.map(|frozen| frozen.missed)
    }

    /// How many visible lines are below what is shown.
    pub(super) fn below(&self, view: Size) -> usize {
        let bottom = self.start(view).0 + usize::from(view.height);
        self.shown().saturating_sub(bottom)
    }
}

/// The marked line.
impl Document {
    /// The line that is marked.
    pub(super) fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Marks no line any more.
    pub(super) fn unmark(&mut self) {
        self.cursor = None;
    }

    /// Marks the next line or the one before; without a mark the first or last one in sight.
    pub(super) fn step_cursor(&mut self, down: bool, view: Size) {
        let Some(last) = self.shown().checked_sub(1) else { return };
        let at_end = self.follows && self.top.is_none();
        let (start, end) = self.in_sight(view);
        let ordinal = match self.cursor.map(|cursor| self.ordinal_of(cursor)) {
            Some(at) if down && at >= last && self.follows && self.frozen.is_none() => {
                // Behind the last line there is only what will come.
                (self.cursor, self.top) = (None, None);
                return;
            }
            Some(at) if down => (at + 1).min(last),
            Some(at) => at.saturating_sub(1),
            None if down && at_end => return,
            None if down => start,
            None => end,
        };
        self.mark(ordinal, view);
    }

    /// Marks the line in the row of the view.
    pub(super) fn click(&mut self, row: u16, view: Size) {
        let (start, skipped) = self.start(view);
        let (ordinal, _) = self.walk((start, 0), usize::from(row) + skipped, view);
        if ordinal < self.shown() {
            self.mark(ordinal, view);
        }
    }

    /// The number and the text of the line that is meant: the marked one, else the hit of a search in sight, else the last line
    /// of a document that follows, else the first one in sight.
    pub(super) fn meant(&self, view: Size) -> Option<u64> {
        let (start, end) = self.in_sight(view);
        let hit = self.search.as_ref().and_then(Search::current).filter(|hit| {
            let ordinal = self.ordinal_of(*hit);
            (start..=end).contains(&ordinal) && self.visible.get(ordinal) == Some(hit)
        });
        let ordinal = if self.follows { self.shown().checked_sub(1)?.min(end) } else { start };
        self.cursor.or(hit).or_else(|| self.visible.get(ordinal).copied())
    }

    /// The source and the text of the line with this number.
    pub(super) fn text_of(&self, number: u64) -> (Option<&str>, String) {
        let entry = self.entry(number);
        (entry.source.as_deref(), plain(&entry.line).into_owned())
    }

    /// The text of every line.
    pub(super) fn text(&self) -> String {
        let lines: Vec<_> = self.entries.iter().map(|entry| plain(&entry.line)).collect();
        lines.join("\n")
    }

    fn ordinal_of(&self, number: u64) -> usize {
        self.visible.partition_point(|other| *other < number)
    }

    /// The first and the last ordinal in sight.
    fn in_sight(&self, view: Size) -> (usize, usize) {
        let (start, row) = self.start(view);
        let (behind, _) = self.walk((start, 0), usize::from(view.height) + row, view);
        (start, behind.saturating_sub(1).clamp(start, self.shown().saturating_sub(1).max(start)))
    }

    /// Marks the line and moves just so far that it is in sight; lines that come no longer carry the view away.
    fn mark(&mut self, ordinal: usize, view: Size) {
        let Some(number) = self.visible.get(ordinal).copied() else { return };
        let (start, end) = self.in_sight(view);
        let (first, row) = self.start(view);
        self.cursor = Some(number);
        let place = if ordinal < start || (ordinal == start && row > 0) {
            (ordinal, 0)
        } else if ordinal > end {
            let mut room = usize::from(view.height).saturating_sub(self.rows_of(ordinal, view));
            let mut top = ordinal;
            while top > 0 && self.rows_of(top - 1, view) <= room {
                top -= 1;
                room -= self.rows_of(top, view);
            }
            (top, 0)
        } else {
            (first, row)
        };
        self.top = self.visible.get(place.0).map(|number| Top { number: *number, row: place.1 });
    }
}

/// Searching.
impl Document {
    /// The search of this moment.
    pub(super) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Searches for the text and goes to the nearest hit; an empty text ends the search.
    pub(super) fn search_for(&mut self, query: &str, view: Size) {
        if query.is_empty() {
            self.search = None;
            return;
        }
        let from = self.visible.get(self.start(view).0).copied().unwrap_or_default();
        self.search = Some(Search::new(query));
        self.look_again();
        let hit = self.search.as_mut().and_then(|search| search.go_near(from));
        self.cursor = None;
        self.reveal(hit, view);
    }

    /// Goes to the next hit or the one before.
    pub(super) fn step(&mut self, forward: bool, view: Size) {
        let hit = self.search.as_mut().and_then(|search| search.step(forward));
        self.cursor = None;
        self.reveal(hit, view);
    }

    /// Moves so that the line is in the upper third, unless it is in sight.
    fn reveal(&mut self, number: Option<u64>, view: Size) {
        let Some(number) = number else { return };
        let ordinal = self.visible.partition_point(|other| *other < number);
        let (start, _) = self.start(view);
        let (end, _) = self.walk((start, 0), usize::from(view.height), view);
        if ordinal < start || ordinal >= end {
            self.go_to((ordinal.saturating_sub(usize::from(view.height) / 3), 0), view);
        } else if self.top.is_none() && self.follows {
            // Without this, lines that come would carry the hit away.
            let (ordinal, row) = self.start(view);
            self.top = self.visible.get(ordinal).map(|number| Top { number: *number, row });
        }
    }

    /// Where so many rows from the place on lead to.
    fn walk(&self, (mut ordinal, row): (usize, usize), rows: usize, view: Size) -> (usize, usize) {
        let mut left = rows + row;
        while ordinal < self.shown() {
            let own = self.rows_of(ordinal, view);
            if own > left {
                break;
            }
            left -= own;
            ordinal += 1;
        }
        (ordinal, left)
    }

    /// The rows to show.
    pub(super) fn window(&self, view: Size) -> Vec<Line<'static>> {
        let (start, skipped) = self.start(view);
        let height = usize::from(view.height);
        let mut rows: Vec<Line<'static>> = Vec::with_capacity(height + skipped);
        for ordinal in start..self.shown() {
            let number = self.visible[ordinal];
            let line = self.marked(number, view.width);
            let own =
                if self.wraps { broken(&line, view.width) } else { vec![cut(&line, self.left, view.width)] };
            let chosen = self.cursor == Some(number);
            let mark = |row: Line<'static>| if chosen { row.patch_style(Modifier::REVERSED) } else { row };
            rows.extend(own.into_iter().map(mark));
            if rows.len() >= height + skipped {
                break;
            }
        }
        rows.into_iter().skip(skipped).take(height).collect()
    }

    /// The line with its hits marked.
    fn marked(&self, number: u64, width: u16) -> Cow<'_, Line<'static>> {
        let entry = self.entry(number);
        let line = entry.line_for(width, self.stamps);
        let Some(search) = &self.search else { return line };
        // The prefix is not searched, and moves what was found in the line.
        let before = plain(&line).len() - plain(&entry.line).len();
        let ranges = search.ranges(&plain(&entry.line));
        if ranges.is_empty() {
            return line;
        }
        let ranges: Vec<_> =
            ranges.into_iter().map(|range| range.start + before..range.end + before).collect();
        let mut style = Style::new().add_modifier(Modifier::REVERSED);
        if search.is_current(number) {
            style = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        Cow::Owned(highlighted(&line, &ranges, style))
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Size;
    use ratatui::style::Modifier;
    use ratatui::text::Line;

    use super::Document;
    use crate::tui::text::plain;

    const VIEW: Size = Size { width: 8, height: 3 };

    fn check(document: &Document, expected: &[&str]) {
        let rows: Vec<String> = document.window(VIEW).iter().map(|row| plain(row).into_owned()).collect();
        assert_eq!(rows, expected);
    }

    fn numbered(limit: usize, count: usize) -> Document {
        let mut document = Document::following(limit);
        (0..count).for_each(|number| document.push(None, Vec::new(), Line::raw(number.to_string())));
        document
    }

    #[test]
    fn the_end_is_followed_until_somebody_scrolls() {
        let mut document = numbered(100, 5);
        check(&document, &["2", "3", "4"]);
        document.push(None, Vec::new(), Line::raw("5"));
        check(&document, &["3", "4", "5"]);
        document.scroll(-2, VIEW);
        document.push(None, Vec::new(), Line::raw("6"));
        check(&document, &["1", "2", "3"]);
        assert_eq!(document.below(VIEW), 3);
        document.scroll(99, VIEW);
        document.push(None, Vec::new(), Line::raw("7"));
        check(&document, &["5", "6", "7"]);
        document.go_to_start(VIEW);
        check(&document, &["0", "1", "2"]);
        document.go_to_end(VIEW);
        check(&document, &["5", "6", "7"]);
    }

    #[test]
    fn old_lines_are_forgotten() {
        let mut document = numbered(4, 9);
        document.go_to_start(VIEW);
        check(&document, &["5", "6", "7"]);
        document.push(None, Vec::new(), Line::raw("9"));
        check(&document, &["6", "7", "8"]);
        assert_eq!(document.len(), 4);
    }

    #[test]
    fn a_frozen_document_stands_still_and_counts() {
        let mut document = numbered(4, 2);
        document.toggle_freeze(VIEW);
        for number in 2..9 {
            document.push(None, Vec::new(), Line::raw(number.to_string()));
        }
        check(&document, &["0", "1"]);
        assert_eq!(document.missed(), Some(7));
        document.toggle_freeze(VIEW);
        assert_eq!(document.missed(), None);
        check(&document, &["2", "3", "[5 line…"]);
    }

    #[test]
    fn only_one_source_is_shown_with_what_concerns_all() {
        let mut document = Document::following(100);
        for (source, text) in [(Some("up"), "a"), (None, "b"), (Some("down"), "c"), (Some("up"), "d")] {
            document.push(source, Vec::new(), Line::raw(text));
        }
        document.show_only(Some("up".to_owned()));
        check(&document, &["a", "b", "d"]);
        document.push(Some("down"), Vec::new(), Line::raw("e"));
        check(&document, &["a", "b", "d"]);
        document.show_only(None);
        check(&document, &["c", "d", "e"]);
    }

    #[test]
    fn long_lines_are_broken_row_by_row() {
        let mut document = Document::fixed();
        document.replace(["0123456789", "ab", "0123456789abcdefghi", "cd"].map(Line::raw));
        check(&document, &["0123456…", "ab", "0123456…"]);
        document.scroll_sideways(true);
        check(&document, &["89", "", "89abcde…"]);
        document.toggle_wrap();
        check(&document, &["01234567", "89", "ab"]);
        document.scroll(1, VIEW);
        check(&document, &["89", "ab", "01234567"]);
        document.scroll(3, VIEW);
        check(&document, &["89abcdef", "ghi", "cd"]);
        document.scroll(-1, VIEW);
        check(&document, &["01234567", "89abcdef", "ghi"]);
    }

    #[test]
    fn a_narrow_view_leaves_parts_of_the_prefix_out() {
        let mut document = Document::following(10);
        document.push(None, vec!["12:00 ".into(), "up ".into()], Line::raw("text"));
        let mut check = |width: u16, expected: &str| {
            document.search_for("x", VIEW);
            let rows = document.window(Size { width, height: 1 });
            assert_eq!(plain(&rows[0]), expected);
            assert_eq!(rows[0].spans.last().unwrap().content, "t", "the hit before it is marked");
        };
        check(72, "12:00 up text");
        check(71, "up text");
        check(39, "text");
    }

    #[test]
    fn hits_are_brought_into_sight() {
        let mut document = numbered(100, 50);
        document.search_for("2", VIEW);
        assert_eq!(document.search().unwrap().summary(), "/2 14/14");
        check(&document, &["41", "42", "43"]);
        document.step(true, VIEW);
        check(&document, &["1", "2", "3"]);
        document.push(None, Vec::new(), Line::raw("a 2"));
        assert_eq!(document.search().unwrap().summary(), "/2 1/15");
        document.step(false, VIEW);
        check(&document, &["48", "49", "a 2"]);
        document.search_for("", VIEW);
        assert!(document.search().is_none());
    }

    #[test]
    fn a_mark_goes_from_line_to_line_and_takes_the_view_along() {
        let mut document = numbered(100, 6);
        let text = |document: &Document| document.meant(VIEW).map(|number| document.text_of(number).1);
        assert_eq!((document.cursor(), text(&document).as_deref()), (None, Some("5")));
        document.step_cursor(true, VIEW);
        assert_eq!(document.cursor(), None, "below the end is nothing");
        document.step_cursor(false, VIEW);
        assert_eq!(text(&document).as_deref(), Some("5"));
        (0..3).for_each(|_| document.step_cursor(false, VIEW));
        assert_eq!(text(&document).as_deref(), Some("2"));
        check(&document, &["2", "3", "4"]);
        document.push(None, Vec::new(), Line::raw("6"));
        check(&document, &["2", "3", "4"]);
        document.click(2, VIEW);
        assert_eq!(text(&document).as_deref(), Some("4"));
        (0..3).for_each(|_| document.step_cursor(true, VIEW));
        assert_eq!(document.cursor(), None, "behind the last line, what comes is followed again");
        document.push(None, Vec::new(), Line::raw("7"));
        check(&document, &["5", "6", "7"]);
        document.click(0, VIEW);
        document.unmark();
        assert_eq!(document.cursor(), None);
    }

    #[test]
    fn a_mark_lies_on_all_rows_of_a_broken_line() {
        let mut document = Document::fixed();
        document.replace(["ab", "0123456789abcdefghi", "cd"].map(Line::raw));
        document.toggle_wrap();
        document.click(2, VIEW);
        assert_eq!(document.meant(VIEW), Some(1));
        document.step_cursor(true, VIEW);
        check(&document, &["89abcdef", "ghi", "cd"]);
        let marked = |document: &Document| {
            let rows = document.window(VIEW);
            rows.iter().filter(|row| row.style.add_modifier.contains(Modifier::REVERSED)).count()
        };
        assert_eq!(marked(&document), 1);
        document.step_cursor(false, VIEW);
        assert_eq!(marked(&document), 3);
    }

    #[test]
    fn only_lines_about_a_text_are_shown() {
        let mut document = Document::following(100);
        for text in ["a 17", "b 18", "c 17"] {
            document.push(Some("up"), Vec::new(), Line::raw(text));
        }
        document.show_about(Some("17".to_owned()));
        check(&document, &["a 17", "c 17"]);
        document.push(None, Vec::new(), Line::raw("d"));
        document.push(Some("down"), Vec::new(), Line::raw("e 17"));
        check(&document, &["a 17", "c 17", "e 17"]);
        document.show_about(None);
        check(&document, &["c 17", "d", "e 17"]);
        document.clear();
        check(&document, &[]);
        document.push(None, Vec::new(), Line::raw("f"));
        check(&document, &["f"]);
    }

    #[test]
    fn an_empty_document_can_be_moved_in() {
        let mut document = Document::following(10);
        document.step_cursor(true, VIEW);
        document.step_cursor(false, VIEW);
        document.click(1, VIEW);
        assert_eq!(document.meant(VIEW), None);
        document.scroll(-3, VIEW);
        document.scroll(3, VIEW);
        document.go_to_start(VIEW);
        document.search_for("x", VIEW);
        document.step(true, VIEW);
        document.toggle_freeze(VIEW);
        check(&document, &[]);
        let nothing = Size { width: 0, height: 0 };
        document.toggle_wrap();
        document.scroll(1, nothing);
        assert!(document.window(nothing).is_empty());
    }
}
