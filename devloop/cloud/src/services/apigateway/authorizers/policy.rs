//! The policies that Lambda authorizers return [Output from an API Gateway Lambda authorizer].

use serde_json::Value;

/// A parsed policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy(Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

impl Policy {
    /// Parses a policy document. `None` when it has no statements, an unknown effect, or members that are not supported,
    /// such as conditions.
    pub(crate) fn read(document: &Value) -> Option<Self> {
        let statements = match document.get("Statement")? {
            Value::Array(items) => items.iter().collect(),
            one @ Value::Object(_) => vec![one],
            _ => return None,
        };
        let statements = statements.into_iter().map(|statement| {
            let known = ["Sid", "Effect", "Action", "Resource"];
            let members = statement.as_object()?;
            if members.keys().any(|name| !known.contains(&name.as_str())) {
                return None;
            }
            let allows = match members.get("Effect")?.as_str()? {
                "Allow" => true,
                "Deny" => false,
                _ => return None,
            };
            let (actions, resources) = (texts(members.get("Action")?)?, texts(members.get("Resource")?)?);
            Some(Statement { allows, actions, resources })
        });
        statements.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether the policy allows a call of the method with this ARN
    /// (`arn:aws:execute-api:…:<api>/<stage>/<method>/<path>`).
    pub(crate) fn allows(&self, arn: &str) -> bool {
        let fits = |statement: &&Statement| {
            statement.actions.iter().any(|action| matches(&action.to_ascii_lowercase(), "execute-api:invoke"))
                && statement.resources.iter().any(|resource| matches(resource, arn))
        };
        let mut fitting = self.0.iter().filter(fits).peekable();
        fitting.peek().is_some() && fitting.all(|statement| statement.allows)
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether the whole of `text` matches `pattern`, in which `*` stands for any text and `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/pets/7";

    #[test]
    fn a_deny_statement_wins_and_no_statement_denies() {
        let check = |statements: Value, expected: Option<bool>| {
            let policy = Policy::read(&json!({ "Version": "2012-10-17", "Statement": statements }));
            assert_eq!(policy.map(|policy| policy.allows(ARN)), expected, "{statements}");
        };
        let statement = |effect: &str, action: &str, resource: &str| json!({"Effect": effect, "Action": action, "Resource": resource});
        let allow = statement("Allow", "execute-api:Invoke", ARN);
        check(json!([allow]), Some(true));
        check(allow.clone(), Some(true));
        check(json!([statement("Allow", "execute-api:*", "*")]), Some(true));
        check(
            json!([statement(
                "Allow",
                "execute-api:Invoke",
                "arn:aws:execute-api:*:*:abcdef123/*/GET/pets/?"
            )]),
            Some(true),
        );
        check(
            json!([statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:*:*:abcdef123/*/POST/*")]),
            Some(false),
        );
        check(json!([statement("Allow", "s3:GetObject", "*")]), Some(false));
        check(json!([allow, statement("Deny", "execute-api:Invoke", "*/test/*")]), Some(false));
        check(json!([]), Some(false));
        check(
            json!([{"Effect": "Allow", "Action": ["execute-api:Invoke"], "Resource": ["*"], "Condition": {}}]),
            None,
        );
        check(json!([statement("Perhaps", "*", "*")]), None);
        check(json!("x"), None);
    }
}
