//! The places where functions can run.

/// A place where functions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// The embedded cloud, in this process.
    Embedded,
    /// `LocalStack`, or a server that behaves as it does.
    Localstack,
    /// Lambda itself. Only the command line can ask for it.
    Aws,
}

impl TargetKind {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Localstack => "localstack",
            Self::Aws => "aws",
        }
    }
}
