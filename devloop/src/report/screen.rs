//! A run of `devloop bench` while it goes on: rates and percentiles over time, and what waits before which stage.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Sparkline, Widget};

use crate::bench::{Phase, Progress};
use crate::report::number;
use crate::tui::Theme;

const FOOTER: &str = "q or Ctrl-C ends the load and waits for the rest; twice ends everything";

/// Draws the current state of the run.
pub(crate) fn draw(frame: &mut Frame<'_>, progress: &Progress, theme: Theme) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let [header, gauge, counts, way, charts, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let soft = Style::new().fg(Color::DarkGray);
    put(buffer, header, &format!("devloop bench · {} · {}", progress.run, phase(progress)), strong);
    bar(buffer, gauge, progress);
    put(buffer, counts, &told(progress), Style::new());
    put(buffer, way, &where_it_waits(progress), Style::new());
    put(buffer, footer, FOOTER, soft);
    if charts.height >= 4 && charts.width >= 30 {
        panels(buffer, charts, progress);
    }
    theme.restrict(buffer);
}

fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    if area.height > 0 {
        buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    }
}

fn phase(progress: &Progress) -> String {
    let elapsed = number(progress.elapsed_ms as f64 / 1_000.0);
    match (progress.phase, progress.load_ms) {
        (Phase::WarmUp, _) => format!("warm-up, {elapsed} s"),
        (Phase::Load, Some(load)) => format!("load, {elapsed} of {} s", number(load as f64 / 1_000.0)),
        (Phase::Load, None) => format!("load, {elapsed} s"),
        (Phase::Drain, _) => format!("load is over, waiting for {}", progress.on_the_way()),
        (Phase::Reading, _) => "all is through, reading the stages' lines".to_owned(),
    }
}

/// A bar that shows how much of the load, and then of the remaining requests, is done.
fn bar(buffer: &mut Buffer, area: Rect, progress: &Progress) {
    let share = match (progress.phase, progress.load_ms) {
        (Phase::Load | Phase::WarmUp, Some(load)) => progress.elapsed_ms as f64 / (load.max(1)) as f64,
        (Phase::Load | Phase::WarmUp, None) => 0.0,
        _ => progress.sunk as f64 / (progress.accepted.max(1)) as f64,
    };
    let filled = (share.clamp(0.0, 1.0) * f64::from(area.width)).round() as usize;
    let line = "━".repeat(filled) + &"─".repeat(usize::from(area.width).saturating_sub(filled));
    put(buffer, area, &line, Style::new().fg(Color::Cyan));
}

fn told(progress: &Progress) -> String {
    let (accepted, complete) = progress.rates();
    let refused =
        if progress.refused > 0 { format!("  {} REFUSED", progress.refused) } else { String::new() };
    let http = progress.http.as_ref().map_or(String::new(), |http| {
        format!("  http p50 {} p99 {} ms", number(http.quantile(0.5)), number(http.quantile(0.99)))
    });
    format!(
        "accepted {} ({accepted}/s){refused}  complete {} ({complete}/s)  on the way {}{http}",
        progress.accepted,
        progress.sunk,
        progress.on_the_way()
    )
}

/// The functions that a request passes, with how many records wait for each. A bar separates branches.
fn where_it_waits(progress: &Progress) -> String {
    let mut text =
        progress.hops.first().map_or(String::new(), |first| format!("{} ▸ {}", first.source, first.function));
    for (hop, lag) in progress.waiting() {
        let between = if hop.is_next { "▸" } else { "|" };
        let lag = lag.map_or("?".to_owned(), |lag| lag.to_string());
        text.push_str(&format!(" {between} {} [{lag}] ▸ {}", hop.source, hop.function));
    }
    text
}

/// Six charts in two columns; those that do not fit are left out, the last first.
fn panels(buffer: &mut Buffer, area: Rect, progress: &Progress) {
    let last = progress.seconds.keys().next_back().copied().unwrap_or(0);
    let width = u64::from(area.width / 2).max(1);
    let first = (last + 1).saturating_sub(width);
    let series = |pick: &dyn Fn(&crate::bench::Second) -> Option<u64>| -> Vec<u64> {
        (first..=last).map(|second| progress.seconds.get(&second).and_then(pick).unwrap_or(0)).collect()
    };
    let quantile = |share: f64| series(&move |second| second.quantile(share).map(|ms| ms.round() as u64));
    let mut charts: Vec<(&str, Vec<u64>, &str, Color)> = vec![
        ("accepted", series(&|second| Some(second.accepted)), "/s", Color::Blue),
        ("complete", series(&|second| Some(second.sunk)), "/s", Color::Green),
        ("end to end p50", quantile(0.5), " ms", Color::Cyan),
        ("end to end p99", quantile(0.99), " ms", Color::Magenta),
    ];
    for (place, hop) in progress.hops.iter().enumerate().skip(1).take(2) {
        let lag = series(&move |second| second.lag.as_ref()?.get(place).copied());
        charts.push((&hop.waits, lag, "", Color::Yellow));
    }
    let rows = (area.height / 4).min(charts.len().div_ceil(2) as u16);
    let heights = Layout::vertical(vec![Constraint::Fill(1); usize::from(rows)]).split(area);
    for (row, height) in heights.iter().enumerate() {
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(*height);
        for (place, (name, values, unit, colour)) in
            [left, right].into_iter().zip(charts.iter().skip(row * 2))
        {
            chart(buffer, place, name, values, unit, *colour);
        }
    }
}

fn chart(buffer: &mut Buffer, area: Rect, name: &str, values: &[u64], unit: &str, colour: Color) {
    let [title, plot] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let (now, most) = (values.last().copied().unwrap_or(0), values.iter().copied().max().unwrap_or(0));
    put(
        buffer,
        title,
        &format!("{name} {now}{unit}, at most {most}{unit}"),
        Style::new().add_modifier(Modifier::BOLD),
    );
    let plot = Rect { width: plot.width.saturating_sub(1), ..plot };
    let shown = &values[values.len().saturating_sub(usize::from(plot.width))..];
    Sparkline::default()
        .data(shown.iter().copied())
        .max(most.max(1))
        .style(Style::new().fg(colour))
        .render(plot, buffer);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::bench::{Hop, Phase};

    fn drawn((width, height): (u16, u16), theme: Theme) -> String {
        let mut progress = Progress::new("r", Phase::Load, 0, Some(60_000));
        for second in 0..30_u64 {
            let entry = progress.seconds.entry(second).or_default();
            (entry.accepted, entry.sunk) = (100 + second, 90);
            entry.lag = Some(vec![0, second * 10, 3]);
        }
        (progress.accepted, progress.sunk, progress.lag) = (3435, 2700, Some(vec![0, 290, 3]));
        let hop = |source: &str, waits: &str, function: &str| Hop {
            source: source.into(),
            counted: source.into(),
            waits: waits.into(),
            function: function.into(),
            is_next: true,
        };
        progress.hops = vec![
            hop("API", "", "upstream"),
            hop("stream", "waits in the stream", "midstream"),
            hop("table", "waits in the table's stream", "downstream"),
        ];
        progress.at(30_000);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &progress, theme)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    const FULL: Theme = Theme { colour: true, unicode: true };

    #[test]
    fn the_screen_tells_rates_percentiles_and_where_it_waits() {
        let text = drawn((100, 24), FULL);
        for expected in [
            "devloop bench · r · load, 30 of 60 s",
            "accepted 3435 (129/s)  complete 2700 (90/s)  on the way 735",
            "API ▸ upstream ▸ stream [290] ▸ midstream ▸ table [3] ▸ downstream",
            "accepted 129/s, at most 129/s",
            "end to end p99",
            "waits in the stream 290, at most 290",
            "q or Ctrl-C ends the load",
            "█",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn a_small_terminal_has_the_counts_and_ascii_is_enough() {
        let text = drawn((40, 6), FULL);
        assert!(text.contains("accepted 3435") && !text.contains("at most"), "{text}");
        drawn((1, 1), FULL);
        let plain = drawn((100, 24), Theme { colour: false, unicode: false });
        assert!(plain.is_ascii() && !plain.contains('?'), "{plain}");
    }
}
