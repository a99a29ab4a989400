//! Concurrency: an account's limit of 1,000 concurrent invocations in a region, and the part that functions reserve
//! [Understanding Lambda function scaling; Configuring reserved concurrency for a function].

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::ApiError;

/// The concurrency limit of an account in one region [Lambda quotas].
pub(crate) const ACCOUNT: usize = 1000;

/// How much must remain for functions without a reservation [Configuring reserved concurrency for a function].
pub(crate) const UNRESERVED: usize = 100;

/// The reserved concurrency and the running unreserved invocations of one region.
#[derive(Debug, Default)]
pub(crate) struct Account(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The sum of all reservations.
    reserved: usize,
    /// Running invocations of functions without a reservation.
    running: usize,
}

/// One function's part of the account's concurrency. When the function is dropped, its reservation ends.
#[derive(Debug)]
pub(crate) struct Share {
    account: Arc<Account>,
    own: Mutex<Own>,
}

#[derive(Debug, Default)]
struct Own {
    reserved: Option<usize>,
    running: usize,
}

/// The right to run one invocation, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    share: Arc<Share>,
    /// Whether this counts as an unreserved invocation of the account. A later reservation of the function does not change
    /// it.
    is_unreserved: bool,
    /// Running invocations of the function, this one included.
    pub(crate) running: usize,
}

impl Account {
    /// The part of a function without a reservation.
    pub(crate) fn share(self: &Arc<Self>) -> Arc<Share> {
        Arc::new(Share { account: Arc::clone(self), own: Mutex::default() })
    }

    /// The concurrency that is left for functions without a reservation.
    pub(crate) fn unreserved(&self) -> usize {
        ACCOUNT.saturating_sub(self.0.lock().reserved)
    }
}

impl Share {
    /// Takes the right to run one more invocation; the error is a throttle.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Permit, ApiError> {
        let mut own = self.own.lock();
        let is_unreserved = match own.reserved {
            Some(limit) if own.running >= limit => {
                return Err(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"));
            }
            Some(_) => false,
            None => {
                let mut account = self.account.0.lock();
                if account.running >= ACCOUNT.saturating_sub(account.reserved) {
                    return Err(throttled("ConcurrentInvocationLimitExceeded"));
                }
                account.running += 1;
                true
            }
        };
        own.running += 1;
        Ok(Permit { share: Arc::clone(self), is_unreserved, running: own.running })
    }

    /// Sets the function's reserved concurrency, or removes it. Fails when too little would remain for other functions.
    /// Running invocations continue.
    pub(crate) fn reserve(&self, wanted: Option<usize>) -> Result<(), ApiError> {
        let mut own = self.own.lock();
        let mut account = self.account.0.lock();
        let others = account.reserved - own.reserved.unwrap_or(0);
        let reserved = others + wanted.unwrap_or(0);
        if wanted.is_some() && reserved > ACCOUNT - UNRESERVED {
            return Err(ApiError::client(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of [100].",
            ));
        }
        account.reserved = reserved;
        own.reserved = wanted;
        Ok(())
    }

    /// The function's reserved concurrency.
    pub(crate) fn reserved(&self) -> Option<usize> {
        self.own.lock().reserved
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let reserved = self.own.get_mut().reserved.unwrap_or(0);
        self.account.0.lock().reserved -= reserved;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.share.own.lock().running -= 1;
        if self.is_unreserved {
            self.share.account.0.lock().running -= 1;
        }
    }
}

fn throttled(reason: &str) -> ApiError {
    ApiError::with_status(429, "TooManyRequestsException", "Rate Exceeded.").detail("Reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(refused: Result<Permit, ApiError>) -> String {
        refused.unwrap_err().details["Reason"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_reservation_bounds_its_function_and_is_taken_from_the_others() {
        let account = Arc::new(Account::default());
        let (reserving, other) = (account.share(), account.share());
        reserving.reserve(Some(2)).unwrap();
        let permits = [reserving.enter().unwrap(), reserving.enter().unwrap()];
        assert_eq!(reason(reserving.enter()), "ReservedFunctionConcurrentInvocationLimitExceeded");
        let unreserved: Vec<_> = (0..ACCOUNT - 2).map(|_| other.enter().unwrap()).collect();
        assert_eq!(reason(other.enter()), "ConcurrentInvocationLimitExceeded");
        drop((permits, unreserved));
        assert_eq!(other.enter().unwrap().running, 1);
        assert_eq!(reserving.enter().unwrap().running, 1);
        drop(reserving);
        assert_eq!(account.unreserved(), ACCOUNT);
    }

    #[test]
    fn a_hundred_stay_for_functions_without_a_reservation() {
        let account = Arc::new(Account::default());
        let (one, other) = (account.share(), account.share());
        one.reserve(Some(500)).unwrap();
        assert!(other.reserve(Some(401)).is_err());
        other.reserve(Some(400)).unwrap();
        other.reserve(Some(10)).unwrap();
        other.reserve(None).unwrap();
        assert_eq!(account.unreserved(), 500);
    }

    #[test]
    fn a_permit_is_returned_to_the_pool_that_it_came_from() {
        let account = Arc::new(Account::default());
        let share = account.share();
        let before = share.enter().unwrap();
        share.reserve(Some(1)).unwrap();
        assert!(share.enter().is_err(), "running invocations count against the new reservation");
        drop(before);
        let within = share.enter().unwrap();
        share.reserve(None).unwrap();
        drop(within);
        assert_eq!(account.0.lock().running, 0);
    }
}
