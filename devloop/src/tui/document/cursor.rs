//! The marked line, which keys and copies act on.

use ratatui::layout::Size;

use super::{Document, Top};
use crate::tui::search::Search;
use crate::tui::text::plain;

/// The marked line.
impl Document {
    /// The line that is marked.
    pub(in crate::tui) fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Removes the mark.
    pub(in crate::tui) fn unmark(&mut self) {
        self.cursor = None;
    }

    /// Marks the next or the previous line; without a mark, the first or the last visible one.
    pub(in crate::tui) fn step_cursor(&mut self, down: bool, view: Size) {
        let Some(last) = self.shown().checked_sub(1) else { return };
        let at_end = self.follows && self.top.is_none();
        let (start, end) = self.in_sight(view);
        let ordinal = match self.cursor.map(|cursor| self.ordinal_of(cursor)) {
            Some(at) if down && at >= last && self.follows && self.frozen.is_none() => {
                // After the last line, the document follows new lines again.
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

    /// Marks the line at this row of the view.
    pub(in crate::tui) fn click(&mut self, row: u16, view: Size) {
        let (start, skipped) = self.start(view);
        let (ordinal, _) = self.walk((start, 0), usize::from(row) + skipped, view);
        if ordinal < self.shown() {
            self.mark(ordinal, view);
        }
    }

    /// The number of the line that a key acts on: the marked line; else a visible search hit; else the last line of a document that
    /// follows, or the first visible one.
    pub(in crate::tui) fn meant(&self, view: Size) -> Option<u64> {
        let (start, end) = self.in_sight(view);
        let hit = self.search.as_ref().and_then(Search::current).filter(|hit| {
            let ordinal = self.ordinal_of(*hit);
            (start..=end).contains(&ordinal) && self.visible.get(ordinal) == Some(hit)
        });
        let ordinal = if self.follows { self.shown().checked_sub(1)?.min(end) } else { start };
        self.cursor.or(hit).or_else(|| self.visible.get(ordinal).copied())
    }

    /// The source and the text of the line with this number.
    pub(in crate::tui) fn text_of(&self, number: u64) -> (Option<&str>, String) {
        let entry = self.entry(number);
        (entry.source.as_deref(), plain(&entry.line).into_owned())
    }

    /// The text of every line.
    pub(in crate::tui) fn text(&self) -> String {
        let lines: Vec<_> = self.entries.iter().map(|entry| plain(&entry.line)).collect();
        lines.join("\n")
    }

    pub(super) fn ordinal_of(&self, number: u64) -> usize {
        self.visible.partition_point(|other| *other < number)
    }

    /// The first and the last visible ordinal.
    pub(super) fn in_sight(&self, view: Size) -> (usize, usize) {
        let (start, row) = self.start(view);
        let (behind, _) = self.walk((start, 0), usize::from(view.height) + row, view);
        (start, behind.saturating_sub(1).clamp(start, self.shown().saturating_sub(1).max(start)))
    }

    /// Marks the line and scrolls just far enough to show it; new lines no longer move the view.
    pub(super) fn mark(&mut self, ordinal: usize, view: Size) {
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
