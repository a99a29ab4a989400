//! A search in a document, and its hits.

use std::collections::VecDeque;
use std::ops::Range;

/// The prefix of a search for lines without the text.
const INVERSE: char = '!';

/// The prefix of a search for letters in this order, with anything between them.
const FUZZY: &str = "-f ";

/// The kind of search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Plain,
    /// Lines that do not contain the text.
    Inverse,
    /// Lines with the letters in this order.
    Fuzzy,
}

/// A search; lines are identified by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    query: String,
    mode: Mode,
    /// The query without its prefix.
    wanted: String,
    /// Lines with at least one hit, in order.
    hits: VecDeque<u64>,
    /// The hit that was gone to last.
    current: Option<u64>,
}

impl Search {
    /// Searches for the text; the lines follow through [`Self::look_at`].
    pub(super) fn new(query: &str) -> Self {
        let (mode, wanted) = match (query.strip_prefix(INVERSE), query.strip_prefix(FUZZY)) {
            (Some(rest), _) => (Mode::Inverse, rest),
            (_, Some(rest)) => (Mode::Fuzzy, rest),
            (None, None) => (Mode::Plain, query),
        };
        Self { query: query.to_owned(), mode, wanted: wanted.to_owned(), ..Self::default() }
    }

    /// Whether the text fits the search.
    pub(super) fn is_hit(&self, text: &str) -> bool {
        match self.mode {
            Mode::Plain | Mode::Fuzzy => !self.ranges(text).is_empty(),
            Mode::Inverse => !self.wanted.is_empty() && self.found(text).is_empty(),
        }
    }

    /// The query as it was typed.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Adds a line to the search; line numbers must increase.
    pub(super) fn look_at(&mut self, number: u64, text: &str) {
        if self.is_hit(text) {
            self.hits.push_back(number);
        }
    }

    /// Forgets the lines before this one.
    pub(super) fn forget_before(&mut self, number: u64) {
        while self.hits.front().is_some_and(|hit| *hit < number) {
            self.hits.pop_front();
        }
    }

    /// Goes to the first hit from the line on, or else to the last one before it.
    pub(super) fn go_near(&mut self, number: u64) -> Option<u64> {
        let next = self.hits.partition_point(|hit| *hit < number);
        self.current = self.hits.get(next).or(self.hits.back()).copied();
        self.current
    }

    /// Goes to the next or the previous hit, in a circle.
    pub(super) fn step(&mut self, forward: bool) -> Option<u64> {
        let current = self.current.unwrap_or_default();
        let at = self.hits.partition_point(|hit| *hit < current);
        let is_hit = self.hits.get(at) == Some(&current);
        let next = match (forward, self.hits.len()) {
            (_, 0) => return None,
            (true, length) => (at + usize::from(is_hit)) % length,
            (false, length) => (at + length - 1) % length,
        };
        self.current = self.hits.get(next).copied();
        self.current
    }

    /// The line that was gone to last.
    pub(super) fn current(&self) -> Option<u64> {
        self.current
    }

    /// Whether the line is the one that was gone to last.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.current == Some(number)
    }

    /// A summary such as `/error 3/17`.
    pub(super) fn summary(&self) -> String {
        let place = self.current.map_or(0, |current| self.hits.partition_point(|hit| *hit <= current));
        format!("/{} {place}/{}", self.query, self.hits.len())
    }

    /// Where the text is found, in bytes. A query without capitals ignores case; a search for lines without the text marks nothing.
    pub(super) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        match self.mode {
            Mode::Plain => self.found(text),
            Mode::Inverse => Vec::new(),
            Mode::Fuzzy => self.scattered(text),
        }
    }

    fn is_exact(&self) -> bool {
        self.wanted.chars().any(char::is_uppercase)
    }

    /// The first place of every letter after the place of the letter before; empty if one is missing.
    fn scattered(&self, text: &str) -> Vec<Range<usize>> {
        let exact = self.is_exact();
        let mut places = Vec::new();
        let mut characters = text.char_indices();
        for wanted in self.wanted.chars().filter(|wanted| !wanted.is_whitespace()) {
            let Some((start, found)) = characters.find(|(_, found)| same(*found, wanted, exact)) else {
                return Vec::new();
            };
            places.push(start..start + found.len_utf8());
        }
        places
    }

    fn found(&self, text: &str) -> Vec<Range<usize>> {
        if self.wanted.is_empty() {
            return Vec::new();
        }
        let exact = self.is_exact();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (start, _) in text.char_indices() {
            if ranges.last().is_some_and(|last| start < last.end) {
                continue;
            }
            if let Some(length) = prefix(&text[start..], &self.wanted, exact) {
                ranges.push(start..start + length);
            }
        }
        ranges
    }
}

/// How many bytes of the text match the query, if the text begins with it.
fn prefix(text: &str, query: &str, exact: bool) -> Option<usize> {
    let mut characters = text.chars();
    for wanted in query.chars() {
        let found = characters.next()?;
        if !same(found, wanted, exact) {
            return None;
        }
    }
    Some(text.len() - characters.as_str().len())
}

fn same(found: char, wanted: char, exact: bool) -> bool {
    found == wanted || (!exact && found.to_lowercase().eq(wanted.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::Search;

    fn check(query: &str, text: &str, expected: &[(usize, usize)]) {
        let found = Search::new(query).ranges(text);
        assert_eq!(
            found.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }

    #[test]
    fn lower_case_finds_both_and_capitals_only_themselves() {
        check("err", "Error: ERR", &[(0, 3), (7, 10)]);
        check("Err", "Error: ERR", &[(0, 3)]);
        check("aa", "aaaa", &[(0, 2), (2, 4)]);
        check("ü", "über Über", &[(0, 2), (6, 8)]);
        check("", "text", &[]);
        check("text", "tex", &[]);
    }

    #[test]
    fn letters_in_order_are_found_with_anything_between_them() {
        check("-f upst", "Up, then: stored", &[(0, 1), (1, 2), (10, 11), (11, 12)]);
        check("-f us t", "upstream", &[(0, 1), (2, 3), (3, 4)]);
        check("-f su", "us", &[]);
        check("-f ", "text", &[]);
        check("-f U", "up", &[]);
    }

    #[test]
    fn lines_without_a_text_are_found() {
        let mut search = Search::new("!info");
        for (number, text) in ["INFO a", "error b", "info c", "warn d"].iter().enumerate() {
            search.look_at(number as u64, text);
        }
        assert_eq!((search.go_near(0), search.step(true)), (Some(1), Some(3)));
        assert_eq!(search.summary(), "/!info 2/2");
        assert!(search.ranges("error b").is_empty() && !Search::new("!").is_hit("anything"));
    }

    #[test]
    fn hits_are_gone_through_in_a_circle() {
        let mut search = Search::new("x");
        assert_eq!(search.step(true), None);
        for (number, text) in ["x", "-", "x", "-", "x"].iter().enumerate() {
            search.look_at(number as u64, text);
        }
        assert_eq!(search.go_near(1), Some(2));
        assert_eq!(search.summary(), "/x 2/3");
        assert_eq!((search.step(true), search.step(true), search.step(false)), (Some(4), Some(0), Some(4)));
        assert_eq!(search.go_near(5), Some(4));
        search.forget_before(3);
        assert_eq!(search.summary(), "/x 1/1");
    }
}
