//! What is searched for in a document, and where it was found.

use std::collections::VecDeque;
use std::ops::Range;

/// A search; lines are known by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    query: String,
    /// Lines with at least one hit, in order.
    hits: VecDeque<u64>,
    /// The one that was gone to last.
    current: Option<u64>,
}

impl Search {
    /// Searches for the text; the lines follow through [`Self::look_at`].
    pub(super) fn new(query: &str) -> Self {
        Self { query: query.to_owned(), ..Self::default() }
    }

    /// What is searched for.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Takes a line into account whose number is larger than those before.
    pub(super) fn look_at(&mut self, number: u64, text: &str) {
        if !self.ranges(text).is_empty() {
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

    /// Goes to the hit behind the current one, or before it; behind the last comes the first.
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

    /// Whether the line is the one that was gone to last.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.current == Some(number)
    }

    /// Such as `/error 3/17`.
    pub(super) fn summary(&self) -> String {
        let place = self.current.map_or(0, |current| self.hits.partition_point(|hit| *hit <= current));
        format!("/{} {place}/{}", self.query, self.hits.len())
    }

    /// Where the text is found, in bytes. A query without capitals finds capitals too.
    pub(super) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        if self.query.is_empty() {
            return Vec::new();
        }
        let exact = self.query.chars().any(char::is_uppercase);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (start, _) in text.char_indices() {
            if ranges.last().is_some_and(|last| start < last.end) {
                continue;
            }
            if let Some(length) = prefix(&text[start..], &self.query, exact) {
                ranges.push(start..start + length);
            }
        }
        ranges
    }
}

/// How many bytes of the text the query takes, if the text begins with it.
fn prefix(text: &str, query: &str, exact: bool) -> Option<usize> {
    let mut characters = text.chars();
    for wanted in query.chars() {
        let found = characters.next()?;
        let same = found == wanted || (!exact && found.to_lowercase().eq(wanted.to_lowercase()));
        if !same {
            return None;
        }
    }
    Some(text.len() - characters.as_str().len())
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
