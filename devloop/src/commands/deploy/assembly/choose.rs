//! Chooses stacks of an app by their names, and puts them in order.

use std::collections::BTreeSet;

use super::Stack;
use crate::error::{UserError, suggestion};

/// Which other stacks come along with those that were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Related {
    /// None.
    None,
    /// Those that they depend on, as `cdk deploy` does it.
    Needed,
    /// Those that depend on them, as `cdk destroy` does it.
    Needing,
}

/// The stacks that were named, in their order; all of them if none was named. A name is that of the stack in CloudFormation, its
/// id, or its name with its stages, in which `*` stands for any text.
pub(in super::super) fn choose<'a>(
    stacks: &'a [Stack],
    typed: &[String],
    related: Related,
) -> Result<Vec<&'a Stack>, UserError> {
    if stacks.is_empty() {
        return Err(UserError::usage("stack_unknown", "find a stack: the CDK app has none"));
    }
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for name in typed {
        let fits = |stack: &&Stack| {
            [&stack.name, &stack.id, &stack.shown].into_iter().any(|known| is_like(name, known))
        };
        let mut fitting = stacks.iter().filter(fits).map(|stack| stack.id.as_str()).peekable();
        if fitting.peek().is_none() {
            return Err(unknown(name, stacks));
        }
        chosen.extend(fitting);
    }
    if typed.is_empty() {
        return Ok(stacks.iter().collect());
    }
    // The order has every stack after those that it needs, so that one pass finds all.
    match related {
        Related::None => {}
        Related::Needed => {
            for stack in stacks.iter().rev() {
                if chosen.contains(stack.id.as_str()) {
                    chosen.extend(stack.needs.iter().map(String::as_str));
                }
            }
        }
        Related::Needing => {
            for stack in stacks {
                if stack.needs.iter().any(|id| chosen.contains(id.as_str())) {
                    chosen.insert(&stack.id);
                }
            }
        }
    }
    Ok(stacks.iter().filter(|stack| chosen.contains(stack.id.as_str())).collect())
}

fn unknown(name: &str, stacks: &[Stack]) -> UserError {
    let names: Vec<&str> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    let message = format!("find the stack `{name}`: the CDK app's stacks are {}", names.join(", "));
    let error = UserError::usage("stack_unknown", message);
    match suggestion(name, names) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// Whether the name is like the pattern, in which `*` stands for any text.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, rest)) = name.split_once(part) else { return false };
        name = rest;
    }
    name.ends_with(end)
}

/// The stacks, each after those that it needs, otherwise as they were.
pub(super) fn in_order(mut open: Vec<Stack>) -> Result<Vec<Stack>, UserError> {
    let mut ordered: Vec<Stack> = Vec::new();
    while !open.is_empty() {
        let waits = |stack: &Stack| open.iter().any(|other| stack.needs.contains(&other.id));
        let Some(next) = open.iter().position(|stack| !waits(stack)) else {
            let names: Vec<&str> = open.iter().map(|stack| stack.name.as_str()).collect();
            let message = format!("order the stacks: {} depend on each other in a circle", names.join(", "));
            return Err(UserError::failure("cdk_output", message));
        };
        ordered.push(open.remove(next));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(id: &str, needs: &[&str]) -> Stack {
        Stack {
            id: id.to_owned(),
            name: id.to_lowercase(),
            shown: format!("Stage/{id}"),
            needs: needs.iter().map(|&id| id.to_owned()).collect(),
            ..Stack::default()
        }
    }

    fn ids<'a>(stacks: impl IntoIterator<Item = &'a Stack>) -> Vec<&'a str> {
        stacks.into_iter().map(|stack| stack.id.as_str()).collect()
    }

    #[test]
    fn stacks_are_chosen_by_name_with_those_that_belong_to_them() {
        let stacks = in_order(vec![
            stack("Api", &["Data", "Base"]),
            stack("Base", &[]),
            stack("Data", &["Base"]),
            stack("Other", &[]),
        ])
        .unwrap();
        assert_eq!(ids(&stacks), ["Base", "Data", "Api", "Other"]);
        let check = |typed: &[&str], related: Related, expected: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(ids(choose(&stacks, &typed, related).unwrap()), expected, "{typed:?} {related:?}");
        };
        check(&[], Related::Needed, &["Base", "Data", "Api", "Other"]);
        check(&["Data"], Related::None, &["Data"]);
        check(&["data"], Related::Needed, &["Base", "Data"]);
        check(&["Stage/Data"], Related::Needing, &["Data", "Api"]);
        check(&["Base"], Related::Needing, &["Base", "Data", "Api"]);
        check(&["*a*"], Related::None, &["Base", "Data", "Api", "Other"]);
        check(&["Stage/*a", "Other"], Related::None, &["Data", "Other"]);
        check(&["D*ta*"], Related::None, &["Data"]);
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest() {
        let stacks = [stack("Api", &[]), stack("Data", &[])];
        let problem = choose(&stacks, &["dato".to_owned()], Related::None).unwrap_err().problem;
        assert_eq!(problem.message, "find the stack `dato`: the CDK app's stacks are api, data");
        assert_eq!(problem.hint.as_deref(), Some("did you mean `data`?"));
        assert_eq!(choose(&[], &[], Related::None).unwrap_err().problem.code, "stack_unknown");
    }

    #[test]
    fn stacks_in_a_circle_are_an_error() {
        let error = in_order(vec![stack("A", &["B"]), stack("B", &["A"])]).unwrap_err().problem;
        assert!(error.message.contains("a, b depend on each other"), "{}", error.message);
    }
}
