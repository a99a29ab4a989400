//! Tells `devloop status` and the status pane which functions the session builds for the first time.

use std::io;

use crate::engine::{FunctionState, Millis, Notice, State};
use crate::observe::FirstBuilds;
use crate::sink::Sink;

/// A sink that follows the functions' states.
pub(super) struct FirstBuildSink(pub(super) FirstBuilds);

impl Sink for FirstBuildSink {
    fn tell(&mut self, _at: Millis, notice: &Notice, state: &State) -> io::Result<()> {
        if changes_a_function(notice) {
            let unbuilt = state.functions.iter().filter(|(_, function)| is_first_build(function));
            self.0.tell(unbuilt.map(|(name, _)| name.clone()).collect());
        }
        Ok(())
    }
}

/// Whether the notice can change a function's state. Lines of logs and of compilers come by the thousand and cannot.
fn changes_a_function(notice: &Notice) -> bool {
    !matches!(notice, Notice::Log { .. } | Notice::Progress { .. } | Notice::Diagnostic { .. })
}

/// Whether the function has no code yet, and its first build is not over.
fn is_first_build(function: &FunctionState) -> bool {
    let is_on_its_way = matches!(function, FunctionState::Unbuilt) || function.is_on_its_way();
    is_on_its_way && function.serving().code.is_none()
}

#[cfg(test)]
mod tests {
    use super::is_first_build;
    use crate::engine::{Digest, Failure, FunctionState, Serving};

    #[test]
    fn a_function_is_built_for_the_first_time_until_it_answers_or_has_failed() {
        let check = |function: FunctionState, expected| {
            assert_eq!(is_first_build(&function), expected, "{function:?}");
        };
        let digest = Digest::new("91c2".repeat(16));
        let serving = Serving { code: Some((digest.clone(), 1)), in_place: true };
        let none = Serving::default;
        check(FunctionState::Unbuilt, true);
        check(FunctionState::Building { generation: 1, serving: none() }, true);
        check(FunctionState::Swapping { generation: 1, serving: none() }, true);
        check(FunctionState::Building { generation: 2, serving }, false);
        check(FunctionState::Live { digest, since: 1 }, false);
        check(FunctionState::Failed { generation: 1, failure: Failure::Build, serving: none() }, false);
    }
}
