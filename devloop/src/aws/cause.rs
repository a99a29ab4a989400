//! Why a request got no answer.

/// The innermost cause: the operating system's message. The outer ones only say that there is a cause.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// The error and its causes, from the outside in.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{cause, chain};

    #[derive(Debug, thiserror::Error)]
    #[error("something about a connection")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_innermost_error_is_told_alone_or_at_the_end() {
        assert_eq!(cause(&Outer(io::Error::other("refused"))), "refused");
        assert_eq!(cause(&io::Error::other("alone")), "alone");
        assert_eq!(chain(&Outer(io::Error::other("refused"))), "something about a connection: refused");
    }
}
