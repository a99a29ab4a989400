//! The README's picture of a run's page: the real page of a kept run, inside an SVG that a browser draws as an image.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::html::html;
use crate::bench::Document;
use crate::testing::expect_document;

mod systems;

/// The output of `devloop bench --json` for a run of the example pipeline.
const RUN: &str = include_str!("run.json");

/// The part of the page that is shown ends before this.
const END: &str = "<h2>Where latencies lay when</h2>";

/// The picture's size, in CSS pixels. The height fits the shown part in Chromium with the DejaVu fonts, which are wide.
const SIZE: (u16, u16) = (1180, 1000);

/// The page's style and the first part of its body.
fn svg(page: &str) -> String {
    let between = |start: &str, end: &str| page.split(start).nth(1).unwrap().split(end).next().unwrap();
    let (style, body) = (between("<style>", "</style>"), between("<body>\n", END));
    let body = body.replace("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    let (width, height) = SIZE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <style>\n{style}</style>\n<foreignObject width=\"{width}\" height=\"{height}\">\n\
         <body xmlns=\"http://www.w3.org/1999/xhtml\">\n{body}</body>\n</foreignObject>\n</svg>\n"
    )
}

#[test]
fn the_readmes_picture_is_todays_report() {
    let run: Document = serde_json::from_str(RUN).unwrap();
    let picture = svg(&html(&run, None));
    // A browser shows no image that is not well-formed.
    let mut reader = Reader::from_str(&picture);
    while reader.read_event().unwrap() != Event::Eof {}
    expect_document("bench.svg", &picture);
}
