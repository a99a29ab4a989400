//! Names as words: `GetUser`, `get-user` and `get_user` are the same.

/// Words that occur in many names and do not distinguish them.
const AFFIXES: [&str; 9] = ["aws", "fn", "func", "function", "functions", "handler", "lambda", "rs", "rust"];

/// The words of a name in lower case, without affixes; a name that consists of affixes keeps them.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        // `HTTPApi` is two words, and so is `getUser`.
        let begins = character.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase)
                    && after.is_some_and(|after| after.is_lowercase())));
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    let plain: Vec<String> = words.iter().filter(|word| !AFFIXES.contains(&word.as_str())).cloned().collect();
    if plain.is_empty() { words } else { plain }
}

/// How well two names fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// One name is the end or the beginning of the other: `GetUser` and `cf-user_get-user`.
    Part,
    /// The same words.
    Same,
    /// The same text.
    Equal,
}

/// How well `name` fits `other`, if it does.
pub(super) fn fit(name: &str, other: &str) -> Option<Fit> {
    if name == other {
        return Some(Fit::Equal);
    }
    let (left, right) = (words(name), words(other));
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left.concat() == right.concat() {
        return Some(Fit::Same);
    }
    let (short, long) = if left.len() < right.len() { (left, right) } else { (right, left) };
    (short.len() < long.len() && (long.ends_with(&short) || long.starts_with(&short))).then_some(Fit::Part)
}

#[cfg(test)]
mod tests {
    use super::{Fit, fit, words};

    #[test]
    fn names_are_words() {
        let check = |name: &str, expected: &[&str]| assert_eq!(words(name), expected, "{name}");
        check("GetUser", &["get", "user"]);
        check("get-user", &["get", "user"]);
        check("cf-user_get-user", &["cf", "user", "get", "user"]);
        check("HTTPApiHandler", &["http", "api"]);
        check("lambda_function", &["lambda", "function"]);
        check("v2Get", &["v2", "get"]);
        check("", &[]);
    }

    #[test]
    fn names_fit_whatever_they_are_written_in() {
        let check = |left: &str, right: &str, expected: Option<Fit>| {
            assert_eq!(fit(left, right), expected, "{left} {right}");
        };
        check("get-user", "get-user", Some(Fit::Equal));
        check("GetUserFunction", "get_user", Some(Fit::Same));
        check("getuser", "get-user", Some(Fit::Same));
        check("GetUser", "cf-user_get-user", Some(Fit::Part));
        check("OrdersApi", "orders", Some(Fit::Part));
        check("GetUser", "get-order", None);
        check("user", "superuser", None);
        check("", "a", None);
    }
}
