//! Parses flags of the form `-name value` or `-name=value`.

use std::collections::BTreeMap;

/// The given flags, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(BTreeMap<String, String>);

impl Flags {
    /// Reads the arguments; the error says which of them is not in `known`, or has no value.
    pub fn parse(arguments: impl IntoIterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut flags = BTreeMap::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let usage = || {
                format!(
                    "the flags are {}",
                    known.iter().map(|name| format!("-{name}")).collect::<Vec<_>>().join(", ")
                )
            };
            let Some(flag) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
                return Err(format!("{argument} is not a flag; {}", usage()));
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            if !known.contains(&name) {
                return Err(format!("there is no flag -{name}; {}", usage()));
            }
            let value = value.or_else(|| arguments.next()).ok_or_else(|| format!("-{name} needs a value"))?;
            flags.insert(name.to_owned(), value);
        }
        Ok(Self(flags))
    }

    /// A flag's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A flag's value, or a default.
    pub fn or(&self, name: &str, otherwise: &str) -> String {
        self.get(name).unwrap_or(otherwise).to_owned()
    }

    /// A flag's value as a number.
    pub fn number(&self, name: &str, otherwise: u64) -> Result<u64, String> {
        let Some(text) = self.get(name) else { return Ok(otherwise) };
        text.parse().map_err(|_| format!("-{name} needs a whole number, not {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        Flags::parse(arguments.iter().map(|&text| text.to_owned()), &["name", "msgs"])
    }

    #[test]
    fn one_dash_or_two_and_with_or_without_an_equals_sign() {
        for arguments in [&["-name", "Zoë", "-msgs", "3"][..], &["--name=Zoë", "-msgs=3"]] {
            let flags = parse(arguments).unwrap();
            assert_eq!((flags.get("name"), flags.number("msgs", 9)), (Some("Zoë"), Ok(3)));
        }
        assert_eq!(parse(&[]).unwrap().or("name", "Shadowfax"), "Shadowfax");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |arguments: &[&str], expected: &str| assert_eq!(parse(arguments).unwrap_err(), expected);
        check(&["-size", "1"], "there is no flag -size; the flags are -name, -msgs");
        check(&["name"], "name is not a flag; the flags are -name, -msgs");
        check(&["-name"], "-name needs a value");
        let error = parse(&["-msgs", "many"]).unwrap().number("msgs", 1).unwrap_err();
        assert_eq!(error, "-msgs needs a whole number, not many");
    }
}
