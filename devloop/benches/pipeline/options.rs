//! The command line.

use std::time::Duration;

use clap::Parser;

use crate::load::{Pace, Plan};

/// Loads the example pipeline on the embedded cloud and reports rates, latencies and what they cost.
#[derive(Debug, Clone, Parser)]
#[command(name = "pipeline")]
pub(crate) struct Options {
    /// How long requests are sent.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) seconds: u64,
    /// Virtual users; each has a connection of its own.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) vus: usize,
    /// Sends so many requests a second whatever the answers do, and counts latency from the scheduled time [default: each
    /// user sends the next request when it has the answer to the last].
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<u32>,
    /// Stops after so many requests.
    #[arg(long, value_name = "N")]
    pub(crate) requests: Option<u64>,
    /// Load before the measurement begins.
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    warm_up: u64,
    /// How long the drained pipeline is watched doing nothing.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub(crate) idle: u64,
    /// How often the time to `ready` is measured.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) starts: usize,
    /// Cargo's profile for the functions.
    #[arg(long, default_value = "release", value_name = "PROFILE")]
    pub(crate) profile: String,
    /// Measures this program instead of the one that was built along.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: std::path::PathBuf,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// The load of the measurement, for the run of that name.
    pub(crate) fn plan(&self, run: &'static str) -> Plan {
        Plan {
            run,
            // The open model needs as many connections as answers may be outstanding.
            users: if self.rate.is_some() { self.vus.max(100) } else { self.vus },
            pace: self.rate.map_or(Pace::Closed, Pace::Open),
            duration: Some(Duration::from_secs(self.seconds)),
            requests: self.requests,
        }
    }

    /// How long the pipeline is loaded before the measurement.
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs(self.warm_up)
    }
}
