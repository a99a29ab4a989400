//! Work that takes time on purpose, for comparing many small functions with one.

use std::time::Duration;

use functions_common::{StartError, optional};

/// How long each word takes besides its transformation (`DELAY_MS`, 0 by default).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delay(pub Duration);

impl Delay {
    /// Reads `DELAY_MS`.
    pub fn from_env() -> Result<Self, StartError> {
        let Some(text) = optional("DELAY_MS") else { return Ok(Self::default()) };
        match text.parse() {
            Ok(ms) => Ok(Self(Duration::from_millis(ms))),
            Err(_) => Err(StartError::Unsupported {
                name: "DELAY_MS",
                value: text,
                supported: "it is a number of milliseconds",
            }),
        }
    }

    /// Waits for that time.
    pub async fn take(self) {
        if !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
    }
}
