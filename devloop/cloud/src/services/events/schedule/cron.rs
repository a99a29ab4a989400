//! Cron expressions, with six fields: minutes, hours, day of month, month, day of week, year.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Date, Weekday, date, time},
    tz::{AmbiguousOffset, TimeZone},
};

use super::{Malformed, malformed};

/// A cron expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

/// The days of a month. One of the two fields for days must be `?`.
#[derive(Debug, Clone, PartialEq)]
enum Days {
    /// These days of the month.
    Of(BTreeSet<i16>),
    /// `L`: the last day.
    Last,
    /// `15W`: the weekday closest to the 15th in the same month.
    Near(i16),
    /// These days of the week; Sunday is 1.
    Week(BTreeSet<i16>),
    /// `6L`: the last Friday.
    LastOf(i16),
    /// `3#2`: the second Tuesday.
    Nth(i16, i16),
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEK: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Cron {
    /// Parses the text between the parentheses.
    pub(super) fn read(text: &str) -> Result<Self, Malformed> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day, month, weekday, year] = fields[..] else {
            return Err(malformed(format_args!("cron(…) has six fields, and `{text}` has {}", fields.len())));
        };
        let days = match (day, weekday) {
            (day, "?") if day != "?" => of_month(day)?,
            ("?", weekday) if weekday != "?" => of_week(weekday)?,
            _ => {
                return Err(malformed(
                    "one of day-of-month and day-of-week must be `?`, and the other one a day or `*`",
                ));
            }
        };
        Ok(Self {
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days,
            months: set(month, 1, 12, &MONTHS)?,
            years: set(year, 1970, 2199, &[])?,
        })
    }

    /// The first time after `after_ms`, in ms since the epoch.
    pub(super) fn next(&self, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        let start = Timestamp::from_millisecond(after_ms).ok()?.to_zoned(zone.clone()).date();
        for year in self.years.range(start.year()..) {
            for month in &self.months {
                if (*year, *month) < (start.year(), i16::from(start.month())) {
                    continue;
                }
                for day in self.days.of(date(*year, *month as i8, 1)) {
                    if day < start {
                        continue;
                    }
                    if let Some(at_ms) = self.on(day, after_ms, zone) {
                        return Some(at_ms);
                    }
                }
            }
        }
        None
    }

    /// The first time on a day that is after `after_ms`. A time that daylight saving time skips does not occur, and a time
    /// that occurs twice counts once, the first time [Daylight savings time on EventBridge Scheduler].
    fn on(&self, day: Date, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        let times =
            self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        for (hour, minute) in times {
            let at = day.to_datetime(time(hour as i8, minute as i8, 0, 0));
            let ambiguous = zone.to_ambiguous_timestamp(at);
            if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
                continue;
            }
            let at_ms = ambiguous.earlier().ok()?.as_millisecond();
            if at_ms > after_ms {
                return Some(at_ms);
            }
        }
        None
    }
}

impl Days {
    /// The matching days of the month that starts with `first`, in order.
    fn of(&self, first: Date) -> Vec<Date> {
        let last = first.last_of_month();
        let all = || (0..last.day()).map(|ahead| date(first.year(), first.month(), ahead + 1));
        match self {
            Self::Of(days) => all().filter(|day| days.contains(&i16::from(day.day()))).collect(),
            Self::Last => vec![last],
            Self::Near(day) => {
                let Some(day) = all().find(|found| i16::from(found.day()) == *day) else { return Vec::new() };
                let ahead = match day.weekday() {
                    Weekday::Saturday if day.day() == 1 => 2,
                    Weekday::Saturday => -1,
                    Weekday::Sunday if day == last => -2,
                    Weekday::Sunday => 1,
                    _ => 0,
                };
                vec![date(day.year(), day.month(), day.day() + ahead)]
            }
            Self::Week(days) => all().filter(|day| days.contains(&weekday(*day))).collect(),
            Self::LastOf(wanted) => all().rfind(|day| weekday(*day) == *wanted).into_iter().collect(),
            Self::Nth(wanted, nth) => {
                let mut found = all().filter(|day| weekday(*day) == *wanted);
                found.nth(*nth as usize - 1).into_iter().collect()
            }
        }
    }
}

/// The day of the week as cron counts it, with Sunday as 1.
fn weekday(day: Date) -> i16 {
    i16::from(day.weekday().to_sunday_one_offset())
}

fn of_month(field: &str) -> Result<Days, Malformed> {
    if field == "L" {
        return Ok(Days::Last);
    }
    match field.strip_suffix('W') {
        Some(day) => number(day, 1, 31, &[]).map(Days::Near),
        None => set(field, 1, 31, &[]).map(Days::Of),
    }
}

fn of_week(field: &str) -> Result<Days, Malformed> {
    if let Some((day, nth)) = field.split_once('#') {
        return Ok(Days::Nth(number(day, 1, 7, &WEEK)?, number(nth, 1, 5, &[])?));
    }
    match field.strip_suffix('L') {
        Some("") => Ok(Days::Week(BTreeSet::from([7]))),
        Some(day) => number(day, 1, 7, &WEEK).map(Days::LastOf),
        None => set(field, 1, 7, &WEEK).map(Days::Week),
    }
}

/// The values of a field such as `1,5-9,0/15`.
fn set(field: &str, least: i16, most: i16, names: &[&str]) -> Result<BTreeSet<i16>, Malformed> {
    let mut found = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step, 1, most, &[])?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from, least, most, names)?, number(to, least, most, names)?),
            None => {
                let one = number(range, least, most, names)?;
                // `5/10` continues to the end of the range.
                (one, if part.contains('/') { most } else { one })
            }
        };
        if from <= to {
            found.extend((from..=to).step_by(step as usize));
        } else {
            // `FRI-MON` wraps around the end of the week.
            found.extend((from..=most).chain(least..=to).step_by(step as usize));
        }
    }
    Ok(found)
}

fn number(text: &str, least: i16, most: i16, names: &[&str]) -> Result<i16, Malformed> {
    let name = names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as i16 + least);
    let given = name.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number));
    given.ok_or_else(|| malformed(format_args!("`{text}` is no value between {least} and {most}")))
}
