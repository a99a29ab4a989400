//! Medians and ratios. A ratio is computed within a round, in which both sides had the same conditions; the median of these ratios
//! is shown.

use std::collections::BTreeMap;

use crate::contestant::{Kind, Took};
use crate::options::Options;
use crate::tools::Tools;
use crate::workspace::{EDITS, Edit};

/// Everything that was measured.
pub(crate) struct Report {
    heading: String,
    measured: BTreeMap<(Edit, Kind), Vec<Took>>,
}

impl Report {
    /// An empty report.
    pub(crate) fn new(tools: &Tools, options: &Options) -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let heading = format!(
            "{}; {} rounds; serving {}; {cores} cores, load average {load}",
            tools.versions.join("; "),
            options.rounds,
            options.functions.join(", "),
        );
        Self { heading, measured: BTreeMap::new() }
    }

    /// Adds one save.
    pub(crate) fn add(&mut self, kind: Kind, edit: Edit, took: Took) {
        self.measured.entry((edit, kind)).or_default().push(took);
    }

    /// Prints the tables.
    pub(crate) fn print(&self) {
        println!("\n{}\n", self.heading);
        println!("| edit | who | median s | min s | of plain cargo | of cargo lambda watch |");
        println!("|---|---|---|---|---|---|");
        for ((edit, kind), took) in &self.measured {
            let seconds: Vec<f64> = took.iter().map(|took| took.whole.as_secs_f64()).collect();
            let (of_plain, of_watch) = kind.limits();
            println!(
                "| {} | {} | {:.3} | {:.3} | {} | {} |",
                edit.name(),
                kind.name(),
                median(&seconds),
                seconds.iter().copied().fold(f64::INFINITY, f64::min),
                self.ratio(*edit, *kind, Kind::Plain, of_plain),
                self.ratio(*edit, *kind, Kind::LambdaWatch, of_watch),
            );
        }
        for edit in EDITS {
            if self.measured.contains_key(&(edit, Kind::DevloopBeside)) {
                let ratio = self.ratio(edit, Kind::Devloop, Kind::DevloopBeside, None);
                println!("\n{}: {ratio} of the other build", edit.name());
            }
        }
        println!("\nmedians of the parts, in ms:");
        for edit in EDITS {
            for ((_, kind), took) in self.measured.iter().filter(|((known, _), _)| *known == edit) {
                let names = took.first().map(|took| &took.phases).into_iter().flatten().map(|(name, _)| name);
                let parts: Vec<String> =
                    names.map(|name| format!("{name} {:.0}", median(&part(took, name)))).collect();
                if !parts.is_empty() {
                    println!("  {}, {}: {}", edit.name(), kind.name(), parts.join(", "));
                }
            }
        }
    }

    fn ratio(&self, edit: Edit, kind: Kind, peer: Kind, limit: Option<f64>) -> String {
        let (Some(own), Some(other)) = (self.measured.get(&(edit, kind)), self.measured.get(&(edit, peer)))
        else {
            return "not measured".to_owned();
        };
        let ratios: Vec<f64> = own
            .iter()
            .zip(other)
            .map(|(own, other)| own.whole.as_secs_f64() / other.whole.as_secs_f64())
            .collect();
        let ratio = median(&ratios);
        match limit {
            Some(limit) if ratio <= limit => format!("{ratio:.2} (wanted {limit:.2}: met)"),
            Some(limit) => format!("{ratio:.2} (wanted {limit:.2}: MISSED)"),
            None => format!("{ratio:.2}"),
        }
    }
}

fn part(took: &[Took], name: &str) -> Vec<f64> {
    took.iter().flat_map(|took| &took.phases).filter(|(known, _)| known == name).map(|(_, ms)| *ms).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
