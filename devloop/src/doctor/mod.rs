//! Finds what slows the edit loop on this machine: `measure` reads and tries things, `judge` turns the readings into findings
//! without touching anything, `fix` proposes a setting. `commands` calls them.

mod fix;
mod judge;
mod links;
mod measure;
mod report;
mod toolchain;

#[cfg(test)]
mod tests;

pub(crate) use fix::{Proposal, propose};
pub(crate) use judge::{Readings, judge};
pub(crate) use links::{LinkOrder, measure_links};
pub(crate) use measure::{Subject, measure};
pub(crate) use report::text;
pub(crate) use toolchain::{lacks, versions};
