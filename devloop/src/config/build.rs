//! The `[build]` table: how functions are compiled and linked.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// The linker that the user chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LinkerChoice {
    /// The fastest linker that is installed and works.
    #[default]
    Auto,
    Wild,
    Mold,
    Lld,
    /// rustc's own.
    Default,
}

/// The settings about builds from one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BuildLayer {
    pub(crate) linker: Option<LinkerChoice>,
    /// How long cargo may say nothing before it counts as hanging, such as `10m`.
    #[serde(deserialize_with = "duration")]
    pub(crate) timeout: Option<Duration>,
    /// Whether functions keep the debug information that the profile gives them.
    pub(crate) debug: Option<bool>,
    /// Dependencies are linked once, into a shared object beside each function.
    pub(crate) prelink: Option<bool>,
    /// The next build's cargo is started before there is a next build.
    pub(crate) standby: Option<bool>,
}

impl BuildLayer {
    /// These settings; where one is not set, the weaker one counts.
    pub(super) fn over(self, weaker: Self) -> Self {
        Self {
            linker: self.linker.or(weaker.linker),
            timeout: self.timeout.or(weaker.timeout),
            debug: self.debug.or(weaker.debug),
            prelink: self.prelink.or(weaker.prelink),
            standby: self.standby.or(weaker.standby),
        }
    }
}

/// How functions are compiled and linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildSettings {
    pub(crate) linker: LinkerChoice,
    /// How long cargo may say nothing.
    pub(crate) timeout: Duration,
    /// Functions keep their debug information.
    pub(crate) debug: bool,
    /// Dependencies are linked once.
    pub(crate) prelink: bool,
    /// The next build's cargo is started before there is a next build.
    pub(crate) standby: bool,
}

/// The compiler may be silent for minutes over one crate, but hardly for ten.
const TIMEOUT: Duration = Duration::from_mins(10);

impl From<BuildLayer> for BuildSettings {
    fn from(layer: BuildLayer) -> Self {
        Self {
            linker: layer.linker.unwrap_or_default(),
            timeout: layer.timeout.unwrap_or(TIMEOUT),
            debug: layer.debug.unwrap_or(false),
            prelink: layer.prelink.unwrap_or(false),
            standby: layer.standby.unwrap_or(true),
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no duration; write it as `500ms`, `90s` or `10m`"))
    })
}

/// Reads a whole number and its unit. Zero is refused.
fn parse(text: &str) -> Option<Duration> {
    let unit = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number = number.parse::<u32>().ok().filter(|number| *number > 0)?;
    match unit.trim() {
        "ms" => Some(Duration::from_millis(number.into())),
        "s" => Some(Duration::from_secs(number.into())),
        "m" | "min" => Some(Duration::from_mins(number.into())),
        "h" => Some(Duration::from_hours(number.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse(text), expected.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn durations_are_text_with_a_unit() {
        check("500ms", Some(500));
        check("90s", Some(90_000));
        check("10m", Some(600_000));
        check("10 min", Some(600_000));
        check("1h", Some(3_600_000));
        for wrong in ["10", "", "m", "0s", "-1s", "1.5s", "9999999999s", "1 fortnight"] {
            check(wrong, None);
        }
    }
}
