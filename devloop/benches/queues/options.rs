//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
mod common;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::common::needed::{self, built};
use self::common::{Measured, Peer};

/// The function that stores a word for each message.
pub(crate) const FUNCTION: &str = "distributed-process";

/// Measures queues and topics of devloop's cloud and of another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "queues")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) other: Peer,
    /// How many messages devloop gets in a round; five times as many where only the queue works.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) messages: usize,
    /// How many messages the other one gets, which takes longer for each.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) peer_messages: usize,
    /// What to measure: `alone`, `chain-1`, `chain-10`, `fan-out`; all of them without it.
    #[arg(long, value_name = "WHAT", value_parser = What::parse)]
    only: Vec<What>,
    /// Fails when a wanted rate is missed.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where the functions' binaries lie.
    #[arg(long, default_value_os_t = built(), value_name = "FOLDER")]
    functions: PathBuf,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Send, receive and delete in batches of ten.
    Alone,
    /// Send, mapping with this batch size, function, table.
    Chain(usize),
    /// One topic, ten queues.
    FanOut,
}

impl What {
    const ALL: [Self; 4] = [Self::Alone, Self::Chain(1), Self::Chain(10), Self::FanOut];

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "alone" => Ok(Self::Alone),
            "chain-1" => Ok(Self::Chain(1)),
            "chain-10" => Ok(Self::Chain(10)),
            "fan-out" => Ok(Self::FanOut),
            _ => Err("it is alone, chain-1, chain-10 or fan-out".to_owned()),
        }
    }

    /// The title of its table.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Alone => "send, receive and delete in batches of ten".to_owned(),
            Self::Chain(batch) => format!("send → mapping with batch {batch} → process → table"),
            Self::FanOut => "publish → ten queues (each delivery is a message)".to_owned(),
        }
    }

    /// How many messages a second are wanted of devloop at least; a fan-out is only compared with the peer's.
    pub(crate) fn wanted(self) -> Option<f64> {
        match self {
            Self::Alone => Some(30_000.0),
            Self::Chain(1) => Some(2_000.0),
            Self::Chain(_) => Some(8_000.0),
            Self::FanOut => None,
        }
    }
}

impl Options {
    /// What to measure, in order.
    pub(crate) fn what(&self) -> Vec<What> {
        What::ALL.into_iter().filter(|what| self.only.is_empty() || self.only.contains(what)).collect()
    }

    /// Checks that the programs exist. The error says what is missing and how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        self.other.must_start()?;
        self.zip().map(drop)
    }

    /// The function's binary as a zip for Lambda.
    pub(crate) fn zip(&self) -> Result<Vec<u8>> {
        needed::zip(&self.functions.join(FUNCTION), &format!("cargo build --release -p {FUNCTION}"))
    }
}
