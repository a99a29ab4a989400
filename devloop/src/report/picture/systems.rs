//! The table and the chart that compare the two systems of words, drawn from a kept run of the benchmark `systems`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::testing::expect_document;

/// What `cargo bench -p devloop --bench systems -- --keep FILE` has written.
const RUN: &str = include_str!("systems.json");

/// Where the table is in the page about the systems.
const MARKS: (&str, &str) = ("<!-- both systems -->\n", "<!-- end -->\n");

/// The chart's measures, in CSS pixels.
const WIDTH: f64 = 720.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 80.0;
const BAR: f64 = 20.0;
const GAP: f64 = 16.0;
const TOP: f64 = 34.0;

/// A line of the run.
#[derive(Debug, Deserialize)]
struct Row {
    system: String,
    /// How long the work on a word takes, in ms.
    delay_ms: u64,
    words: u64,
    /// Until every word was answered, in seconds.
    answered_s: f64,
    /// Until every word was stored, in seconds.
    stored_s: f64,
}

/// The rows of a delay are beside each other, and the shorter delay comes first.
fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = serde_json::from_str(RUN).unwrap();
    rows.sort_by(|one, other| (one.delay_ms, &one.system).cmp(&(other.delay_ms, &other.system)));
    rows
}

fn table(rows: &[Row]) -> String {
    let mut text =
        "| work on a word | system | words stored | all answered after | all stored after | words/s |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for Row { system, delay_ms, words, answered_s, stored_s } in rows {
        let rate = *words as f64 / stored_s;
        let _ = writeln!(
            text,
            "| {delay_ms} ms | `{system}` | {words} | {answered_s:.2} s | {stored_s:.2} s | {rate:.0} |"
        );
    }
    text
}

fn svg(rows: &[Row]) -> String {
    let longest = rows.iter().map(|row| row.stored_s).fold(0.0, f64::max);
    let mut bars = String::new();
    let mut y = TOP;
    for (number, row) in rows.iter().enumerate() {
        if number > 0 && row.delay_ms != rows[number - 1].delay_ms {
            y += GAP;
        }
        let Row { system, delay_ms, stored_s, .. } = row;
        let width = (stored_s / longest * (WIDTH - LEFT - RIGHT)).max(1.0);
        let (middle, end) = (y + BAR * 0.72, LEFT + width + 6.0);
        let _ = writeln!(
            bars,
            "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{system}, {delay_ms} ms</text>\n\
             <rect class=\"{system}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\"/>\n\
             <text x=\"{end:.1}\" y=\"{middle:.1}\">{stored_s:.2} s</text>",
            LEFT - 8.0
        );
        y += BAR + 4.0;
    }
    let height = y + 8.0;
    let words = rows.first().map_or(0, |row| row.words);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>Seconds until {words} words are stored, by system and work on a word</title>\n\
         <style>\nrect.background {{ fill: #ffffff }}\ntext {{ font: 13px sans-serif; fill: #1f2328 }}\n\
         .distributed {{ fill: #2f6fb7 }}\n.single {{ fill: #b8742a }}\n\
         @media (prefers-color-scheme: dark) {{ rect.background {{ fill: #0d1117 }} text {{ fill: #e6edf3 }} }}\n</style>\n\
         <rect class=\"background\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"8\" y=\"20\">Seconds until {words} words are stored, by the time that the work on one word takes</text>\n\
         {bars}</svg>\n"
    )
}

#[test]
fn the_page_about_the_systems_shows_the_kept_run() {
    let rows = rows();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = fs::read_to_string(docs.join("systems.md")).unwrap();
    let (before, rest) = page.split_once(MARKS.0).expect("the mark before the table");
    let (_, after) = rest.split_once(MARKS.1).expect("the mark after the table");
    let (start, end) = MARKS;
    let expected =
        [("systems.md", format!("{before}{start}{}{end}{after}", table(&rows))), ("systems.svg", svg(&rows))];
    for (name, text) in expected {
        expect_document(name, &text);
    }
}
