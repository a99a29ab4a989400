//! Flags of `devloop doctor`.

use clap::Args;

/// Checks everything that a fast edit loop depends on, measures what can be measured, and names what is wrong with its fix.
///
/// It builds one function in a folder of its own and links it with every linker that is installed; what cargo and a running
/// session have built stays as it is. Exits 1 when something is wrong.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DoctorArguments {
    /// Prints one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
    /// Leaves the measured links out, which may have to build the function's dependencies first.
    #[arg(long, conflicts_with = "fix")]
    pub(crate) quick: bool,
    /// Shows what would be changed in devloop.toml, and changes it after a confirmation.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Confirms the change beforehand.
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
}
