//! How many files, pipes and connections this process may have open at once. Shells allow 1,024 as a rule, because select(2) can
//! watch no more; a process that asks may have far more. Every running function takes about six.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many are enough for a thousand functions and their clients.
pub(crate) const ENOUGH: u64 = 8_192;

/// Raises the limit as far as the system allows; returns the new limit.
pub(crate) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Without permission the limit stays as it is, and `devloop doctor` still advises to raise it.
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
