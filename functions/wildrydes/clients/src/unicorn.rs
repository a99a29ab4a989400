//! One unicorn and its sensors.

use std::f64::consts::TAU;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

/// Metres of a degree of latitude, and of longitude at the equator.
const METRES: (f64, f64) = (110_540.0, 111_320.0);

/// A unicorn that walks along one bearing.
#[derive(Debug)]
pub struct Unicorn {
    name: String,
    errors: bool,
    chance: StdRng,
    bearing: f64,
    latitude: f64,
    longitude: f64,
    health: i64,
    magic: i64,
    sent: u64,
}

impl Unicorn {
    /// A unicorn at the start of its walk. With `errors`, every fifth reading reports an error. The same seed makes the same walk.
    pub fn new(name: &str, errors: bool, seed: Option<u64>) -> Self {
        let mut chance = StdRng::seed_from_u64(seed.unwrap_or_else(rand::random));
        let bearing = chance.random_range(0.0..TAU);
        Self {
            name: name.to_owned(),
            errors,
            chance,
            bearing,
            latitude: 40.749_167,
            longitude: -73.985_184,
            health: 150,
            magic: 150,
            sent: 0,
        }
    }

    /// The next reading as a line of JSON; `time` is when it was taken.
    pub fn reading(&mut self, time: &str) -> String {
        let distance = self.chance.random_range(29.0..31.0);
        self.latitude += distance * self.bearing.sin() / METRES.0;
        self.longitude += distance * self.bearing.cos() / (METRES.1 * self.latitude.to_radians().cos());
        self.health += self.drift();
        self.magic += self.drift();
        self.sent += 1;
        let input = if self.errors && self.sent.is_multiple_of(5) { "Unicornerror" } else { "Unicorn" };
        let reading = json!({
            "Distance": distance, "HealthPoints": self.health, "InputData": input, "Latitude": self.latitude,
            "Longitude": self.longitude, "MagicPoints": self.magic, "Name": self.name, "StatusTime": time,
        });
        format!("{reading}\n")
    }

    /// -1 in a quarter of all cases, 1 in another quarter, otherwise 0.
    fn drift(&mut self) -> i64 {
        match self.chance.random_range(0..4) {
            0 => -1,
            3 => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_walk_goes_on_and_every_fifth_reading_is_bad() {
        let mut unicorn = Unicorn::new("Shadowfax", true, Some(7));
        let readings: Vec<Value> =
            (0..20).map(|_| serde_json::from_str(&unicorn.reading("t")).unwrap()).collect();
        let bad = readings.iter().filter(|reading| reading["InputData"] == "Unicornerror").count();
        assert_eq!(bad, 4);
        assert_eq!(readings[4]["InputData"], "Unicornerror");
        assert!(readings.iter().all(|reading| (29.0..31.0).contains(&reading["Distance"].as_f64().unwrap())));
        let metres = |reading: &Value| (reading["Latitude"].as_f64().unwrap() - 40.749_167) * METRES.0;
        let walked: f64 = readings.iter().map(|reading| reading["Distance"].as_f64().unwrap()).sum();
        assert!((metres(&readings[19]) / walked - unicorn.bearing.sin()).abs() < 1e-6);
        assert!((130..=170).contains(&readings[19]["HealthPoints"].as_i64().unwrap()));
    }

    #[test]
    fn the_same_seed_makes_the_same_walk() {
        let walk = |seed| Unicorn::new("a", false, seed).reading("t");
        assert_eq!(walk(Some(1)), walk(Some(1)));
        assert_ne!(walk(Some(1)), walk(Some(2)));
        assert!(walk(None).ends_with('\n'));
    }
}
