//! The body of a request: a template with placeholders for what differs from one request to the next.

/// The reference's body; its `timestamp` in milliseconds, not in seconds.
const REFERENCE: &str = r#"{"id":"{id}","message":"Inbound request","timestamp":{timestamp}}"#;

/// The placeholders that a template may have.
const PLACES: [(&str, Part); 5] = [
    ("{id}", Part::Id),
    ("{vu}", Part::User),
    ("{iter}", Part::Iteration),
    ("{timestamp}", Part::Timestamp),
    ("{runId}", Part::Run),
];

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Id,
    User,
    Iteration,
    Timestamp,
    Run,
}

/// The values of one request's placeholders.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) run: &'a str,
    /// The virtual user, counted from 1.
    pub(crate) user: u32,
    /// The user's request, counted from 0.
    pub(crate) iteration: u32,
    /// Now, in ms since the epoch.
    pub(crate) timestamp: u64,
}

impl Values<'_> {
    pub(crate) fn id(&self) -> String {
        id(self.run, self.user, self.iteration)
    }
}

/// `<run>-<vu>-<iter>`.
pub(crate) fn id(run: &str, user: u32, iteration: u32) -> String {
    format!("{run}-{user}-{iteration}")
}

/// The user and the iteration in an id of this run.
pub(crate) fn parse_id(run: &str, id: &str) -> Option<(u32, u32)> {
    let (user, iteration) = id.strip_prefix(run)?.strip_prefix('-')?.split_once('-')?;
    Some((user.parse().ok()?, iteration.parse().ok()?))
}

impl Default for Payload {
    fn default() -> Self {
        Self::split(REFERENCE)
    }
}

impl Payload {
    /// Parses a template. The error is a fragment that says what it lacks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let payload = Self::split(text);
        if payload.0.contains(&Part::Id) {
            Ok(payload)
        } else {
            Err("it has no place {id}, by which every request is followed".to_owned())
        }
    }

    fn split(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let next = PLACES
                .iter()
                .filter_map(|(place, part)| Some((rest.find(place)?, place.len(), part)))
                .min_by_key(|(at, ..)| *at);
            let Some((at, length, part)) = next else { break };
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            parts.push(part.clone());
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Self(parts)
    }

    /// The body with the values filled in.
    pub(crate) fn fill(&self, values: Values<'_>) -> String {
        let mut body = String::with_capacity(128);
        for part in &self.0 {
            match part {
                Part::Text(text) => body.push_str(text),
                Part::Id => body.push_str(&values.id()),
                Part::User => body.push_str(&values.user.to_string()),
                Part::Iteration => body.push_str(&values.iteration.to_string()),
                Part::Timestamp => body.push_str(&values.timestamp.to_string()),
                Part::Run => body.push_str(values.run),
            }
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> = Values { run: "r-1", user: 3, iteration: 0, timestamp: 1_795_183_799_123 };

    #[test]
    fn the_reference_s_body_has_an_id_and_milliseconds() {
        assert_eq!(
            Payload::default().fill(VALUES),
            r#"{"id":"r-1-3-0","message":"Inbound request","timestamp":1795183799123}"#
        );
    }

    #[test]
    fn every_place_is_filled_wherever_it_stands() {
        let payload = Payload::parse("{id}{vu}/{iter} {runId} {timestamp}{id}{other}").unwrap();
        assert_eq!(payload.fill(VALUES), "r-1-3-03/0 r-1 1795183799123r-1-3-0{other}");
    }

    #[test]
    fn a_template_without_an_id_is_refused() {
        assert_eq!(
            Payload::parse("{vu}").unwrap_err(),
            "it has no place {id}, by which every request is followed"
        );
    }

    #[test]
    fn ids_come_back_as_they_were_made() {
        assert_eq!(parse_id("r-1", &id("r-1", 12, 345)), Some((12, 345)));
        for foreign in ["r-1", "r-1-2", "r-2-1-1", "r-1-x-1", "r-1-1-1-1"] {
            assert_eq!(parse_id("r-1", foreign), None, "{foreign}");
        }
    }
}
