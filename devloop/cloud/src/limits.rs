//! Which limits the services apply that AWS throttles.

/// What limits the throughput of streams and tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    /// The machine alone; no request is throttled.
    #[default]
    Machine,
    /// AWS's quotas, so that a program is throttled here as it would be on AWS.
    Aws,
}
