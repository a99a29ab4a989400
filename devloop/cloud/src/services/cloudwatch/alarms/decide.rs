//! Decides an alarm's state from its data. Pure [Configuring how CloudWatch alarms treat missing data].

/// The states of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// The state with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.name() == name)
    }

    /// The name of the state in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// How a period without data is treated (`TreatMissingData`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

/// How many data points must breach the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// `EvaluationPeriods`.
    pub(super) periods: usize,
    /// `DatapointsToAlarm`.
    pub(super) datapoints: usize,
    pub(super) absent: Absent,
}

/// The evaluation range, in periods. It is longer than what is evaluated, so that older data points can stand in for
/// missing ones. AWS does not say how much longer; two periods agree with the tables of its documentation.
pub(super) fn range(rule: Rule) -> usize {
    rule.periods + 2
}

/// The new state. `breaches` says for each period, the newest first, whether its data point breaches the threshold; `None`
/// is a missing point. Returns `None` when the state stays.
pub(super) fn decide(rule: Rule, breaches: &[Option<bool>]) -> Option<State> {
    let known: Vec<(usize, bool)> = breaches
        .iter()
        .enumerate()
        .filter_map(|(index, breach)| Some((index, (*breach)?)))
        .take(rule.periods)
        .collect();
    let breaching = known.iter().filter(|(_, breach)| *breach).count();
    let to_fill = rule.periods - known.len();
    if breaching >= rule.datapoints {
        return Some(State::Alarm);
    }
    if to_fill == 0 {
        return Some(State::Ok);
    }
    match rule.absent {
        Absent::Breaching if breaching + to_fill >= rule.datapoints => Some(State::Alarm),
        Absent::NotBreaching | Absent::Breaching => Some(State::Ok),
        Absent::Missing if known.is_empty() => Some(State::InsufficientData),
        Absent::Ignore if known.is_empty() => None,
        Absent::Missing | Absent::Ignore if breaching < known.len() => Some(State::Ok),
        // All known points breach. That is enough if the oldest of them is at least `datapoints` periods old.
        Absent::Missing => {
            let oldest = known.last().map_or(0, |(index, _)| index + 1);
            (oldest >= rule.datapoints).then_some(State::Alarm)
        }
        Absent::Ignore => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of the documentation: `0` does not breach, `X` breaches, `-` is missing. The newest point is the last
    /// one.
    #[test]
    fn states_are_those_in_the_tables_of_the_documentation() {
        const KEEP: Option<State> = None;
        const OK: Option<State> = Some(State::Ok);
        const ALARM: Option<State> = Some(State::Alarm);
        const NONE: Option<State> = Some(State::InsufficientData);
        let check = |datapoints: usize, data: &str, expected: [Option<State>; 4]| {
            let breaches: Vec<_> = data
                .chars()
                .rev()
                .map(|sign| match sign {
                    '-' => None,
                    sign => Some(sign == 'X'),
                })
                .collect();
            let kinds = [Absent::Missing, Absent::Ignore, Absent::Breaching, Absent::NotBreaching];
            let found = kinds.map(|absent| decide(Rule { periods: 3, datapoints, absent }, &breaches));
            assert_eq!(found, expected, "{datapoints} of 3, {data}");
        };
        check(3, "0-X-X", [OK; 4]);
        check(3, "0----", [OK; 4]);
        check(3, "-----", [NONE, KEEP, ALARM, OK]);
        check(3, "0XX-X", [ALARM; 4]);
        check(3, "--X--", [ALARM, KEEP, ALARM, OK]);
        check(3, "----X", [KEEP, KEEP, ALARM, OK]);
        check(2, "0-X-X", [ALARM; 4]);
        check(2, "00X0X", [ALARM; 4]);
        check(2, "0-X--", [OK, OK, ALARM, OK]);
        check(2, "----0", [OK, OK, ALARM, OK]);
        check(2, "---X-", [ALARM, KEEP, ALARM, OK]);
    }
}
