//! `samconfig.toml`, in which SAM's own tool finds its template and parameters [AWS SAM CLI configuration file, AWS SAM Developer
//! Guide].

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use crate::error::UserError;

/// The settings of the file that devloop uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SamConfig {
    /// The template's file.
    pub(super) template: Option<String>,
    /// Values of its parameters.
    pub(super) parameters: BTreeMap<String, String>,
}

impl SamConfig {
    /// Reads the folder's file; a missing one sets nothing.
    pub(super) fn read(folder: &Path) -> Result<Self, UserError> {
        let path = folder.join("samconfig.toml");
        match devloop_system::files::read_text(&path) {
            Ok(text) => Self::parse(&text)
                .map_err(|why| UserError::usage("config_invalid", format!("read {}: {why}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => {
                Err(UserError::usage("config_invalid", format!("read {}: {error}", path.display())))
            }
        }
    }

    /// Reads the environment `default`; settings of `deploy` override those of all commands.
    fn parse(text: &str) -> Result<Self, String> {
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let mut config = Self::default();
        for command in ["global", "local_start_api", "deploy"] {
            let settings = file.get("default").and_then(|it| it.get(command)?.get("parameters"));
            let Some(settings) = settings else { continue };
            for name in ["template", "template_file"] {
                if let Some(template) = settings.get(name).and_then(Value::as_str) {
                    config.template = Some(template.to_owned());
                }
            }
            if let Some(overrides) = settings.get("parameter_overrides") {
                config.parameters.extend(pairs(overrides)?);
            }
        }
        Ok(config)
    }
}

/// Reads `A=1 B=2` as one text or as a list, or `ParameterKey=A,ParameterValue=1`.
fn pairs(overrides: &Value) -> Result<BTreeMap<String, String>, String> {
    let words = match overrides {
        Value::String(text) => words(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).flat_map(words).collect(),
        Value::Table(table) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return Ok(table.iter().map(|(name, value)| (name.clone(), text(value))).collect());
        }
        _ => return Err("parameter_overrides is neither a text nor a list".to_owned()),
    };
    let pair = |word: String| {
        let long = word.strip_prefix("ParameterKey=").and_then(|rest| rest.split_once(",ParameterValue="));
        let found = long.or_else(|| word.split_once('='));
        let (name, value) =
            found.ok_or_else(|| format!("parameter_overrides has `{word}`, which is no NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    words.into_iter().map(pair).collect()
}

/// The words of a text; spaces in quotes do not separate words.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for character in text.chars() {
        match (character, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            (c, None) if c.is_whitespace() => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            (c, _) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::SamConfig;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = SamConfig::parse(text).unwrap().parameters;
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn parameters_are_read_in_every_form() {
        let with = |value: &str| {
            format!("version = 0.1\n[default.deploy.parameters]\nparameter_overrides = {value}\n")
        };
        check("", &[]);
        check(&with(r#""A=1 B=\"two words\"""#), &[("A", "1"), ("B", "two words")]);
        check(&with(r#"["A=1", "B=x=y"]"#), &[("A", "1"), ("B", "x=y")]);
        check(&with(r#""ParameterKey=A,ParameterValue=1""#), &[("A", "1")]);
        check(
            "[default.global.parameters]\nparameter_overrides = 'A=1 B=1'\n[default.deploy.parameters]\nparameter_overrides = 'A=2'\n",
            &[("A", "2"), ("B", "1")],
        );
        assert!(SamConfig::parse(&with(r#""A""#)).unwrap_err().contains("no NAME=VALUE"));
    }
}
