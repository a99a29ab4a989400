//! Keys that move: the marked line of a pane, and the selected function.

use crate::tui::action::Action;
use crate::tui::layout::Pane;
use crate::tui::screen::Screen;

impl Screen {
    pub(super) fn move_in_pane(&mut self, action: Action) {
        let reads_page = self.page.is_some();
        let Some((document, view)) = self.current() else {
            self.select(action);
            return;
        };
        let page = isize::try_from(view.height).unwrap_or(isize::MAX).max(1);
        match action {
            Action::Down if reads_page => document.scroll(1, view),
            Action::Up if reads_page => document.scroll(-1, view),
            Action::Down => document.step_cursor(true, view),
            Action::Up => document.step_cursor(false, view),
            Action::Left => document.scroll_sideways(false),
            Action::Right => document.scroll_sideways(true),
            Action::HalfPageDown => document.scroll((page / 2).max(1), view),
            Action::HalfPageUp => document.scroll(-(page / 2).max(1), view),
            Action::PageDown => document.scroll(page, view),
            Action::PageUp => document.scroll(-page, view),
            Action::Start => document.go_to_start(view),
            Action::End => document.go_to_end(view),
            Action::Wrap => document.toggle_wrap(),
            Action::NextHit => document.step(true, view),
            Action::PreviousHit => document.step(false, view),
            _ => {}
        }
    }

    fn select(&mut self, action: Action) {
        let last = self.functions.len().saturating_sub(1);
        let page = usize::from(self.view_of(Pane::Functions).height).max(1);
        let at = self.selected();
        self.selected = match action {
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::PageDown => at + page,
            Action::PageUp => at.saturating_sub(page),
            Action::HalfPageDown => at + (page / 2).max(1),
            Action::HalfPageUp => at.saturating_sub((page / 2).max(1)),
            Action::Start => 0,
            Action::End => last,
            Action::NextHit => self.next_match(1).unwrap_or(at),
            Action::PreviousHit => self.next_match(self.functions.len().saturating_sub(1)).unwrap_or(at),
            _ => at,
        }
        .min(last);
    }

    /// The next function whose name contains the search text, from the selected one on, in steps of `step`, in a circle.
    pub(super) fn next_match(&self, step: usize) -> Option<usize> {
        let names: Vec<&String> = self.functions.keys().collect();
        let wanted = self.wanted.to_lowercase();
        (0..names.len())
            .map(|turn| (self.selected() + step * (turn + 1)) % names.len())
            .find(|at| !wanted.is_empty() && names[*at].to_lowercase().contains(&wanted))
    }

    pub(super) fn select_by(&mut self, down: bool) {
        self.select(if down { Action::Down } else { Action::Up });
    }
}
