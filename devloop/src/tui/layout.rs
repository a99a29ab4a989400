//! Computes where each pane is. Pure, so that scrolling and drawing agree on it.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::tui::screen::Screen;

/// A part of the screen with its own lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Functions,
    Errors,
    Status,
    Logs,
}

impl Pane {
    /// Every pane from top to bottom; the first one's number is 1.
    pub(super) const ALL: [Self; 4] = [Self::Functions, Self::Errors, Self::Status, Self::Logs];

    pub(super) fn number(self) -> usize {
        Self::ALL.iter().position(|pane| *pane == self).unwrap_or_default() + 1
    }

    /// The pane this many places further on, in a circle.
    pub(super) fn step(self, places: usize) -> Self {
        Self::ALL[(self.number() - 1 + places) % Self::ALL.len()]
    }
}

/// Below this many rows for panes, only one is shown.
const ROOM_FOR_ALL: u16 = 12;

/// Below this many columns, only one pane is shown.
const WIDTH_FOR_ALL: u16 = 40;

/// A screen this high has rows for the call of the API.
const ROOM_FOR_CALL: u16 = 12;

/// A screen this high has a row for the path through the pipeline.
const ROOM_FOR_A_WAY: u16 = 20;

/// A screen this high has rows for more paths, up to the limit below, and for the phases of the last save.
const ROOM_FOR_WAYS: u16 = 30;
const MOST_WAYS: usize = 2;

/// The places on the screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) header: Rect,
    /// The paths through the pipeline, one row each, and the phases of the last save.
    pub(super) ways: Rect,
    pub(super) call: Rect,
    /// The panes that are shown, each with its title's row.
    pub(super) panes: Vec<(Pane, Rect)>,
    pub(super) footer: Rect,
}

/// Divides the area.
pub(super) fn places(area: Rect, screen: &Screen) -> Places {
    let call_rows = if area.height >= ROOM_FOR_CALL { screen.call_rows(area.width).len() as u16 } else { 0 };
    let way_rows = match area.height {
        0..ROOM_FOR_A_WAY => 0,
        ROOM_FOR_A_WAY..ROOM_FOR_WAYS => screen.event_paths.len().min(1) as u16,
        _ => screen.event_paths.len().min(MOST_WAYS) as u16 + u16::from(screen.last_save.is_some()),
    };
    let [header, ways, call, body, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(way_rows),
        Constraint::Length(call_rows),
        Constraint::Fill(1),
        Constraint::Length(u16::from(area.height > 2)),
    ])
    .areas(area);
    let single = screen.is_expanded() || body.height < ROOM_FOR_ALL || body.width < WIDTH_FOR_ALL;
    let panes = if single { vec![(screen.focus(), body)] } else { stacked(body, screen) };
    Places { header, ways, call, panes, footer }
}

/// All panes, one above the other. Errors, if there are any, take room from the figures; the logs get the rest.
fn stacked(body: Rect, screen: &Screen) -> Vec<(Pane, Rect)> {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
    let functions = rows(screen.functions().len()).clamp(2, (body.height / 3).max(2));
    let errors = if screen.errors().is_empty() {
        1
    } else {
        rows(screen.errors().document.len()).min(body.height * 2 / 5)
    };
    let rest = body.height.saturating_sub(functions + errors);
    let status = rows(screen.status().len()).clamp(2, (rest / 2).max(2));
    let areas: [Rect; 4] = Layout::vertical([
        Constraint::Length(functions),
        Constraint::Length(errors),
        Constraint::Length(status),
        Constraint::Fill(1),
    ])
    .areas(body);
    Pane::ALL.into_iter().zip(areas).collect()
}
