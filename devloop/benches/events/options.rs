//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
mod common;

use anyhow::Result;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};

use self::common::{Measured, Peer};

/// Measures events through rules into queues, of devloop's cloud and of another local AWS by turns, and the cost of idle schedules.
#[derive(Debug, Clone, Parser)]
#[command(name = "events")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) other: Peer,
    /// How many entries devloop gets in a round.
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) entries: usize,
    /// How many entries the other one gets, which takes longer for each.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) peer_entries: usize,
    /// Connections that put; each waits for its answers.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) connections: usize,
    /// For how long an idle cloud is measured. Beyond 50 s, schedules would become due meanwhile.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..=50))]
    pub(crate) idle: u64,
    /// Measures only this.
    #[arg(long, value_name = "WHAT")]
    only: Option<What>,
    /// Fails when a wanted figure is missed.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Events through rules into queues.
    Puts,
    /// Schedules of which none is due.
    Idle,
}

impl Options {
    /// Whether events are sent.
    pub(crate) fn wants_puts(&self) -> bool {
        self.only != Some(What::Idle)
    }

    /// Whether idle schedules are measured.
    pub(crate) fn wants_idle(&self) -> bool {
        self.only != Some(What::Puts)
    }

    /// Checks that the other program exists. The error says how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.wants_puts() { self.other.must_start() } else { Ok(()) }
    }
}
