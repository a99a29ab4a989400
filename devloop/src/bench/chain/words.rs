//! Describes chains in words.

use super::{Chain, Link, Source};

/// A source by its kind and name: `stream orders`.
pub(crate) fn named(source: &Source) -> String {
    format!("{} {}", source.kind.word(), source.name)
}

/// A chain in one line: its head, its functions, and what each of them reads.
pub(crate) fn listed(chain: &Chain) -> String {
    let is_first = |link: &Link| link.after.is_empty();
    let shown: Vec<String> = chain
        .links
        .iter()
        .map(|link| {
            let sources: Vec<String> = link.sources.iter().map(named).collect();
            if is_first(link) {
                link.function.clone()
            } else {
                format!("{} ({})", link.function, sources.join(", "))
            }
        })
        .collect();
    format!("{}: {}", named(&chain.head.source), shown.join(", "))
}
