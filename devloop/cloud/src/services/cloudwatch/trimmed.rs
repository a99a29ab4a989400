//! Statistics of a part of the values: trimmed and winsorized means, counts, sums and ranks [CloudWatch statistics
//! definitions].

use super::distribution::Ranked;

/// The kind of statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    TrimmedMean,
    WinsorizedMean,
    TrimmedCount,
    TrimmedSum,
    PercentileRank,
}

/// The part of the values that counts: above `from` and up to `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// Bounds in percent of the number of values, counted from the smallest.
    Percent { from: f64, to: f64 },
    /// Bounds as values.
    Values { from: f64, to: f64 },
}

/// Parses a statistic such as `tm90`, `TM(10%:90%)`, `TC(150:1000)`, `PR(:300)` or `IQM`.
pub(crate) fn parse(name: &str) -> Option<(Kind, Part)> {
    if name.eq_ignore_ascii_case("IQM") {
        return Some((Kind::TrimmedMean, Part::Percent { from: 25.0, to: 75.0 }));
    }
    let (kind, rest) = name.split_at_checked(2)?;
    let kind = match kind.to_ascii_uppercase().as_str() {
        "TM" => Kind::TrimmedMean,
        "WM" => Kind::WinsorizedMean,
        "TC" => Kind::TrimmedCount,
        "TS" => Kind::TrimmedSum,
        "PR" => Kind::PercentileRank,
        _ => return None,
    };
    let part = match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(bounds) => between(bounds)?,
        None => Part::Percent { from: 0.0, to: percent(rest)? },
    };
    let ordered = match part {
        Part::Percent { from, to } | Part::Values { from, to } => from < to,
    };
    // A percentile rank takes its bounds as values, not in percent.
    let fits = kind != Kind::PercentileRank || matches!(part, Part::Values { .. });
    (ordered && fits).then_some((kind, part))
}

fn between(bounds: &str) -> Option<Part> {
    let (from, to) = bounds.split_once(':')?;
    if from.is_empty() && to.is_empty() {
        return None;
    }
    if from.ends_with('%') || to.ends_with('%') {
        let bound = |text: &str, open: f64| match text.strip_suffix('%') {
            Some(number) => percent(number),
            None => text.is_empty().then_some(open),
        };
        return Some(Part::Percent { from: bound(from, 0.0)?, to: bound(to, 100.0)? });
    }
    let bound = |text: &str, open: f64| if text.is_empty() { Some(open) } else { number(text) };
    Some(Part::Values { from: bound(from, f64::NEG_INFINITY)?, to: bound(to, f64::INFINITY)? })
}

fn number(text: &str) -> Option<f64> {
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| digits)
}

fn percent(text: &str) -> Option<f64> {
    number(text).filter(|percent| (0.0..=100.0).contains(percent))
}

/// The statistic's value; `None` for a mean over a part without values.
///
/// AWS does not say how a bound in percent is rounded when it falls on a value; here that value counts fully.
pub(crate) fn of(kind: Kind, part: Part, ranked: &Ranked) -> Option<f64> {
    let total: f64 = ranked.values().iter().map(|(_, count)| count).sum();
    let (mut count, mut sum, mut below, mut above) = (0.0, 0.0, 0.0, 0.0);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut seen = 0.0;
    for (value, weight) in ranked.values() {
        let (inside, under) = match part {
            Part::Percent { from, to } => {
                // Keeps a bound such as 90 % of 10 from becoming 9.000000000000002.
                let first = (total * from / 100.0 + 1e-9).floor();
                let last = (total * to / 100.0 - 1e-9).ceil();
                let inside = (last.min(seen + weight) - first.max(seen)).max(0.0);
                (inside, (first - seen).clamp(0.0, *weight))
            }
            Part::Values { from, to } => {
                let inside = *value > from && *value <= to;
                (if inside { *weight } else { 0.0 }, if *value <= from { *weight } else { 0.0 })
            }
        };
        seen += weight;
        count += inside;
        sum += value * inside;
        below += under;
        above += weight - inside - under;
        if inside > 0.0 {
            (lowest, highest) = (lowest.min(*value), highest.max(*value));
        }
    }
    let (low_edge, high_edge) = match part {
        Part::Percent { .. } => (lowest, highest),
        Part::Values { from, to } => (from, to),
    };
    match kind {
        Kind::TrimmedCount => Some(count),
        Kind::TrimmedSum => Some(sum),
        Kind::PercentileRank => Some(count / total * 100.0),
        Kind::TrimmedMean => (count > 0.0).then(|| sum / count),
        Kind::WinsorizedMean => {
            let edges = if below > 0.0 { below * low_edge } else { 0.0 }
                + if above > 0.0 { above * high_edge } else { 0.0 };
            Some((sum + edges) / total).filter(|mean| mean.is_finite())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::cloudwatch::distribution::Distribution;

    #[test]
    fn parts_of_ten_values() {
        let mut values = Distribution::default();
        for value in 1..=10 {
            values.add(f64::from(value) * 10.0, 1.0);
        }
        let ranked = values.ranked().unwrap();
        let check = |name: &str, expected: f64| {
            let (kind, part) = parse(name).unwrap_or_else(|| panic!("{name} is a statistic"));
            let found = of(kind, part, &ranked).unwrap();
            assert!((found - expected).abs() < 1e-9, "{name}: {found}, not {expected}");
        };
        check("tm90", 50.0);
        check("TM(10%:90%)", 55.0);
        check("TM(:90%)", 50.0);
        check("TM(10%:)", 60.0);
        check("TM(20:50)", 40.0);
        check("tm95", 55.0);
        check("IQM", 55.0);
        check("tc90", 9.0);
        check("TC(20:50)", 3.0);
        check("TC(500:)", 0.0);
        check("ts90", 450.0);
        check("TS(80%:)", 190.0);
        check("wm90", 54.0);
        check("WM(10%:90%)", 55.0);
        check("WM(20:50)", 41.0);
        check("PR(:30)", 30.0);
        check("PR(30:)", 70.0);
        check("PR(30:60)", 30.0);
    }

    #[test]
    fn a_mean_of_nothing_has_no_value() {
        let mut values = Distribution::default();
        values.add(1.0, 1.0);
        let (kind, part) = parse("TM(5:9)").unwrap();
        assert_eq!(of(kind, part, &values.ranked().unwrap()), None);
    }

    #[test]
    fn names_that_are_not_statistics() {
        for name in [
            "tm",
            "tm101",
            "TM()",
            "TM(:)",
            "TM(9:5)",
            "TM(10%:20)",
            "pr90",
            "PR(1%:2%)",
            "xx90",
            "tm-5",
            "äb",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
