//! Takes secrets out of what functions, stacks and other programs say, before any sink gets it.

use std::borrow::Cow;

use devloop_cloud::without_secrets;

use crate::engine::{Notice, Problem};

/// The notice without secrets in its log line or problem. Nearly always there are none, and nothing is copied.
pub(crate) fn masked(notice: &Notice) -> Cow<'_, Notice> {
    let masked = match notice {
        Notice::Log { function, line } => {
            clean(line).map(|line| Notice::Log { function: function.clone(), line })
        }
        Notice::Warning { problem } => without(problem).map(|problem| Notice::Warning { problem }),
        Notice::Error { generation, function, serving, problem } => {
            without(problem).map(|problem| Notice::Error {
                generation: *generation,
                function: function.clone(),
                serving: serving.clone(),
                problem,
            })
        }
        Notice::NotRolledBack { function, problem } => {
            without(problem).map(|problem| Notice::NotRolledBack { function: function.clone(), problem })
        }
        _ => None,
    };
    masked.map_or(Cow::Borrowed(notice), Cow::Owned)
}

fn clean(text: &str) -> Option<String> {
    match without_secrets(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(clean) => Some(clean),
    }
}

fn without(problem: &Problem) -> Option<Problem> {
    let (message, hint) = (clean(&problem.message), problem.hint.as_deref().and_then(clean));
    if message.is_none() && hint.is_none() {
        return None;
    }
    let mut problem = problem.clone();
    problem.message = message.unwrap_or(problem.message);
    problem.hint = hint.or(problem.hint);
    Some(problem)
}

#[cfg(test)]
mod tests {
    use super::masked;
    use crate::engine::{Notice, Problem};

    #[test]
    fn lines_and_problems_lose_their_secrets() {
        let log = |line: &str| Notice::Log { function: "up".to_owned(), line: line.to_owned() };
        assert_eq!(*masked(&log("to postgres://u:p@h/d")), log("to postgres://u:***@h/d"));
        assert_eq!(*masked(&log("plain")), log("plain"));
        let warning = |message: &str, hint: &str| Notice::Warning {
            problem: Problem::new("c", message).with_hint(hint),
        };
        assert_eq!(*masked(&warning("password=p failed", "try")), warning("password=*** failed", "try"));
        assert_eq!(*masked(&warning("no", "set API_KEY=k")), warning("no", "set API_KEY=***"));
    }
}
