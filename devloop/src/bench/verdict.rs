//! What the figures mean: which stage limits the rate, and whether the generator could send as planned.

use crate::bench::document::{Counts, Saturated, Stage};
use crate::bench::plan::Pace;

/// A backlog at the load's end above this share of the accepted requests means that a later stage does not keep up.
const BACKLOG: f64 = 0.05;

/// A backlog of this many requests is normal: some are always on their way.
const FEW: u64 = 20;

/// At least this share of the due requests must have been sent.
const SENT: f64 = 0.95;

/// A generator that uses more of a core than this cannot send on time.
const CPU: f64 = 0.95;

/// If the 99th percentile of the generator's own delay is above this, in ms, the generator measures itself and not the pipeline.
const DELAY: f64 = 50.0;

/// Facts about the load besides its counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadFacts {
    /// How requests were sent.
    pub(crate) pace: Pace,
    /// How many users.
    pub(crate) users: u32,
    /// For how long, in s.
    pub(crate) seconds: f64,
    /// The share of their time that users waited for answers.
    pub(crate) waiting: f64,
    /// The generator's processor time as a share of a core; unknown where there is no /proc.
    pub(crate) cpu: Option<f64>,
    /// The 99th percentile of the generator's own delay in ms.
    pub(crate) delay: f64,
}

/// Why the generator's times are not the pipeline's; `None` if they are.
pub(crate) fn generator(counts: &Counts, facts: &LoadFacts) -> Option<String> {
    let due = counts.sent + counts.missed;
    if matches!(facts.pace, Pace::Open(_)) && (counts.sent as f64) < due as f64 * SENT {
        return Some(format!(
            "only {} of {due} requests that were due were sent: all {} connections waited for answers",
            counts.sent, facts.users
        ));
    }
    if let Some(cpu) = facts.cpu.filter(|cpu| *cpu > CPU) {
        return Some(format!("it used {:.0} % of a core", cpu * 100.0));
    }
    (facts.delay > DELAY).then(|| {
        format!("one request in a hundred was sent {:.0} ms late or more by its own delay", facts.delay)
    })
}

/// The stage that limits the rate; `None` if nothing does at this rate. `busy` is the share of the load's time that each
/// stage's function was at work, summed over its processes.
pub(crate) fn saturated(
    stages: &[Stage],
    counts: &Counts,
    busy: &[Option<f64>],
    facts: &LoadFacts,
) -> Option<Saturated> {
    let behind = stages.iter().zip(busy).skip(1).max_by_key(|(stage, _)| stage.backlog);
    if let Some((stage, busy)) = behind
        && counts.backlog > FEW
        && counts.backlog as f64 > counts.accepted as f64 * BACKLOG
    {
        let seconds = facts.seconds.max(0.001);
        // The requests that arrived at the stage during the load, and those that left it.
        let position = stages.iter().position(|other| other.name == stage.name).unwrap_or(1);
        let behind: u64 = stages[1..position].iter().map(|stage| stage.backlog).sum();
        let came = counts.accepted.saturating_sub(behind);
        let went = came.saturating_sub(stage.backlog);
        let busy = busy.map_or(String::new(), |busy| {
            format!("; {} was at work {:.0} % of the time", stage.function, busy * 100.0)
        });
        return Some(Saturated {
            stage: stage.name.clone(),
            reason: format!(
                "{:.0}/s came and {:.0}/s went, so that {} waited when the load ended{busy}",
                came as f64 / seconds,
                went as f64 / seconds,
                stage.backlog,
            ),
        });
    }
    let first = stages.first()?;
    match facts.pace {
        Pace::Closed if counts.accepted > 0 => Some(Saturated {
            stage: first.name.clone(),
            reason: format!(
                "the stages behind it keep up ({} on their way when the load ended), and the {} users waited for its \
                 answer {:.0} % of the time: more users or a faster {} would bring more",
                counts.backlog,
                facts.users,
                facts.waiting * 100.0,
                first.function,
            ),
        }),
        Pace::Open(_) if (counts.sent as f64) < (counts.sent + counts.missed) as f64 * SENT => {
            Some(Saturated {
                stage: first.name.clone(),
                reason: format!(
                    "the stages behind it keep up, and {} requests could not be sent because no answer came in time",
                    counts.missed
                ),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &str, function: &str, backlog: u64) -> Stage {
        Stage { name: name.into(), function: function.into(), backlog, ..Stage::default() }
    }

    fn facts(pace: Pace) -> LoadFacts {
        LoadFacts { pace, users: 10, seconds: 10.0, waiting: 0.98, cpu: Some(0.2), delay: 1.0 }
    }

    fn check(pace: Pace, backlogs: [u64; 2], expected: Option<(&str, &str)>) {
        let stages = [
            stage("gateway_to_stream", "upstream", 0),
            stage("stream_to_store", "midstream", backlogs[0]),
            stage("store_to_sink", "downstream", backlogs[1]),
        ];
        let counts =
            Counts { sent: 1000, accepted: 1000, backlog: backlogs.iter().sum(), ..Counts::default() };
        let seen = saturated(&stages, &counts, &[Some(0.3), Some(0.99), Some(0.5)], &facts(pace));
        assert_eq!(seen.as_ref().map(|seen| seen.stage.as_str()), expected.map(|(stage, _)| stage));
        if let (Some(seen), Some((_, reason))) = (seen, expected) {
            assert!(seen.reason.contains(reason), "{}", seen.reason);
        }
    }

    #[test]
    fn the_stage_with_the_growing_backlog_is_named() {
        check(
            Pace::Closed,
            [600, 10],
            Some((
                "stream_to_store",
                "100/s came and 40/s went, so that 600 waited when the load ended; midstream was at work 99 %",
            )),
        );
        check(Pace::Open(100.0), [50, 300], Some(("store_to_sink", "95/s came and 65/s went")));
    }

    #[test]
    fn without_a_backlog_a_closed_load_waits_for_the_first_stage_and_an_open_one_for_none() {
        check(Pace::Closed, [5, 5], Some(("gateway_to_stream", "the 10 users waited for its answer 98 %")));
        check(Pace::Open(100.0), [5, 5], None);
    }

    #[test]
    fn a_generator_that_could_not_keep_up_says_why() {
        let check = |counts: Counts, facts: LoadFacts, expected: Option<&str>| {
            let seen = generator(&counts, &facts);
            match expected {
                Some(expected) => assert!(seen.as_ref().unwrap().contains(expected), "{seen:?}"),
                None => assert_eq!(seen, None),
            }
        };
        let open = facts(Pace::Open(100.0));
        let counts = |sent, missed| Counts { sent, missed, ..Counts::default() };
        check(counts(96, 4), open, None);
        check(counts(94, 6), open, Some("only 94 of 100 requests"));
        check(counts(100, 0), LoadFacts { cpu: Some(0.97), ..open }, Some("97 % of a core"));
        check(counts(100, 0), LoadFacts { delay: 61.0, ..open }, Some("61 ms late"));
        check(counts(100, 0), LoadFacts { cpu: None, ..facts(Pace::Closed) }, None);
    }
}
