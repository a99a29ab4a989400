//! The state that is passed from call to call of a window: each unicorn's distance so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Above this many bytes of JSON, the oldest names are written and leave the state. Lambda would end the window at 1 MB.
const SPILL_BYTES: usize = 900 * 1024;
/// A share's JSON without its name, at most.
const SHARE_BYTES: usize = 128;

/// The state of one shard's window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(BTreeMap<String, Share>);

/// One unicorn's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Metres.
    pub d: f64,
    /// Readings.
    pub n: u64,
    /// Sequence number of the first of them, which names the share when it is written.
    pub f: String,
}

impl State {
    /// Adds a reading.
    pub fn add(&mut self, name: String, distance: f64, sequence: &str) {
        let share = self.0.entry(name).or_insert_with(|| Share { d: 0.0, n: 0, f: sequence.to_owned() });
        share.d += distance;
        share.n += 1;
    }

    /// Takes everything out of the state.
    pub fn take_all(&mut self) -> Vec<(String, Share)> {
        std::mem::take(&mut self.0).into_iter().collect()
    }

    /// Takes out as many of the oldest names as needed to make the state small enough; none if it is small enough already.
    pub fn take_oldest(&mut self) -> Vec<(String, Share)> {
        let mut taken = Vec::new();
        let mut bytes: usize = self.0.keys().map(|name| name.len() + SHARE_BYTES).sum();
        if bytes <= SPILL_BYTES {
            return taken;
        }
        let mut names: Vec<(String, String)> =
            self.0.iter().map(|(name, share)| (share.f.clone(), name.clone())).collect();
        // Sequence numbers of one shard are equally long, so their texts sort as the numbers do.
        names.sort_unstable();
        for (_, name) in names {
            if bytes <= SPILL_BYTES / 2 {
                break;
            }
            bytes -= name.len() + SHARE_BYTES;
            taken.extend(self.0.remove_entry(&name));
        }
        taken
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_its_names() {
        let mut state = State::default();
        state.add("Shadowfax".to_owned(), 29.5, "7");
        state.add("Shadowfax".to_owned(), 30.25, "8");
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(json, r#"{"Shadowfax":{"d":59.75,"n":2,"f":"7"}}"#);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        assert!(state.take_oldest().is_empty());
        assert_eq!(state.take_all().len(), 1);
        assert!(state.is_empty());
    }

    #[test]
    fn a_large_state_lets_its_oldest_names_go() {
        let mut state = State::default();
        for number in 0..6000 {
            state.add(format!("{number:0100}"), 1.0, &format!("{:06}", 10_000 - number));
        }
        let oldest = state.take_oldest();
        assert_eq!(oldest[0].0, format!("{:0100}", 5999), "the one with the smallest sequence number");
        assert!(serde_json::to_string(&state).unwrap().len() < SPILL_BYTES);
        assert_eq!(oldest.len() + state.take_all().len(), 6000);
    }
}
