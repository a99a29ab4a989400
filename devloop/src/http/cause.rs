//! Why a request found nobody.

/// The last of the causes, which is the operating system's word; the ones before it only say that there is one.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::cause;

    #[derive(Debug, thiserror::Error)]
    #[error("something about a connection")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_innermost_error_is_told() {
        assert_eq!(cause(&Outer(io::Error::other("refused"))), "refused");
        assert_eq!(cause(&io::Error::other("alone")), "alone");
    }
}
