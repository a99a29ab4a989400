//! Chooses the chain for a load, where an endpoint has several. Pure.

use super::facts::Facts;
use super::find::{chains, inside};
use super::words::listed;
use super::{Chain, Kind};
use crate::engine::Problem;

/// The user's choice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice<'a> {
    /// `--head`: a method and its path, a path, a function, or the name of a stream, queue, topic or bucket.
    pub(crate) head: Option<&'a str>,
    /// `--api`: the URL of an API or of a function.
    pub(crate) api: Option<&'a str>,
}

/// How many chains are listed at most.
const LISTED: usize = 20;

/// The chain that the user means.
pub(crate) fn choose(facts: &Facts, choice: Choice<'_>) -> Result<Chain, Problem> {
    let all = chains(facts);
    if let Some(head) = choice.head {
        let mut found: Vec<&Chain> = all.iter().filter(|chain| is_named(chain, head)).collect();
        // A function with a URL gets its requests at that URL.
        if found.len() > 1 && found.iter().any(|chain| chain.head.source.kind != Kind::Invoke) {
            found.retain(|chain| chain.head.source.kind != Kind::Invoke);
        }
        return match found[..] {
            [only] => Ok(only.clone()),
            [] => inside(facts, head).ok_or_else(|| unknown(head, &all)),
            _ => Err(ambiguous(&format!("{} chains have the head {head}", found.len()), &found)),
        };
    }
    if let Some(api) = choice.api {
        let found: Vec<&Chain> = all.iter().filter(|chain| is_at(chain, api)).collect();
        if let [only] = found[..] {
            return Ok(only.clone());
        }
    }
    let mut found: Vec<&Chain> = all.iter().collect();
    // Functions that nothing calls are candidates only where there is nothing else.
    if found.iter().any(|chain| chain.head.source.kind != Kind::Invoke) {
        found.retain(|chain| chain.head.source.kind != Kind::Invoke);
    }
    match found[..] {
        [only] => Ok(only.clone()),
        [] => Err(Problem::new("chain_missing", "find something to load: there are no functions")
            .with_hint("`devloop watch` in a workspace of functions deploys them")),
        _ => Err(ambiguous(&format!("{} chains could be meant", found.len()), &found)),
    }
}

/// Whether the head, or the function behind it, has the name.
fn is_named(chain: &Chain, name: &str) -> bool {
    let source = &chain.head.source;
    let is_path = source.kind == Kind::Api && source.name.split(' ').nth(1) == Some(name);
    let is_function =
        || chain.links.iter().filter(|link| link.after.is_empty()).any(|link| link.function == name);
    source.name.eq_ignore_ascii_case(name) || source.arn == name || is_path || is_function()
}

/// Whether the URL leads to the head.
fn is_at(chain: &Chain, url: &str) -> bool {
    let same = |own: &str| own.trim_end_matches('/') == url.trim_end_matches('/');
    chain.head.url.as_deref().is_some_and(same)
}

fn ambiguous(message: &str, found: &[&Chain]) -> Problem {
    Problem::new("chain_ambiguous", format!("choose what to load: {message}")).with_hint(format!(
        "name the head of one with --head NAME, or its URL with --api URL:{}",
        list(found)
    ))
}

fn unknown(head: &str, all: &[Chain]) -> Problem {
    let all: Vec<&Chain> = all.iter().collect();
    Problem::new(
        "head_unknown",
        format!("find {head}: no chain begins with it, and no function has this name"),
    )
    .with_hint(format!("the chains are:{}", list(&all)))
}

fn list(chains: &[&Chain]) -> String {
    let mut text: String = chains.iter().take(LISTED).map(|chain| format!("\n  {}", listed(chain))).collect();
    if chains.len() > LISTED {
        text.push_str(&format!("\n  and {} more", chains.len() - LISTED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::facts::{FunctionFacts, MappingFacts, MethodFacts, source};
    use super::*;

    fn function(name: &str, url: Option<&str>) -> FunctionFacts {
        FunctionFacts { name: name.into(), url: url.map(str::to_owned), ..FunctionFacts::default() }
    }

    fn shop() -> Facts {
        let method = MethodFacts {
            api: "abc".into(),
            method: "POST".into(),
            path: "/orders".into(),
            url: "http://x/_aws/execute-api/abc/prod/orders".into(),
            function: "orders".into(),
        };
        let mapping = MappingFacts {
            source: source("arn:aws:sqs:r:0:jobs").unwrap(),
            function: "worker".into(),
            on_failure: None,
        };
        Facts {
            functions: vec![
                function("orders", None),
                function("users", Some("http://u/")),
                function("worker", None),
                function("tidy", None),
            ],
            mappings: vec![mapping],
            methods: vec![method],
            ..Facts::default()
        }
    }

    fn check(facts: &Facts, head: Option<&str>, api: Option<&str>, expected: Result<&str, &str>) {
        match (choose(facts, Choice { head, api }), expected) {
            (Ok(chain), Ok(expected)) => assert_eq!(listed(&chain), expected),
            (Err(problem), Err(code)) => assert_eq!(problem.code, code, "{problem:?}"),
            (seen, _) => panic!("{head:?} {api:?}: {seen:?}"),
        }
    }

    #[test]
    fn a_head_is_named_by_its_path_its_function_its_resource_or_its_url() {
        let facts = shop();
        let orders = Ok("API POST /orders: orders");
        for name in ["POST /orders", "post /orders", "/orders", "orders", "abc"] {
            check(&facts, Some(name), None, orders);
        }
        check(&facts, None, Some("http://x/_aws/execute-api/abc/prod/orders/"), orders);
        check(&facts, None, Some("http://u"), Ok("function URL users: users"));
        check(&facts, Some("users"), None, Ok("function URL users: users"));
        check(&facts, Some("jobs"), None, Ok("queue jobs: worker"));
        check(&facts, Some("worker"), None, Ok("queue jobs: worker"));
        check(&facts, Some("tidy"), None, Ok("invoke tidy: tidy"));
        check(&facts, Some("nobody"), None, Err("head_unknown"));
    }

    #[test]
    fn several_chains_are_listed_and_one_needs_no_choice() {
        let facts = shop();
        check(&facts, None, None, Err("chain_ambiguous"));
        let hint = choose(&facts, Choice::default()).unwrap_err().hint.unwrap();
        assert!(hint.starts_with("name the head of one with --head NAME"), "{hint}");
        for line in
            ["\n  API POST /orders: orders", "\n  function URL users: users", "\n  queue jobs: worker"]
        {
            assert!(hint.contains(line), "{hint}");
        }
        assert!(!hint.contains("tidy"), "a function that nobody calls is no candidate beside others: {hint}");
        check(&Facts::default(), None, None, Err("chain_missing"));
        let one = Facts {
            functions: vec![function("a", Some("http://a/")), function("b", None)],
            ..Facts::default()
        };
        check(&one, None, None, Ok("function URL a: a"));
        let alone = Facts { functions: vec![function("a", None)], ..Facts::default() };
        check(&alone, None, None, Ok("invoke a: a"));
        check(&alone, None, Some("http://elsewhere/"), Ok("invoke a: a"));
    }
}
