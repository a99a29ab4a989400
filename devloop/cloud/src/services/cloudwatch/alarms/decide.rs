//! Which state an alarm gets from its data; pure [Configuring how CloudWatch alarms treat missing data].

/// The three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// The state by its name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.name() == name)
    }

    /// As the API writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

/// How many of the data must breach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// `EvaluationPeriods`.
    pub(super) periods: usize,
    /// `DatapointsToAlarm`.
    pub(super) datapoints: usize,
    pub(super) absent: Absent,
}

/// How many periods are looked at: more than are evaluated, so that data behind a gap can fill it. AWS does not say how many
/// more; these are as many as in the tables of its documentation.
pub(super) fn range(rule: Rule) -> usize {
    rule.periods + 2
}

/// The new state from whether the data breach, the newest first and `None` where there is none; `None` keeps the state.
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
        // All that is known breaches: enough when the oldest has stood for as long as it takes.
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

    /// The tables of the documentation: `0` fits, `X` breaches, `-` is missing; the newest comes last.
    #[test]
    fn the_tables_of_the_documentation() {
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
