//! Settings from all sources, from the weakest to the strongest:
//! defaults < `[workspace.metadata.devloop]` in `Cargo.toml` < `devloop.toml` < environment < command line.
//!
//! `session` resolves them once at the start.

mod build;
mod environment;
mod layer;
mod settings;
mod target_kind;

pub(crate) use build::{BuildLayer, BuildSettings, LinkerChoice};
pub(crate) use environment::{
    Environment, editor, environment_of_a_load, no_color, panicking_thread, terminal_draws, terminal_is_utf8,
    variables,
};
pub(crate) use layer::{LatencyMetric, Layer};
pub(crate) use settings::Settings;
pub(crate) use target_kind::TargetKind;
