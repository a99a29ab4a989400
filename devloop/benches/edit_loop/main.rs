//! How long a save takes until the new code serves, with devloop and with other tools, by turns in one run:
//! `devloop/benches/README.md` says how to run this and holds results. Everything is measured from outside.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod contestant;
mod devloop;
mod http;
mod lambda_watch;
mod options;
mod plain;
mod processes;
mod report;
mod tools;
mod workspace;

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;

use crate::contestant::{Contestant, Kind};
use crate::options::Options;
use crate::report::Report;
use crate::tools::Tools;
use crate::workspace::{EDITS, Workspace};

fn main() -> Result<()> {
    let options = Options::parse();
    let tools = Tools::find(&options)?;
    if options.beside.is_none() {
        for missing in tools.missing() {
            println!("NOT MEASURED: {missing}");
        }
    }
    let mut contestants = Vec::new();
    for kind in Kind::all(&tools, &options) {
        let began = Instant::now();
        let seed = contestants.last().map(Contestant::workspace);
        let workspace = Workspace::make(&options.home, kind, seed)?;
        let contestant = Contestant::start(kind, workspace, &tools, &options)
            .with_context(|| format!("start {}", kind.name()))?;
        println!("{} is ready after {:.1} s", kind.name(), began.elapsed().as_secs_f64());
        contestants.push(contestant);
    }
    // The first save after a start is not typical: caches are cold, and a linker may have to be tried out.
    for contestant in &mut contestants {
        for edit in EDITS {
            contestant
                .save(edit)
                .with_context(|| format!("warm up {} with {}", contestant.kind().name(), edit.name()))?;
        }
    }
    let mut report = Report::new(&tools, &options);
    for round in 0..options.rounds {
        for edit in EDITS {
            for place in 0..contestants.len() {
                // The order alternates, so that the machine's other work affects all contestants alike.
                let place = if round % 2 == 0 { place } else { contestants.len() - 1 - place };
                let contestant = &mut contestants[place];
                let name = contestant.kind().name();
                let took = contestant
                    .save(edit)
                    .with_context(|| format!("{name}, {}, round {round}", edit.name()))?;
                println!("round {round}, {}: {name} {:.3} s", edit.name(), took.whole.as_secs_f64());
                report.add(contestant.kind(), edit, took);
            }
        }
    }
    for contestant in contestants {
        contestant.stop()?;
    }
    report.print();
    Ok(())
}
