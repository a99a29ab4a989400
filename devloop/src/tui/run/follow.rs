//! Asks for the pipeline's report and the workspace's commit while the screen is open.

use std::time::{Duration, Instant};

use crate::status::StatusSource;
use crate::tui::run::shared::Shared;
use crate::tui::screen::Commit;

/// How often the pipeline is asked while something happens.
const ASKING: Duration = Duration::from_secs(1);

/// How often the pipeline is asked while nothing happens.
const RESTING: Duration = Duration::from_secs(10);

/// How often the repository is looked at.
const LOOKING: Duration = Duration::from_secs(3);

/// After this many answers without news, it is assumed that nothing happens.
const QUIET: u32 = 3;

/// Shows the commit that `ask` returns, until this future is dropped.
pub(super) async fn follow_commit<A: Future<Output = Option<Commit>>>(shared: &Shared, ask: impl Fn() -> A) {
    loop {
        let began = Instant::now();
        let commit = ask().await;
        shared.refresh(|screen| screen.stands_on(commit));
        // A repository in which git takes long is looked at less often.
        tokio::time::sleep(LOOKING.max(began.elapsed() * 20)).await;
    }
}

/// Shows the pipeline's state, until this future is dropped.
pub(super) async fn follow(shared: &Shared, source: &dyn StatusSource) {
    let mut pace = Pace::default();
    loop {
        let report = source.report().await;
        let rest = report.as_ref().map_or(ASKING, |report| source.interval(report));
        pace.heard(shared.learn(report));
        tokio::time::sleep(rest.max(ASKING)).await;
        if pace.rests() {
            let _ = tokio::time::timeout(RESTING, shared.happened.notified()).await;
        }
    }
}

/// When the pipeline is asked: every second while answers bring news; after that only when something was announced, and every ten
/// seconds in any case.
#[derive(Default)]
struct Pace {
    /// Answers since the last news.
    quiet: u32,
}

impl Pace {
    fn heard(&mut self, news: bool) {
        self.quiet = if news { 0 } else { self.quiet.saturating_add(1) };
    }

    fn rests(&self) -> bool {
        self.quiet >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn a_pipeline_without_news_is_asked_less_often() {
        let mut pace = Pace::default();
        let mut check = |news: &[bool], rests: bool| {
            for news in news {
                pace.heard(*news);
            }
            assert_eq!(pace.rests(), rests, "{news:?}");
        };
        check(&[], false);
        check(&[true, false, false], false);
        check(&[false], true);
        check(&[false], true);
        check(&[true], false);
    }
}
