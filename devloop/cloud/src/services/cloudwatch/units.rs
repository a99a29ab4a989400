//! The units of data [StandardUnit, MetricDatum].

/// All units, as clients write them.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The unit with exactly this name.
pub(crate) fn unit(name: &str) -> Option<&'static str> {
    UNITS.iter().copied().find(|unit| *unit == name)
}

/// All units, as an error lists them.
pub(crate) fn all() -> String {
    UNITS.join(", ")
}
