//! Which part of a document is visible, and how it is scrolled.

use ratatui::layout::Size;
use ratatui::text::Line;

use super::{Document, Frozen, SIDE_STEP, Top};
use crate::tui::text::row_count;

/// Scrolling.
impl Document {
    pub(super) fn rows_of(&self, ordinal: usize, view: Size) -> usize {
        if self.wraps {
            row_count(&self.entry(self.visible[ordinal]).line_for(view.width, self.stamps), view.width)
        } else {
            1
        }
    }

    /// The ordinal and row at the top when the document's end is at the bottom.
    pub(super) fn last_top(&self, view: Size) -> (usize, usize) {
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
    pub(super) fn start(&self, view: Size) -> (usize, usize) {
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

    /// Moves by rows; at its end, a document that follows follows new lines again.
    pub(in crate::tui) fn scroll(&mut self, rows: isize, view: Size) {
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

    pub(super) fn go_to(&mut self, place: (usize, usize), view: Size) {
        let last = self.last_top(view);
        let (ordinal, row) = place.min(last);
        let ends = self.follows && self.frozen.is_none() && (ordinal, row) == last;
        let number = self.visible.get(ordinal).copied();
        self.top = number.filter(|_| !ends).map(|number| Top { number, row });
    }

    /// Goes to the first line.
    pub(in crate::tui) fn go_to_start(&mut self, view: Size) {
        self.left = 0;
        self.cursor = None;
        self.go_to((0, 0), view);
    }

    /// Goes to the last line.
    pub(in crate::tui) fn go_to_end(&mut self, view: Size) {
        self.cursor = None;
        self.go_to((usize::MAX, 0), view);
    }

    /// Moves to the side by some columns.
    pub(in crate::tui) fn scroll_sideways(&mut self, right: bool) {
        self.left =
            if right { self.left.saturating_add(SIDE_STEP) } else { self.left.saturating_sub(SIDE_STEP) };
    }

    /// Breaks long lines, or cuts them.
    pub(in crate::tui) fn toggle_wrap(&mut self) {
        self.wraps = !self.wraps;
        self.left = 0;
    }

    /// Freezes the lines, or follows the end again.
    pub(in crate::tui) fn toggle_freeze(&mut self, view: Size) {
        if let Some(frozen) = self.frozen.take() {
            if frozen.lost > 0 {
                let text = format!("[{} lines did not fit; the session's log has them]", frozen.lost);
                self.push(None, Vec::new(), Line::raw(text));
            }
            self.top = None;
            return;
        }
        let (ordinal, row) = self.start(view);
        self.top = self.visible.get(ordinal).map(|number| Top { number: *number, row });
        self.frozen = Some(Frozen { end: self.first + self.entries.len() as u64, missed: 0, lost: 0 });
    }

    /// How many lines have come since the document was frozen; `None` if it is not frozen.
    pub(in crate::tui) fn missed(&self) -> Option<u64> {
        self.frozen.map(|frozen| frozen.missed)
    }

    /// How many visible lines are below what is shown.
    pub(in crate::tui) fn below(&self, view: Size) -> usize {
        let bottom = self.start(view).0 + usize::from(view.height);
        self.shown().saturating_sub(bottom)
    }
}
