//! How many files, pipes and connections this process may have open at once. Shells allow 1,024 as a rule, because select(2) can
//! watch no more; the system allows far more to whoever asks. Every running function takes a handful.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many are enough for a thousand functions and their clients.
pub(crate) const ENOUGH: u64 = 8_192;

/// Allows as many as the system does; returns how many that are.
pub(crate) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Without the right to it the limit stays as it is, and so does the advice.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let raised = super::raise();
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX));
    }
}
