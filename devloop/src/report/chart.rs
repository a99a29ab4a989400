//! Charts as inline SVG: lines over an axis, and heat maps. Every colour is a CSS variable of the page, so that light,
//! dark and paper use the same picture; lines differ in more than their colour.

/// The picture's size, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;

/// A line of a chart.
pub(super) struct Series<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// The page's class for its colour and dashes.
    pub(super) class: &'a str,
    /// Its points; `None` makes a gap in the line.
    pub(super) points: Vec<Option<(f64, f64)>>,
    /// Whether the area below the line is shaded.
    pub(super) area: bool,
}

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Evenly, from 0.
    Linear,
    /// By powers of ten, from 1.
    Logarithmic,
}

/// An axis: its end, its division, and how its values are written.
pub(super) struct Axis {
    /// The largest value.
    pub(super) end: f64,
    /// The division.
    pub(super) scale: Scale,
    /// The unit that follows a value.
    pub(super) unit: &'static str,
}

impl Axis {
    /// An even axis that holds all values.
    pub(super) fn linear(values: impl Iterator<Item = f64>, unit: &'static str) -> Self {
        let end = values.fold(0.0, f64::max);
        Self { end: if end > 0.0 { end } else { 1.0 }, scale: Scale::Linear, unit }
    }

    /// The position of a value, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value / self.end).clamp(0.0, 1.0),
            Scale::Logarithmic => (value.max(1.0).ln() / self.end.max(2.0).ln()).clamp(0.0, 1.0),
        }
    }

    /// The values that are marked.
    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.end);
                let mut ticks = vec![0.0];
                while ticks.last().is_some_and(|last| last + step <= self.end * 1.0001) {
                    ticks.push(ticks.len() as f64 * step);
                }
                ticks
            }
            Scale::Logarithmic => {
                let mut ticks = Vec::new();
                let mut decade = 1.0;
                while decade <= self.end {
                    ticks.push(decade);
                    decade *= 10.0;
                }
                ticks
            }
        }
    }

    fn label(&self, value: f64) -> String {
        format!("{}{}", super::number(value), self.unit)
    }
}

/// A round step that divides the axis into about five.
fn step(end: f64) -> f64 {
    let rough = end / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let lead = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|lead| lead * power >= rough * 0.999);
    lead.unwrap_or(10.0) * power
}

fn x(axis: &Axis, value: f64) -> f64 {
    LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)
}

fn y(axis: &Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)
}

/// Lines over two axes; `mark` is a place on the horizontal one with its name.
pub(super) fn lines(series: &[Series<'_>], across: &Axis, up: &Axis, mark: Option<(f64, &str)>) -> String {
    let mut svg = open(series.iter().map(|line| line.name).collect::<Vec<_>>().join(", "));
    svg.push_str(&grid(across, up));
    if let Some((at, name)) = mark.filter(|(at, _)| *at <= across.end) {
        let at = x(across, at);
        let (anchor, shift) = if at > WIDTH * 0.8 { ("end", -4.0) } else { ("start", 4.0) };
        svg.push_str(&format!(
            r#"<line class="mark" x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{:.1}"/><text class="tick" text-anchor="{anchor}" x="{:.1}" y="{:.1}">{}</text>"#,
            HEIGHT - BOTTOM,
            at + shift,
            TOP + 9.0,
            escape(name)
        ));
    }
    for line in series {
        let mut path = String::new();
        let mut pen_is_down = false;
        let mut ends: Option<(f64, f64)> = None;
        for point in &line.points {
            let Some((across_value, up_value)) = point else {
                pen_is_down = false;
                continue;
            };
            let at = (x(across, *across_value), y(up, *up_value));
            path.push_str(&format!("{}{:.1} {:.1}", if pen_is_down { "L" } else { "M" }, at.0, at.1));
            pen_is_down = true;
            ends = Some((ends.map_or(at.0, |(first, _)| first), at.0));
        }
        if let Some((first, last)) = ends.filter(|_| line.area && !line.points.iter().any(Option::is_none)) {
            let floor = HEIGHT - BOTTOM;
            svg.push_str(&format!(
                r#"<path class="area {}" d="{path}L{last:.1} {floor:.1}L{first:.1} {floor:.1}Z"/>"#,
                line.class
            ));
        }
        svg.push_str(&format!(
            r#"<path class="line {}" d="{path}"><title>{}</title></path>"#,
            line.class,
            escape(line.name)
        ));
    }
    svg.push_str("</svg>");
    svg.push_str(&legend(series));
    svg
}

fn legend(series: &[Series<'_>]) -> String {
    let entry = |line: &Series<'_>| {
        format!(
            r#"<span><svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path class="line {}" d="M1 4L27 4"/></svg>{}</span>"#,
            line.class,
            escape(line.name)
        )
    };
    format!(r#"<p class="legend">{}</p>"#, series.iter().map(entry).collect::<String>())
}

/// A heat map: one cell for each step and bucket, darker for more values.
pub(super) fn heat(name: &str, step_ms: i64, edges: &[f64], counts: &[Vec<u64>]) -> String {
    let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let seconds = counts.len() as f64 * step_ms as f64 / 1_000.0;
    let across = Axis { end: seconds.max(0.001), scale: Scale::Linear, unit: " s" };
    let (steps, buckets) = (counts.len().max(1) as f64, edges.len().max(1) as f64);
    let cell = ((WIDTH - LEFT - RIGHT) / steps, (HEIGHT - TOP - BOTTOM) / buckets);
    let mut svg = open(format!("{name} over time"));
    for (step, row) in counts.iter().enumerate() {
        for (bucket, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            let left = LEFT + step as f64 * cell.0;
            let top = HEIGHT - BOTTOM - (bucket as f64 + 1.0) * cell.1;
            // A single value must be visible beside a thousand.
            let strength = 0.12 + 0.88 * (*count as f64).ln_1p() / most.ln_1p();
            svg.push_str(&format!(
                r#"<rect class="cell" x="{left:.1}" y="{top:.1}" width="{:.2}" height="{:.2}" fill-opacity="{strength:.2}"><title>{count} up to {} ms at {} s</title></rect>"#,
                cell.0 + 0.15,
                cell.1 + 0.15,
                super::number(edges[bucket]),
                super::number(step as f64 * step_ms as f64 / 1_000.0),
            ));
        }
    }
    let every = (edges.len() / 5).max(1);
    for (bucket, edge) in edges.iter().enumerate().filter(|(bucket, _)| bucket % every == every - 1) {
        let top = HEIGHT - BOTTOM - (bucket as f64 + 1.0) * cell.1;
        svg.push_str(&format!(
            r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{top:.1}" y2="{top:.1}"/><text class="tick" text-anchor="end" x="{:.1}" y="{:.1}">{} ms</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            top + 3.5,
            super::number(*edge)
        ));
    }
    svg.push_str(&bottom(&across));
    svg.push_str("</svg>");
    svg
}

/// A change and its interval, on an axis with "no change" in the middle.
pub(super) fn interval(low: f64, change: f64, high: f64, widest: f64) -> String {
    let at = |share: f64| 110.0 + (share / widest).clamp(-1.0, 1.0) * 100.0;
    format!(
        r#"<svg class="interval" viewBox="0 0 220 16" role="img" aria-label="change with its interval"><line class="axis" x1="110" x2="110" y1="0" y2="16"/><line class="line whisker" x1="{:.1}" x2="{:.1}" y1="8" y2="8"/><circle class="dot" cx="{:.1}" cy="8" r="4"/></svg>"#,
        at(low),
        at(high),
        at(change)
    )
}

fn open(label: String) -> String {
    format!(r#"<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#, escape(&label))
}

fn grid(across: &Axis, up: &Axis) -> String {
    let mut svg = String::new();
    for tick in up.ticks() {
        let at = y(up, tick);
        svg.push_str(&format!(
            r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="tick" text-anchor="end" x="{:.1}" y="{:.1}">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 3.5,
            up.label(tick)
        ));
    }
    svg + &bottom(across)
}

fn bottom(across: &Axis) -> String {
    let floor = HEIGHT - BOTTOM;
    let mut svg =
        format!(r#"<line class="axis" x1="{LEFT}" x2="{:.1}" y1="{floor}" y2="{floor}"/>"#, WIDTH - RIGHT);
    for tick in across.ticks() {
        let at = x(across, tick);
        svg.push_str(&format!(
            r#"<text class="tick" text-anchor="middle" x="{at:.1}" y="{:.1}">{}</text>"#,
            floor + 16.0,
            across.label(tick)
        ));
    }
    svg
}

/// Text inside of markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let ticks = |end: f64| Axis { end, scale: Scale::Linear, unit: "" }.ticks();
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(1700.0), [0.0, 500.0, 1000.0, 1500.0]);
        assert_eq!(ticks(1.0).last(), Some(&1.0));
        let decades = Axis { end: 2000.0, scale: Scale::Logarithmic, unit: "" }.ticks();
        assert_eq!(decades, [1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn a_gap_lifts_the_pen() {
        let axis = Axis::linear([2.0].into_iter(), "");
        let points = vec![Some((0.0, 0.0)), Some((1.0, 1.0)), None, Some((2.0, 2.0))];
        let svg = lines(&[Series { name: "a<b", class: "c", points, area: true }], &axis, &axis, None);
        let path = svg.split("class=\"line c\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2);
        assert!(svg.contains("a&lt;b") && !svg.contains("class=\"area"));
    }

    #[test]
    fn a_heat_map_draws_what_is_there() {
        let svg = heat("stage", 1000, &[1.0, 2.0], &[vec![1, 0], vec![0, 500]]);
        assert_eq!(svg.matches("<rect class=\"cell\"").count(), 2);
        assert!(svg.contains("500 up to 2 ms at 1 s"));
    }
}
