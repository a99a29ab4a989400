//! What is broken now: builds that failed, code whose start failed, and other errors.

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use serde_json::{Value, json};

use crate::engine::{Diagnostic, Digest, Generation, Level, Location, Problem};
use crate::tui::document::Document;
use crate::tui::location::place_in;
use crate::tui::styled;
use crate::tui::text::plain;

/// Everything that is broken, and the lines that show it.
#[derive(Debug)]
pub(super) struct Errors {
    /// The build that the diagnostics belong to.
    generation: Generation,
    diagnostics: Vec<Diagnostic>,
    /// The functions of the last failed build, with the code that still serves.
    failed: BTreeMap<String, Option<Digest>>,
    /// Cargo's own error output.
    failure: String,
    /// Functions whose new code was built but does not answer.
    broken: BTreeMap<String, (Problem, Option<Digest>)>,
    /// The problem that belongs to no function.
    general: Option<Problem>,
    /// Where each compiler message begins in the document, and which one it is.
    places: Vec<(u64, usize)>,
    pub(super) document: Document,
}

impl Errors {
    /// Nothing is broken.
    pub(super) fn new() -> Self {
        Self {
            generation: 0,
            diagnostics: Vec::new(),
            failed: BTreeMap::new(),
            failure: String::new(),
            broken: BTreeMap::new(),
            general: None,
            places: Vec::new(),
            document: Document::fixed(),
        }
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.count(Level::Error) == 0
            && self.failed.is_empty()
            && self.broken.is_empty()
            && self.general.is_none()
    }

    /// How many compiler messages of the level there are.
    pub(super) fn count(&self, level: Level) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count()
    }

    /// The compiler reported something. The first report of a build replaces those of the build before.
    pub(super) fn diagnosed(&mut self, generation: Generation, diagnostic: &Diagnostic) {
        if self.generation != generation {
            self.generation = generation;
            self.diagnostics.clear();
            self.failed.clear();
        }
        self.diagnostics.push(diagnostic.clone());
        self.show();
    }

    /// A build failed.
    pub(super) fn build_failed(
        &mut self,
        generation: Generation,
        functions: &BTreeMap<String, Option<Digest>>,
        diagnostics: &[Diagnostic],
        failure: &str,
    ) {
        self.generation = generation;
        self.diagnostics = diagnostics.to_vec();
        self.failed = functions.clone();
        failure.clone_into(&mut self.failure);
        self.show();
    }

    /// Something failed that is not the build.
    pub(super) fn failed(&mut self, function: Option<&str>, problem: &Problem, serving: Option<&Digest>) {
        match function {
            Some(function) => {
                self.broken.insert(function.to_owned(), (problem.clone(), serving.cloned()));
            }
            None => self.general = Some(problem.clone()),
        }
        self.show();
    }

    /// The function was built; its code may still fail to start.
    pub(super) fn built(&mut self, generation: Generation, function: &str) {
        self.failed.remove(function);
        if self.failed.is_empty() && self.generation != generation {
            self.diagnostics.clear();
        }
        self.show();
    }

    /// Other code of the function answers now; its errors stay.
    pub(super) fn rolled_back(&mut self, function: &str, digest: &Digest) {
        let told = self.failed.get_mut(function);
        let told = told.into_iter().chain(self.broken.get_mut(function).map(|(_, serving)| serving));
        told.for_each(|serving| *serving = Some(digest.clone()));
        self.show();
    }

    /// The function is gone, and its errors with it.
    pub(super) fn gone(&mut self, function: &str) {
        self.broken.remove(function);
        if self.failed.remove(function).is_some() && self.failed.is_empty() {
            self.diagnostics.clear();
        }
        self.show();
    }

    /// The function's code of this build answers.
    pub(super) fn works(&mut self, generation: Generation, function: &str) {
        self.broken.remove(function);
        self.general = None;
        self.built(generation, function);
    }

    /// The compiler message that the line belongs to; for lines above all messages, the first one.
    fn diagnostic_at(&self, number: u64) -> Option<&Diagnostic> {
        let behind = self.places.partition_point(|(start, _)| *start <= number);
        let (_, index) = self.places.get(behind.saturating_sub(1))?;
        self.diagnostics.get(*index)
    }

    /// The place that an editor opens from this line: that of its message, or one that the line itself names.
    pub(super) fn place_at(&self, number: u64) -> Option<Location> {
        let own = || place_in(&self.document.text_of(number).1);
        let of_message = || {
            let location = self.diagnostic_at(number)?.location.as_ref()?;
            Some(location.clone())
        };
        // A message may point to several places; the one in the marked line counts.
        if self.document.cursor() == Some(number) {
            own().or_else(of_message)
        } else {
            of_message().or_else(own)
        }
    }

    /// The message at this line; everything if there are no messages.
    pub(super) fn text_at(&self, number: u64) -> String {
        match self.diagnostic_at(number) {
            Some(diagnostic) => rendered(diagnostic),
            None => self.document.text(),
        }
    }

    /// The same as JSON, for programs.
    pub(super) fn json_at(&self, number: u64) -> Value {
        match self.diagnostic_at(number) {
            Some(diagnostic) => json!({
                "level": diagnostic.level, "message": diagnostic.message, "package": diagnostic.package,
                "location": diagnostic.location, "rendered": rendered(diagnostic),
            }),
            None => json!({ "text": self.document.text() }),
        }
    }

    fn show(&mut self) {
        let mut lines = Vec::new();
        self.places.clear();
        let strong = Style::new().add_modifier(Modifier::BOLD);
        for (function, serving) in &self.failed {
            lines
                .push(Line::styled(format!("{function} was not built; {}", still(serving.as_ref())), strong));
        }
        for (function, (problem, serving)) in &self.broken {
            lines.push(Line::styled(
                format!("{function} did not change; {}", still(serving.as_ref())),
                strong,
            ));
            lines.extend(told(problem));
        }
        lines.extend(self.general.iter().flat_map(told));
        if self.count(Level::Error) == 0 && !self.failed.is_empty() {
            lines.extend(styled::lines(&self.failure));
        }
        for level in [Level::Error, Level::Warning] {
            for (index, diagnostic) in self.diagnostics.iter().enumerate().filter(|(_, it)| it.level == level)
            {
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                self.places.push((lines.len() as u64, index));
                lines.extend(styled::lines(diagnostic.rendered.trim_end()));
            }
        }
        self.document.replace(lines);
    }
}

fn rendered(diagnostic: &Diagnostic) -> String {
    let lines = styled::lines(diagnostic.rendered.trim_end());
    lines.iter().map(|line| plain(line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn told(problem: &Problem) -> Vec<Line<'static>> {
    let mut lines = styled::lines(&problem.message);
    lines.extend(problem.hint.iter().map(|hint| Line::raw(format!("hint: {hint}"))));
    lines
}

/// A phrase about the code that serves meanwhile.
pub(super) fn still(serving: Option<&Digest>) -> String {
    match serving {
        Some(digest) => format!("serving previous build {}", digest.short()),
        None => "nothing serves yet".to_owned(),
    }
}
