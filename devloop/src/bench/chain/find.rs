//! Makes chains from what the APIs say. Pure.
//!
//! The APIs say which function reads what. No API says what a function writes to: that is taken from its variables, in which
//! functions find the names of what they use. A function that only reads a table whose name it has is taken for a function that
//! writes to it. The run shows the mistake, because then no event comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, FunctionFacts};
use super::{Chain, Head, Kind, Link, Source};

/// Every chain in the facts; chains with an HTTP head come first.
pub(crate) fn chains(facts: &Facts) -> Vec<Chain> {
    let graph = Graph::new(facts);
    let mut heads = Vec::new();
    for method in &facts.methods {
        let source = Source {
            kind: Kind::Api,
            name: format!("{} {}", method.method, method.path),
            arn: method.api.clone(),
        };
        heads.push((
            Head { source, method: verb(&method.method), url: Some(method.url.clone()) },
            vec![&*method.function],
        ));
    }
    for function in &facts.functions {
        let Some(url) = &function.url else { continue };
        let source = Source { kind: Kind::Url, name: function.name.clone(), arn: url.clone() };
        heads.push((
            Head { source, method: "POST".to_owned(), url: Some(url.clone()) },
            vec![&*function.name],
        ));
    }
    let written: BTreeSet<&Source> = graph.writes.values().flatten().collect();
    for (source, takers) in graph.takers.iter().filter(|(source, _)| !written.contains(*source)) {
        let head = Head { source: source.clone(), method: String::new(), url: None };
        heads.push((head, takers.iter().copied().collect()));
    }
    let reached: BTreeSet<&str> = heads
        .iter()
        .flat_map(|(_, first)| first)
        .copied()
        .chain(graph.takers.values().flatten().copied())
        .collect();
    for function in facts.functions.iter().filter(|function| !reached.contains(&*function.name)) {
        heads.push((invoke(function), vec![&*function.name]));
    }
    let known = |name: &str| facts.functions.iter().any(|function| function.name == name);
    heads
        .into_iter()
        .map(|(head, first)| (head, first.into_iter().filter(|name| known(name)).collect::<Vec<_>>()))
        .filter(|(_, first)| !first.is_empty())
        .map(|(head, first)| graph.behind(head, &first))
        .collect()
}

/// The chain that begins at a resource or function of this name inside of another chain: a stream, queue, topic or bucket;
/// otherwise a function, which is called. `None` if nothing has the name.
pub(crate) fn inside(facts: &Facts, name: &str) -> Option<Chain> {
    let graph = Graph::new(facts);
    let is_named =
        |source: &Source| source.kind != Kind::Invoke && (source.name == name || source.arn == name);
    if let Some((source, takers)) = graph.takers.iter().find(|(source, _)| is_named(source)) {
        let head = Head { source: source.clone(), method: String::new(), url: None };
        return Some(graph.behind(head, &takers.iter().copied().collect::<Vec<_>>()));
    }
    let function = facts.functions.iter().find(|function| function.name == name)?;
    Some(graph.behind(invoke(function), &[name]))
}

fn invoke(function: &FunctionFacts) -> Head {
    let source = Source { kind: Kind::Invoke, name: function.name.clone(), arn: function.arn.clone() };
    Head { source, method: String::new(), url: None }
}

/// Whether a variable of `caller` names the function.
fn calls(caller: &FunctionFacts, function: &FunctionFacts) -> bool {
    caller.calls.contains(&function.name) || caller.calls.contains(&function.arn)
}

/// The method of a request. A load sends bodies, so `ANY` becomes `POST`.
fn verb(method: &str) -> String {
    if method == "ANY" { "POST".to_owned() } else { method.to_owned() }
}

/// Which functions take from which sources, and which write to them.
struct Graph<'a> {
    facts: &'a Facts,
    takers: BTreeMap<Source, BTreeSet<&'a str>>,
    /// The sources that each function writes to, by its name.
    writes: BTreeMap<&'a str, Vec<Source>>,
}

impl<'a> Graph<'a> {
    fn new(facts: &'a Facts) -> Self {
        let mut takers: BTreeMap<Source, BTreeSet<&str>> = BTreeMap::new();
        for mapping in &facts.mappings {
            takers.entry(mapping.source.clone()).or_default().insert(&mapping.function);
        }
        for function in &facts.functions {
            // A load cannot write to a rule, and cannot wait until it fires.
            for source in function.callers.iter().filter(|source| source.kind != Kind::Rule) {
                takers.entry(source.clone()).or_default().insert(&function.name);
            }
            if facts.functions.iter().any(|other| other.name != function.name && calls(other, function)) {
                takers.entry(invoke(function).source).or_default().insert(&function.name);
            }
        }
        let writes = facts.functions.iter().map(|function| {
            let writes_to = |(source, takers): &(&Source, &BTreeSet<&str>)| {
                !takers.contains(&*function.name)
                    && match source.kind {
                        Kind::Invoke => {
                            [&source.name, &source.arn].iter().any(|word| function.calls.contains(*word))
                        }
                        _ => function.words.iter().any(|word| names(word, source)),
                    }
            };
            (&*function.name, takers.iter().filter(writes_to).map(|(source, _)| source.clone()).collect())
        });
        let writes = writes.collect();
        Self { facts, takers, writes }
    }

    /// The chain behind a head whose events these functions get.
    fn behind(&self, head: Head, first: &[&str]) -> Chain {
        let mut chain = Chain { head, links: Vec::new() };
        for function in first {
            let source = chain.head.source.clone();
            chain.links.push(self.link(function, source, Vec::new()));
        }
        let mut next = 0;
        while let Some(link) = chain.links.get(next) {
            let name = link.function.clone();
            for source in self.writes.get(&*name).into_iter().flatten() {
                for taker in self.takers.get(source).into_iter().flatten() {
                    match chain.links.iter().position(|link| link.function == *taker) {
                        // A circle would never end.
                        Some(known) if is_before(&chain, known, next) => {}
                        Some(known) => {
                            let link = &mut chain.links[known];
                            if !link.sources.contains(source) {
                                link.sources.push(source.clone());
                            }
                            if !link.after.contains(&next) {
                                link.after.push(next);
                            }
                        }
                        None => chain.links.push(self.link(taker, source.clone(), vec![next])),
                    }
                }
            }
            next += 1;
        }
        chain
    }

    fn link(&self, function: &str, source: Source, after: Vec<usize>) -> Link {
        let mapping =
            self.facts.mappings.iter().find(|each| each.function == function && each.source == source);
        let on_failure = mapping.and_then(|mapping| mapping.on_failure.clone());
        Link { function: function.to_owned(), sources: vec![source], after, on_failure }
    }
}

/// Whether the link `first` is `second`, or `second` comes after it.
fn is_before(chain: &Chain, first: usize, second: usize) -> bool {
    first == second || chain.links[second].after.iter().any(|before| is_before(chain, first, *before))
}

/// Whether a word of a variable is the source's name, its ARN, or the URL of a queue.
fn names(word: &str, source: &Source) -> bool {
    let is_queue_url = || {
        source.kind == Kind::Queue && word.contains("://") && word.rsplit('/').next() == Some(&*source.name)
    };
    let is_table_arn = || {
        source.kind == Kind::Table
            && source.arn.strip_prefix(word).is_some_and(|rest| rest.starts_with("/stream/"))
    };
    word == source.name || word == source.arn || is_queue_url() || is_table_arn()
}

#[cfg(test)]
mod tests {
    use super::super::facts::{MappingFacts, MethodFacts, source};
    use super::super::words::listed;
    use super::*;

    const STREAM: &str = "arn:aws:kinesis:r:0:stream/orders";
    const TABLE: &str = "arn:aws:dynamodb:r:0:table/items/stream/1";
    const QUEUE: &str = "arn:aws:sqs:r:0:jobs";

    fn function(name: &str, words: &[&str]) -> FunctionFacts {
        FunctionFacts {
            name: name.into(),
            arn: format!("arn:aws:lambda:r:0:function:{name}"),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            ..FunctionFacts::default()
        }
    }

    fn with_url(function: FunctionFacts) -> FunctionFacts {
        FunctionFacts { url: Some(format!("http://{}/", function.name)), ..function }
    }

    fn mapping(arn: &str, function: &str) -> MappingFacts {
        MappingFacts { source: source(arn).unwrap(), function: function.into(), on_failure: None }
    }

    fn method(path: &str, function: &str) -> MethodFacts {
        MethodFacts {
            api: "a".into(),
            method: "POST".into(),
            path: path.into(),
            url: format!("http://x{path}"),
            function: function.into(),
        }
    }

    fn check(facts: &Facts, expected: &[&str]) {
        let seen: Vec<String> = chains(facts).iter().map(listed).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_function_behind_a_url_is_a_chain_of_one() {
        let facts = Facts { functions: vec![with_url(function("shop", &["orders"]))], ..Facts::default() };
        check(&facts, &["function URL shop: shop"]);
    }

    #[test]
    fn branches_are_followed_to_their_ends() {
        let facts = Facts {
            functions: vec![
                with_url(function("entry", &["orders"])),
                function("left", &["items", "orders"]),
                function("right", &["http://x/0/jobs"]),
                function("left-end", &["items"]),
                function("right-end", &[]),
            ],
            mappings: vec![
                mapping(STREAM, "left"),
                mapping(STREAM, "right"),
                mapping(TABLE, "left-end"),
                mapping(QUEUE, "right-end"),
            ],
            ..Facts::default()
        };
        let all = chains(&facts);
        check(
            &facts,
            &[
                "function URL entry: entry, left (stream orders), right (stream orders), left-end (table items), right-end (queue jobs)",
            ],
        );
        let after: Vec<&[usize]> = all[0].links.iter().map(|link| &*link.after).collect();
        assert_eq!(after, [&[][..], &[0], &[0], &[1], &[2]]);
        assert_eq!(all[0].ends(), [3, 4]);
    }

    #[test]
    fn a_function_with_two_writers_comes_once_after_both() {
        let facts = Facts {
            functions: vec![
                function("entry", &["orders", "jobs"]),
                function("middle", &["arn:aws:sqs:r:0:jobs"]),
                function("end", &[]),
            ],
            mappings: vec![mapping(STREAM, "middle"), mapping(QUEUE, "end")],
            methods: vec![method("/", "entry")],
            ..Facts::default()
        };
        check(&facts, &["API POST /: entry, middle (stream orders), end (queue jobs)"]);
        assert_eq!(chains(&facts)[0].links[2].after, [0, 1]);
    }

    #[test]
    fn a_circle_ends_where_it_began() {
        let facts = Facts {
            functions: vec![function("a", &["items"]), function("b", &["orders"])],
            mappings: vec![mapping(STREAM, "a"), mapping(TABLE, "b")],
            methods: vec![method("/", "a")],
            ..Facts::default()
        };
        check(&facts, &["API POST /: a, b (table items)"]);
    }

    #[test]
    fn a_source_without_writers_and_a_function_without_callers_are_heads() {
        let mut topic = function("news", &[]);
        topic.callers = vec![source("arn:aws:sns:r:0:news").unwrap()];
        let mut nightly = function("nightly", &["jobs"]);
        nightly.callers = vec![source("arn:aws:events:r:0:rule/n").unwrap()];
        let facts = Facts {
            functions: vec![
                topic,
                nightly,
                function("worker", &[]),
                function("left", &[]),
                function("right", &[]),
            ],
            mappings: vec![
                mapping(QUEUE, "worker"),
                mapping(STREAM, "left"),
                mapping(STREAM, "right"),
                mapping("arn:aws:sqs:r:0:x", "gone"),
            ],
            ..Facts::default()
        };
        check(
            &facts,
            &[
                "stream orders: left, right",
                "topic news: news",
                "invoke nightly: nightly, worker (queue jobs)",
            ],
        );
        assert_eq!(listed(&inside(&facts, "worker").unwrap()), "invoke worker: worker");
        assert_eq!(listed(&inside(&facts, "jobs").unwrap()), "queue jobs: worker");
        assert_eq!(inside(&facts, "nobody"), None);
    }

    #[test]
    fn a_function_that_another_one_calls_is_behind_it() {
        let mut entry = with_url(function("entry", &["mailer", "entry"]));
        entry.calls = ["mailer", "entry"].map(str::to_owned).into();
        let facts = Facts { functions: vec![entry, function("mailer", &[])], ..Facts::default() };
        check(&facts, &["function URL entry: entry, mailer (invoke mailer)"]);
    }

    #[test]
    fn a_table_is_named_by_itself_and_by_its_arn() {
        let table = source(TABLE).unwrap();
        for (word, expected) in [
            ("items", true),
            ("arn:aws:dynamodb:r:0:table/items", true),
            (TABLE, true),
            ("arn:aws:dynamodb:r:0:table/item", false),
        ] {
            assert_eq!(names(word, &table), expected, "{word}");
        }
    }
}
