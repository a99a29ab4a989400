//! What is broken at this moment: builds that failed, code that did not come up, and what else went wrong.

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::engine::{Diagnostic, Digest, Generation, Level, Problem};
use crate::tui::document::Document;
use crate::tui::styled;

/// Everything that is broken, and the lines that show it.
#[derive(Debug)]
pub(super) struct Errors {
    /// The build that the diagnostics are of.
    generation: Generation,
    diagnostics: Vec<Diagnostic>,
    /// The functions of the last failed build with what still serves.
    failed: BTreeMap<String, Option<Digest>>,
    /// Cargo's own words about it.
    failure: String,
    /// Functions whose new code was built and does not answer.
    broken: BTreeMap<String, (Problem, Option<Digest>)>,
    /// What belongs to no function.
    general: Option<Problem>,
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
            document: Document::fixed(),
        }
    }

    /// Whether something is to be shown.
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

    /// The compiler reported something; the first report of a build takes the place of the last build's.
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

    /// The function was built; whether its code comes up is another question.
    pub(super) fn built(&mut self, generation: Generation, function: &str) {
        self.failed.remove(function);
        if self.failed.is_empty() && self.generation != generation {
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

    fn show(&mut self) {
        let mut lines = Vec::new();
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
            for diagnostic in self.diagnostics.iter().filter(|diagnostic| diagnostic.level == level) {
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                lines.extend(styled::lines(diagnostic.rendered.trim_end()));
            }
        }
        self.document.replace(lines);
    }
}

fn told(problem: &Problem) -> Vec<Line<'static>> {
    let mut lines = styled::lines(&problem.message);
    lines.extend(problem.hint.iter().map(|hint| Line::raw(format!("hint: {hint}"))));
    lines
}

/// What goes on meanwhile.
pub(super) fn still(serving: Option<&Digest>) -> String {
    match serving {
        Some(digest) => format!("serving previous build {}", digest.short()),
        None => "nothing serves yet".to_owned(),
    }
}
