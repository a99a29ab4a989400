//! What bounds the throughput of what a cloud makes: read by the services that AWS throttles.

/// What bounds throughput.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    /// The machine.
    #[default]
    Machine,
    /// AWS's quotas, so that a program meets their throttles here.
    Aws,
}
