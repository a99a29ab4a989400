//! Lines that can be scrolled, marked, searched, filtered and frozen. Every pane except the functions shows such lines.

mod cursor;
mod scroll;
mod window;

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use ratatui::text::{Line, Span};

use crate::tui::search::Search;
use crate::tui::text::plain;

/// In a view narrower than the first width, the first part of a line's prefix is left out; below the second width, also the second
/// part.
const PREFIX_WIDTHS: [u16; 2] = [72, 40];

/// How many of the last lines are searched for the line that a report belongs to.
const NEWEST: usize = 200;

/// How far a step to the side goes, in columns.
const SIDE_STEP: u16 = 8;

/// Lines, and which part of them is shown.
#[derive(Debug)]
pub(super) struct Document {
    entries: VecDeque<Entry>,
    /// The number of the first entry; numbers are never used again while the document grows.
    first: u64,
    /// The numbers of the entries that pass the filter.
    visible: VecDeque<u64>,
    /// How many entries are kept.
    limit: usize,
    /// Whether the document's end is shown until the user scrolls.
    follows: bool,
    /// The row at the top; `None`: a document that follows shows its end, any other its start.
    top: Option<Top>,
    left: u16,
    wraps: bool,
    only: Option<String>,
    /// If set, only lines that contain this text are shown.
    about: Option<String>,
    /// The marked line, which keys and copies act on.
    cursor: Option<u64>,
    /// Whether the first part of the prefixes is shown.
    stamps: bool,
    /// Whether lines with two forms are shown as they were written.
    raw: bool,
    frozen: Option<Frozen>,
    search: Option<Search>,
}

#[derive(Debug)]
struct Entry {
    source: Option<String>,
    /// Shown in front of the line where there is room, the least important part first.
    prefix: Vec<Span<'static>>,
    /// What is shown.
    line: Line<'static>,
    /// The line in its other form, if it has two.
    other: Option<Line<'static>>,
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

/// The state of a frozen document.
#[derive(Debug, Clone, Copy)]
struct Frozen {
    /// The number of the first entry that is not shown while frozen.
    end: u64,
    /// How many lines that pass the filter have come since.
    missed: u64,
    /// How many of the lines that have come since were dropped for want of room.
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
            raw: false,
            frozen: None,
            search: None,
        }
    }

    /// An empty document that shows its end, and keeps this many lines.
    pub(super) fn following(limit: usize) -> Self {
        Self { limit, follows: true, ..Self::fixed() }
    }

    /// Appends a line of the source; `None`: a line that concerns all sources.
    pub(super) fn push(&mut self, source: Option<&str>, prefix: Vec<Span<'static>>, line: Line<'static>) {
        self.push_both(source, prefix, line, None);
    }

    /// Appends a line in two forms, for people and as it was written.
    pub(super) fn push_both(
        &mut self,
        source: Option<&str>,
        prefix: Vec<Span<'static>>,
        line: Line<'static>,
        raw: Option<Line<'static>>,
    ) {
        let (line, other) = match raw {
            Some(raw) if self.raw => (raw, Some(line)),
            other => (line, other),
        };
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
        self.entries.push_back(Entry { source: source.map(str::to_owned), prefix, line, other });
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

    /// Replaces all lines; the scroll position stays as far as possible.
    pub(super) fn replace(&mut self, lines: impl IntoIterator<Item = Line<'static>>) {
        self.entries = lines
            .into_iter()
            .map(|line| Entry { source: None, prefix: Vec::new(), line, other: None })
            .collect();
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

    /// Shows only the source's lines and those that concern all sources; `None` shows everything.
    pub(super) fn show_only(&mut self, source: Option<String>) {
        self.only = source;
        self.look_again();
        if self.frozen.is_none() {
            self.top = None;
        }
    }

    /// The text that all shown lines contain, if not all lines are shown.
    pub(super) fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Shows only lines that contain the text; `None` shows everything.
    pub(super) fn show_about(&mut self, text: Option<String>) {
        self.about = text;
        self.cursor = None;
        self.look_again();
        if self.frozen.is_none() {
            self.top = None;
        }
    }

    /// How many sources have a line that contains the text.
    pub(super) fn sources_about(&self, text: &str) -> usize {
        let holds = self.entries.iter().filter(|entry| plain(&entry.line).contains(text));
        holds.filter_map(|entry| entry.source.as_deref()).collect::<BTreeSet<_>>().len()
    }

    /// Switches between lines as they were written and their form for people.
    pub(super) fn toggle_raw(&mut self) {
        self.raw = !self.raw;
        for entry in &mut self.entries {
            if let Some(other) = &mut entry.other {
                std::mem::swap(&mut entry.line, other);
            }
        }
        self.look_again();
    }

    /// Whether lines are shown as they were written.
    pub(super) fn is_raw(&self) -> bool {
        self.raw
    }

    /// Adds the text to the source's last line that contains `about`, in its form for people. Returns whether one of the newest
    /// lines is such a line.
    pub(super) fn add_to_last(&mut self, source: &str, about: &str, text: &Span<'static>) -> bool {
        let raw = self.raw;
        let is_it = |entry: &&mut Entry| {
            entry.source.as_deref() == Some(source) && plain(&entry.line).contains(about)
        };
        let Some(entry) = self.entries.iter_mut().rev().take(NEWEST).find(is_it) else { return false };
        match &mut entry.other {
            Some(readable) if raw => readable.spans.push(text.clone()),
            _ => entry.line.spans.push(text.clone()),
        }
        true
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

#[cfg(test)]
mod tests;
