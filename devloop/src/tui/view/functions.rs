//! Draws the functions: one row each, with as many columns as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::engine::{Failure, FunctionState, Millis};
use crate::status::{age, milliseconds};
use crate::tui::clip::word;
use crate::tui::errors::still;
use crate::tui::layout::Pane;
use crate::tui::notices::serving;
use crate::tui::saves::Saves;
use crate::tui::screen::Screen;
use crate::tui::text::cut;
use crate::tui::view::panes::{below_title, draw_line, draw_title};

/// Which columns follow name and state, the widest selection first.
const SELECTIONS: [&[Column]; 9] = [
    &[
        Column::Digest,
        Column::Age,
        Column::Rate,
        Column::P50,
        Column::P99,
        Column::Save,
        Column::SaveP50,
        Column::SaveP95,
        Column::Saves,
    ],
    &[Column::Digest, Column::Age, Column::Rate, Column::P99, Column::Save, Column::SaveP95, Column::Saves],
    &[Column::Digest, Column::Age, Column::Rate, Column::P99, Column::Save],
    &[Column::Digest, Column::Age, Column::Rate, Column::P50, Column::P99],
    &[Column::Digest, Column::Age, Column::Rate, Column::P99],
    &[Column::Digest, Column::Age, Column::P99],
    &[Column::Digest, Column::Age],
    &[Column::Digest],
    &[],
];

/// How many columns are kept free for the reason of a failure.
const REMARK: usize = 36;

#[derive(Clone, Copy)]
enum Column {
    /// The code that answers.
    Digest,
    /// How long the code has answered.
    Age,
    Rate,
    P50,
    P99,
    /// How long its last save took to go live.
    Save,
    SaveP50,
    SaveP95,
    /// Its last saves as bars.
    Saves,
}

/// Draws the pane.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, screen: &Screen, now: Millis) {
    let title = match &screen.progress {
        Some(progress) => format!("functions · {progress}"),
        None => "functions".to_owned(),
    };
    draw_title(buffer, area, screen, Pane::Functions, &title);
    let inner = below_title(area);
    let rows = rows(screen, now, inner.width);
    let selected = screen.selected();
    let height = usize::from(inner.height);
    let first = screen.first_row();
    for (row, (index, line)) in rows.into_iter().enumerate().skip(first).take(height).enumerate() {
        let chosen = screen.focus() == Pane::Functions && index == selected;
        let mark = if chosen { "▸" } else { " " };
        let style = if chosen { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
        let mut spans = vec![Span::raw(mark)];
        spans.extend(line.spans);
        draw_line(buffer, inner, row, &cut(&Line::from(spans).style(style), 0, inner.width));
    }
}

fn rows(screen: &Screen, now: Millis, width: u16) -> Vec<Line<'static>> {
    let states: Vec<(&String, &FunctionState)> = screen.functions().iter().collect();
    let names = states.iter().map(|(name, _)| (*name).clone()).collect::<Vec<_>>();
    let words =
        states.iter().map(|(_, state)| format!("{} {}", sign(state), word(state))).collect::<Vec<_>>();
    let fixed = 1 + widest(&names) + 1 + widest(&words);
    let cells = |columns: &[Column]| -> Vec<Vec<String>> {
        let column = |column: &Column| {
            states.iter().map(|(name, state)| cell(*column, screen, name, state, now)).collect::<Vec<_>>()
        };
        columns.iter().map(column).collect()
    };
    let failed = states.iter().any(|(_, state)| matches!(state, FunctionState::Failed { .. }));
    let remark_room = if failed { REMARK } else { 0 };
    let fits = |columns: &Vec<Vec<String>>| {
        fixed + remark_room + columns.iter().map(|column| 2 + widest(column)).sum::<usize>()
            <= usize::from(width)
    };
    // Before the first save the columns about saves are empty.
    let saved = !screen.saves.is_empty();
    let of_saves =
        |column: &Column| matches!(column, Column::Save | Column::SaveP50 | Column::SaveP95 | Column::Saves);
    let selections = SELECTIONS.iter().filter(|columns| saved || !columns.iter().any(of_saves));
    let columns = selections.map(|columns| cells(columns)).find(fits).unwrap_or_default();
    states
        .iter()
        .enumerate()
        .map(|(index, (_, state))| {
            let mut spans = vec![
                Span::raw(format!("{:width$} ", names[index], width = widest(&names))),
                Span::styled(format!("{:width$}", words[index], width = widest(&words)), colour(state)),
            ];
            for column in &columns {
                spans.push(Span::raw(format!("  {:>width$}", column[index], width = widest(column))));
            }
            spans.extend(remark(state).map(|remark| Span::styled(format!("  {remark}"), colour(state))));
            Line::from(spans)
        })
        .collect()
}

fn widest(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.chars().count()).max().unwrap_or_default()
}

fn cell(column: Column, screen: &Screen, name: &str, state: &FunctionState, now: Millis) -> String {
    let code = serving(state);
    let figures = screen.figures.of(name);
    let percentile =
        |label: &str, value: Option<f64>| value.map(|value| format!("{label} {}", milliseconds(value)));
    let durations = figures.and_then(|(function, _)| function.duration_ms.as_ref());
    let saves = screen.saves.get(name);
    let saved = |label: &str, value: Option<u64>| {
        value.map(|value| format!("{label} {}", milliseconds(value as f64)))
    };
    let text = match column {
        Column::Digest => code.map(|(digest, _)| digest.short().to_owned()),
        Column::Age => code.map(|(_, since)| age(now.saturating_sub(since))),
        Column::Rate => figures.and_then(|(_, rate)| rate).map(|rate| format!("{rate:.0}/s")),
        Column::P50 => percentile("p50", durations.map(|durations| durations.p50)),
        Column::P99 => percentile("p99", durations.map(|durations| durations.p99)),
        Column::Save => saved("save→live", saves.and_then(Saves::last)),
        Column::SaveP50 => saved("p50", saves.and_then(Saves::p50)),
        Column::SaveP95 => saved("p95", saves.and_then(Saves::p95)),
        Column::Saves => saves.map(Saves::sparkline),
    };
    text.unwrap_or_else(|| "-".to_owned())
}

fn sign(state: &FunctionState) -> &'static str {
    match state {
        FunctionState::Unbuilt => "○",
        FunctionState::Building { .. } => "◐",
        FunctionState::Swapping { .. } => "◑",
        FunctionState::Starting { .. } | FunctionState::RollingBack { .. } => "◒",
        FunctionState::RolledBack { .. } => "↶",
        FunctionState::Live { .. } => "●",
        FunctionState::Failed { .. } => "✗",
    }
}

fn colour(state: &FunctionState) -> Style {
    Style::new().fg(match state {
        FunctionState::Unbuilt => Color::Reset,
        FunctionState::Live { .. } => Color::Green,
        FunctionState::Failed { .. } => Color::Red,
        FunctionState::Building { .. }
        | FunctionState::Swapping { .. }
        | FunctionState::Starting { .. }
        | FunctionState::RollingBack { .. }
        | FunctionState::RolledBack { .. } => Color::Yellow,
    })
}

fn remark(state: &FunctionState) -> Option<String> {
    let FunctionState::Failed { failure, serving, .. } = state else { return None };
    let cause = match failure {
        Failure::Build => "it does not build",
        Failure::Swap(problem) | Failure::Activation(problem) => {
            problem.message.lines().next().unwrap_or_default()
        }
    };
    Some(format!("{}: {cause}", still(serving.digest().as_ref())))
}

/// How long the ages on the screen stay right, in ms; `None` if no age is shown.
pub(in crate::tui) fn next_change(screen: &Screen, now: Millis) -> Option<u64> {
    let ages = screen.functions().values().filter_map(serving).map(|(_, since)| now.saturating_sub(since));
    ages.map(|age| {
        let unit = if age < 60_000 { 1_000 } else { 60_000 };
        unit - age % unit
    })
    .min()
}
