//! The lines that are drawn, with what a search found in them.

use std::borrow::Cow;

use ratatui::layout::Size;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::{Document, Top};
use crate::tui::search::Search;
use crate::tui::text::{broken, cut, highlighted, plain};

/// Searching.
impl Document {
    /// The current search.
    pub(in crate::tui) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Searches for the text and goes to the nearest hit; an empty text ends the search.
    pub(in crate::tui) fn search_for(&mut self, query: &str, view: Size) {
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

    /// Goes to the next or the previous hit.
    pub(in crate::tui) fn step(&mut self, forward: bool, view: Size) {
        let hit = self.search.as_mut().and_then(|search| search.step(forward));
        self.cursor = None;
        self.reveal(hit, view);
    }

    /// Moves so that the line is in the upper third, unless it is visible already.
    pub(super) fn reveal(&mut self, number: Option<u64>, view: Size) {
        let Some(number) = number else { return };
        let ordinal = self.visible.partition_point(|other| *other < number);
        let (start, _) = self.start(view);
        let (end, _) = self.walk((start, 0), usize::from(view.height), view);
        if ordinal < start || ordinal >= end {
            self.go_to((ordinal.saturating_sub(usize::from(view.height) / 3), 0), view);
        } else if self.top.is_none() && self.follows {
            // Without this, new lines would scroll the hit away.
            let (ordinal, row) = self.start(view);
            self.top = self.visible.get(ordinal).map(|number| Top { number: *number, row });
        }
    }

    /// The place that is this many rows below another place.
    pub(super) fn walk(&self, (mut ordinal, row): (usize, usize), rows: usize, view: Size) -> (usize, usize) {
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
    pub(in crate::tui) fn window(&self, view: Size) -> Vec<Line<'static>> {
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
    pub(super) fn marked(&self, number: u64, width: u16) -> Cow<'_, Line<'static>> {
        let entry = self.entry(number);
        let line = entry.line_for(width, self.stamps);
        let Some(search) = &self.search else { return line };
        // The prefix is not searched, but it shifts the hits in the line.
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
