//! Random passwords [GetRandomPassword].

use rand::{
    Rng as _,
    seq::{IndexedRandom as _, SliceRandom as _},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::invalid;
use crate::{error::ApiError, wire};

/// The characters of each kind.
const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The wanted form of a password.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Wish {
    #[serde(deserialize_with = "wire::integer")]
    password_length: Option<i64>,
    exclude_characters: String,
    #[serde(deserialize_with = "wire::boolean")]
    exclude_numbers: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    exclude_punctuation: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    exclude_uppercase: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    exclude_lowercase: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    include_space: Option<bool>,
    #[serde(deserialize_with = "wire::boolean")]
    require_each_included_type: Option<bool>,
}

/// [GetRandomPassword]
pub(super) fn operation(input: Value) -> Result<Value, ApiError> {
    Ok(json!({ "RandomPassword": password(&wire::read(input)?)? }))
}

/// A password of the wanted form. It has a character of each allowed kind, unless the request says otherwise.
pub(super) fn password(wish: &Wish) -> Result<String, ApiError> {
    let length = wish.password_length.unwrap_or(32);
    if !(1..=4_096).contains(&length) {
        return Err(invalid("PasswordLength must be between 1 and 4096."));
    }
    let length = usize::try_from(length).unwrap_or_default();
    let kinds = [
        (LOWERCASE, wish.exclude_lowercase != Some(true)),
        (UPPERCASE, wish.exclude_uppercase != Some(true)),
        (NUMBERS, wish.exclude_numbers != Some(true)),
        (PUNCTUATION, wish.exclude_punctuation != Some(true)),
        (" ", wish.include_space == Some(true)),
    ];
    let allowed = |text: &str| -> Vec<char> {
        text.chars().filter(|character| !wish.exclude_characters.contains(*character)).collect()
    };
    let kinds: Vec<Vec<char>> =
        kinds.into_iter().filter(|(_, wanted)| *wanted).map(|(text, _)| allowed(text)).collect();
    let kinds: Vec<Vec<char>> = kinds.into_iter().filter(|kind| !kind.is_empty()).collect();
    let all: Vec<char> = kinds.concat();
    if all.is_empty() {
        return Err(invalid("The password has no characters left that it could be made of."));
    }
    let mut random = rand::rng();
    let mut characters: Vec<char> = Vec::with_capacity(length);
    if wish.require_each_included_type != Some(false) {
        if kinds.len() > length {
            return Err(invalid(format!(
                "A password of {length} characters cannot have one of each of {} kinds.",
                kinds.len()
            )));
        }
        characters.extend(kinds.iter().filter_map(|kind| kind.choose(&mut random)));
    }
    while characters.len() < length {
        characters.push(all[random.random_range(0..all.len())]);
    }
    characters.shuffle(&mut random);
    Ok(characters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_of_what_is_left() {
        let check = |wish: Value, fits: fn(&str) -> bool| {
            for _ in 0..50 {
                let password = password(&serde_json::from_value(wish.clone()).unwrap()).unwrap();
                assert!(fits(&password), "{wish}: {password}");
            }
        };
        check(json!({}), |it| {
            it.len() == 32
                && [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION]
                    .iter()
                    .all(|kind| it.contains(|c| kind.contains(c)))
        });
        check(json!({ "PasswordLength": "8", "ExcludePunctuation": true }), |it| {
            it.len() == 8 && it.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        check(json!({ "ExcludeCharacters": LOWERCASE, "ExcludeNumbers": true }), |it| {
            !it.contains(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
        check(json!({ "PasswordLength": 1, "RequireEachIncludedType": false }), |it| it.len() == 1);
        let refused = |wish: Value| password(&serde_json::from_value(wish).unwrap()).unwrap_err().code;
        assert_eq!(refused(json!({ "PasswordLength": 3 })), "InvalidParameterException");
        assert_eq!(refused(json!({ "PasswordLength": 5_000 })), "InvalidParameterException");
    }
}
