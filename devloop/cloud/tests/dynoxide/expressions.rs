//! Random expressions, most of them valid.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

const PATHS: &[&str] =
    &["a", "b", "n", "s", "l", "m", "ss", "#n", "m.x", "l[0]", "m.#n", "l[1].x", "p", "q", "g", "zz", "zz.y"];
const ODD_PATHS: &[&str] =
    &["name", "l[00]", "#none", "a..b", "m.", "l[99999999999999]", "l[a]", "size", "a b"];
const VALUES: &[&str] = &[":n", ":s", ":l", ":m", ":ss", ":ns", ":b", ":t", ":p"];
const COMPARATORS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];

fn one(rng: &mut StdRng, from: &[&'static str]) -> &'static str {
    from.choose(rng).unwrap()
}

fn path(rng: &mut StdRng) -> &'static str {
    if rng.random_ratio(1, 30) { one(rng, ODD_PATHS) } else { one(rng, PATHS) }
}

fn value(rng: &mut StdRng) -> &'static str {
    if rng.random_ratio(1, 40) { ":none" } else { one(rng, VALUES) }
}

fn operand(rng: &mut StdRng) -> String {
    match rng.random_range(0..8) {
        0..4 => path(rng).to_owned(),
        4..7 => value(rng).to_owned(),
        _ => format!("size({})", if rng.random_ratio(1, 8) { value(rng) } else { path(rng) }),
    }
}

/// A condition of at most `depth` levels.
pub(super) fn condition(rng: &mut StdRng, depth: usize) -> String {
    if depth > 0 && rng.random_ratio(1, 2) {
        let (left, right) = (condition(rng, depth - 1), condition(rng, depth - 1));
        return match rng.random_range(0..5) {
            0 => format!("{left} AND {right}"),
            1 => format!("{left} OR {right}"),
            2 => format!("NOT {left}"),
            3 => format!("({left}) AND {right}"),
            _ => format!("({left})"),
        };
    }
    match rng.random_range(0..16) {
        0..6 => format!("{} {} {}", operand(rng), one(rng, COMPARATORS), operand(rng)),
        6 => format!("{} BETWEEN {} AND {}", operand(rng), operand(rng), operand(rng)),
        7 => format!("{} IN ({}, {})", operand(rng), operand(rng), operand(rng)),
        8 => format!("attribute_exists({})", operand(rng)),
        9 => format!("attribute_not_exists({})", path(rng)),
        10 => format!(
            "attribute_type({}, {})",
            operand(rng),
            if rng.random_ratio(3, 4) { ":t" } else { value(rng) }
        ),
        11 => format!("begins_with({}, {})", operand(rng), operand(rng)),
        12 => format!("contains({}, {})", operand(rng), operand(rng)),
        13 => format!("{} = {}", path(rng), value(rng)),
        14 => one(
            rng,
            &[
                "",
                "a",
                "a =",
                "size(a)",
                "foo(a)",
                "a = :n garbage",
                "attribute_exists(a, b)",
                "((a = :n))",
                "a = attribute_exists(b)",
                "contains(a)",
            ],
        )
        .to_owned(),
        _ => format!("{} <> {}", path(rng), value(rng)),
    }
}

fn set_operand(rng: &mut StdRng) -> String {
    match rng.random_range(0..9) {
        0..3 => path(rng).to_owned(),
        3..6 => value(rng).to_owned(),
        6 => format!("if_not_exists({}, {})", path(rng), value(rng)),
        7 => format!("list_append({}, {})", operand(rng), operand(rng)),
        _ => format!("({})", if rng.random_bool(0.5) { path(rng) } else { value(rng) }),
    }
}

fn assignment(rng: &mut StdRng) -> String {
    let target = path(rng);
    match rng.random_range(0..8) {
        0..4 => format!("{target} = {}", set_operand(rng)),
        4 => format!("{target} = {} + {}", set_operand(rng), set_operand(rng)),
        5 => format!("{target} = {} - {}", set_operand(rng), set_operand(rng)),
        6 => format!("{target} = ({} + {})", set_operand(rng), set_operand(rng)),
        _ => format!("{target} = :n"),
    }
}

/// An update of one or two sections.
pub(super) fn update(rng: &mut StdRng) -> String {
    let section = |rng: &mut StdRng| match rng.random_range(0..10) {
        0..5 => {
            let first = assignment(rng);
            if rng.random_ratio(1, 3) {
                format!("SET {first}, {}", assignment(rng))
            } else {
                format!("SET {first}")
            }
        }
        5 | 6 => format!("REMOVE {}", path(rng)),
        7 => format!("ADD {} {}", path(rng), value(rng)),
        8 => format!("DELETE {} {}", path(rng), value(rng)),
        _ => one(
            rng,
            &[
                "",
                "SET",
                "SET a",
                "SET a =",
                "REMOVE",
                "ADD a b",
                "FOO a",
                "SET a = :n SET b = :n",
                "SET a = :n,",
            ],
        )
        .to_owned(),
    };
    let first = section(rng);
    let both = if rng.random_ratio(1, 4) { format!("{first} {}", section(rng)) } else { first };
    // An update that only removes attributes creates no item here, but it does in dynoxide (see the differences); then all
    // later responses would differ.
    if both.contains("SET ") || both.contains("ADD ") || both.is_empty() {
        both
    } else {
        format!("{both} SET hits = :n")
    }
}

/// A key condition.
pub(super) fn keys(rng: &mut StdRng) -> String {
    let partition = one(
        rng,
        &["p = :p", "p = :p", "p = :p", "#p = :p", ":p = p", "g = :p", "p > :p", "p = :n", "p = :s"],
    );
    let sort = match rng.random_range(0..14) {
        0..5 => return partition.to_owned(),
        5 => "q = :n".to_owned(),
        6 => format!("q {} :n", one(rng, COMPARATORS)),
        7 => "q BETWEEN :n AND :n".to_owned(),
        8 => "begins_with(q, :s)".to_owned(),
        9 => "h = :n".to_owned(),
        10 => "x = :n".to_owned(),
        11 => "p = :p".to_owned(),
        12 => one(
            rng,
            &[
                "q = q",
                "size(q) = :n",
                "contains(q, :s)",
                "attribute_exists(q)",
                "q IN (:n)",
                "NOT q = :n",
                "m.x = :n",
            ],
        )
        .to_owned(),
        _ => "q > :s".to_owned(),
    };
    let joint = if rng.random_ratio(1, 30) { "OR" } else { "AND" };
    format!("{partition} {joint} {sort}")
}

pub(super) fn projection(rng: &mut StdRng) -> String {
    if rng.random_ratio(1, 15) {
        return one(rng, &["", "a,", "a b", "a, a", "m, m.x", "l[0], l.x", ":n", "size(a)"]).to_owned();
    }
    let count = rng.random_range(1..4);
    let paths: Vec<&str> = (0..count).map(|_| path(rng)).collect();
    paths.join(", ")
}
