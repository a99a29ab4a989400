//! Two builds of devloop under the same load by turns, each on a freshly started cloud.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::API;
use crate::options::Options;
use crate::session::Session;

/// What the two builds are compared by. Processor time is in ms a complete run; the functions' tells whether the cloud's answers
/// cost them more.
const COMPARED: [&str; 4] = ["accepted", "complete", "cloud's processor time", "functions' processor time"];

/// Measures the program and the other build, and prints their figures and the median ratios of a round.
pub(crate) async fn run(options: &Options, other: &Path) -> Result<()> {
    let programs = [options.program.as_path(), other];
    let mut ratios: [Vec<f64>; COMPARED.len()] = Default::default();
    println!(
        "round   program  accepted/s  complete/s  cloud ms  functions ms   p50 ms   p99 ms  load average"
    );
    for round in 0..options.rounds {
        let mut figures = [[0.0; COMPARED.len()]; 2];
        // The order alternates, so that the machine's other work affects both alike.
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let document = load(options, programs[which]).await?;
            let number =
                |pointer: &str| document.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
            let complete = number("/counts/sunk");
            let [accepted, rate, cloud, functions] = &mut figures[which];
            (*accepted, *rate) = (number("/rates/accepted"), number("/rates/complete"));
            *cloud = number("/usage/cloud/cpu_ms") / complete;
            *functions = number("/usage/functions/cpu_ms") / complete;
            println!(
                "{round:>5}{:>10}{accepted:>12.0}{rate:>12.0}{cloud:>10.3}{functions:>14.3}{:>9.1}{:>9.1}{:>14}",
                if which == 0 { "this" } else { "beside" },
                number("/end_to_end_ms/p50"),
                number("/end_to_end_ms/p99"),
                number("/run/load_average"),
            );
        }
        for (ratios, which) in ratios.iter_mut().zip(0..) {
            ratios.push(figures[0][which] / figures[1][which]);
        }
    }
    for (ratios, what) in ratios.iter_mut().zip(COMPARED) {
        ratios.sort_by(f64::total_cmp);
        println!(
            "{what}: {:.3} of the other build (median of {}; {:.3} to {:.3})",
            ratios[ratios.len() / 2],
            ratios.len(),
            ratios[0],
            ratios[ratios.len() - 1]
        );
    }
    Ok(())
}

/// One load on a freshly started cloud. `devloop bench` of this build sends it, and its document is returned.
async fn load(options: &Options, program: &Path) -> Result<Value> {
    let home = tempfile::tempdir()?;
    let session = Session::start(&options.launch(program, home.path())?).await.context("start devloop")?;
    let mut bench = Command::new(env!("CARGO_BIN_EXE_devloop"));
    bench.args(["bench", "--json", "--endpoint", &session.endpoint, "--api", session.output(API)?]);
    bench.arg("--loadtest").arg(home.path().join("loadtest.json")).args(options.bench());
    bench.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let ended = bench.output().await?;
    session.stop().await?;
    let document = String::from_utf8_lossy(&ended.stdout);
    ensure!(ended.status.success(), "devloop bench ended with {}: {document}", ended.status);
    serde_json::from_str(&document).context("the document of devloop bench")
}
