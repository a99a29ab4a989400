//! What the mouse does to the screen.

use ratatui::layout::{Position, Rect};

use crate::tui::layout::Pane;
use crate::tui::screen::{Request, Screen};

/// How far a turn of the wheel goes, in lines.
const WHEEL: isize = 3;

impl Screen {
    /// The pane at this position, with the area of its lines.
    fn pane_at(&self, at: Position) -> Option<(Pane, Rect)> {
        self.places().panes.into_iter().find(|(_, area)| area.contains(at))
    }

    /// A click selects what is under it; on the call of the API it copies the call.
    pub(super) fn click(&mut self, column: u16, row: u16) -> Option<Request> {
        self.remark = None;
        let at = Position::new(column, row);
        if self.page.is_some() {
            return None;
        }
        if self.places().call.contains(at) {
            return self.copy_call();
        }
        let (pane, area) = self.pane_at(at)?;
        self.focus = pane;
        let row = (row - area.y).checked_sub(1)?;
        if pane == Pane::Functions {
            let chosen = self.first_row() + usize::from(row);
            if chosen < self.functions.len() {
                self.selected = chosen;
            }
        } else if let Some((document, view)) = self.current() {
            document.click(row, view);
        }
        None
    }

    /// The wheel scrolls the pane under the mouse, whichever pane has the focus.
    pub(super) fn wheel(&mut self, column: u16, row: u16, down: bool) {
        let lines = if down { WHEEL } else { -WHEEL };
        if self.page.is_some() {
            if let Some((document, view)) = self.current() {
                document.scroll(lines, view);
            }
            return;
        }
        let Some((pane, _)) = self.pane_at(Position::new(column, row)) else { return };
        let view = self.view_of(pane);
        match pane {
            Pane::Functions => self.select_by(down),
            Pane::Errors => self.errors.document.scroll(lines, view),
            Pane::Status => self.status.scroll(lines, view),
            Pane::Logs => self.logs.scroll(lines, view),
        }
    }

    /// The function in the first row of its pane.
    pub(super) fn first_row(&self) -> usize {
        (self.selected() + 1).saturating_sub(usize::from(self.view_of(Pane::Functions).height))
    }
}
