//! The load: `devloop bench` sends it, and its document says what came of it.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::deploy::FUNCTION;
use crate::options::Options;
use crate::side::Side;

/// What a load came to. Times are in ms.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Accepted requests a second.
    pub(crate) rate: f64,
    p50: f64,
    /// The time within which 99 of 100 answers came.
    pub(crate) p99: f64,
    p99_9: f64,
    max: f64,
    accepted: u64,
    /// Processor time of the cloud with its functions, and of the sender, for each request.
    cpu: f64,
    sender: f64,
    /// The machine's load average, which shows whether other programs were at work.
    load_average: f64,
    /// Why the sender could not send as planned, if it could not.
    late: Option<String>,
}

impl Figures {
    /// The head of the table.
    pub(crate) const HEAD: &str = "                              requests/s   p50    p99  p99.9     max   requests  cpu a request  of the sender  load avg";

    /// A line of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let late = self.late.as_deref().map(|why| format!("  ({why})")).unwrap_or_default();
        format!(
            "{name:<30}{:>10.0}{:>6.1}{:>7.1}{:>7.1}{:>8.1}{:>11}{:>12.2} ms{:>12.2} ms{:>10.1}{late}",
            self.rate,
            self.p50,
            self.p99,
            self.p99_9,
            self.max,
            self.accepted,
            self.cpu,
            self.sender,
            self.load_average,
        )
    }
}

/// Loads the API: in a closed loop, or with this many requests a second, however fast the answers come.
pub(crate) async fn measure(options: &Options, side: &Side, api: &str, rate: Option<f64>) -> Result<Figures> {
    let home = tempfile::tempdir()?;
    let mut bench = Command::new(env!("CARGO_BIN_EXE_devloop"));
    bench.args(["bench", "--json", "--endpoint", &side.endpoint, "--head", FUNCTION, "--api", api]);
    bench.args(["--duration", &format!("{}s", options.seconds), "--loadtest"]);
    bench.arg(home.path().join("loadtest.json"));
    match rate {
        Some(rate) => bench.args(["--rate", &format!("{rate:.0}")]),
        None => bench.args(["--vus", &options.vus.to_string()]),
    };
    let output = bench.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_slice(&output.stdout).with_context(|| said.into_owned())?;
    figures(&document)
}

/// Reads the document.
fn figures(document: &Value) -> Result<Figures> {
    let number = |pointer: &str| {
        document
            .pointer(pointer)
            .and_then(Value::as_f64)
            .with_context(|| format!("no {pointer} in the document"))
    };
    let accepted = number("/counts/accepted")?;
    let refused = number("/counts/refused")?;
    ensure!(
        accepted > 0.0 && refused == 0.0,
        "{refused} requests were refused: {}",
        document["http"]["refusals"]
    );
    Ok(Figures {
        rate: number("/rates/accepted")?,
        p50: number("/http/duration_ms/p50")?,
        p99: number("/http/duration_ms/p99")?,
        p99_9: number("/http/duration_ms/p99_9")?,
        max: number("/http/duration_ms/max")?,
        accepted: accepted as u64,
        cpu: (number("/usage/cloud/cpu_ms")? + number("/usage/functions/cpu_ms")?) / accepted,
        sender: number("/usage/generator/cpu_ms")? / accepted,
        load_average: number("/run/load_average")?,
        late: document["http"]["generator_saturated"].as_str().map(str::to_owned),
    })
}
