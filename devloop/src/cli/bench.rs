//! Flags of `bench` and its subcommands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  devloop bench                                       10 users in a closed loop for 60 s
  devloop bench --rate 500 --duration 2m              500 requests a second whatever the answers do
  devloop bench --save before                         keeps the run under a name
  devloop bench --against before --fail-if 'p99>50ms' compares, and fails beyond a limit
  devloop bench --report report.html                  one page with charts
  devloop bench --head orders                         loads your own function, and follows what comes after it

Conditions of --fail-if are METRIC OPERATOR VALUE, with >, >=, <, <=, == or !=. Metrics:
  p50 p90 p95 p99 p99.9 max mean      end-to-end latency: 50ms, 1.5s, 800us
  http_p50 http_p95 http_p99 http_max answer time of the API
  gateway_to_stream_p99 stream_to_store_p99 store_to_sink_p99
  rate accepted_rate                  complete runs, and accepted requests, a second: 1500/s
  lost duplicated reordered failed    numbers of requests
  backlog failed_rate                 shares: 5% or 0.05

Exit codes of `bench`:
  0   every request was accepted and came through once
  1   requests were refused, lost or duplicated, or something failed
  2   the waiting timed out and the figures are partial; or the command line is wrong
  4   the pipeline does not answer or was not found
  99  a condition of --fail-if holds
  130 aborted by a second Ctrl-C; the first one ends the load, waits, and writes what there is";

/// Flags of `bench`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct BenchArguments {
    /// A subcommand instead of a run.
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,
    /// The load.
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    /// Where the results go.
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Subcommands of `bench`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BenchCommand {
    /// Waits until every accepted request of a load is complete, and writes one latency for each.
    Wait(WaitArguments),
    /// Measures how long new code takes to go live under load, and how that affects requests.
    Swap(SwapArguments),
    /// Alternates two builds of a function under load and reports which is faster.
    Ab(AbArguments),
}

/// Where the pipeline is.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArguments {
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Follows requests in AWS itself, with the keys of the environment or of a profile (`AWS_PROFILE`). Each run costs what its
    /// requests cost, and in addition a read of the logs every 2 s.
    #[arg(long, conflicts_with = "endpoint", requires = "stack")]
    pub(crate) aws: bool,
    /// The region, where no event source mapping shows it [default: `AWS_REGION`, that of the profile with --aws, or us-east-1].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Looks for the pipeline only among the functions of this CloudFormation stack.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// The database of the last function's rows, where its sink is Postgres: postgres://user:password@host:port/database
    /// [default: its own variable `DATABASE_URL`].
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

/// What is sent, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArguments {
    /// Where the pipeline is.
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
    /// The URL that requests are posted to [default: `API_ENDPOINT`, `APIGW_ENDPOINT`, or the API of the running cloud].
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// What is loaded, where the cloud has several chains of functions: an API's method (`POST /orders`), a path, a function, or the
    /// name of a stream, queue, topic or bucket [default: the example pipeline, or the only chain].
    #[arg(long, value_name = "NAME")]
    pub(crate) head: Option<String>,
    /// The function whose log shows that a request is complete, by containing the request's id; or a metric of CloudWatch that
    /// gets a value for each request, as `metric:NAMESPACE/NAME` [default: all functions at the chain's ends].
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) sink: Option<String>,
    /// Virtual users; each has a connection of its own [default: 10; with --rate as many as answers may be outstanding, up
    /// to 200].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) vus: Option<u32>,
    /// For how long requests are sent [default: 60s, or as long as --requests takes].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Stops after this many requests.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) requests: Option<u64>,
    /// Sends this many requests a second, however long answers take, and counts answer times from when each was due [default: each
    /// user sends the next request when it has the answer to the last].
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Load before the measurement begins.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "3s")]
    pub(crate) warm_up: Duration,
    /// The run's name, which every request carries [default: made of the time].
    #[arg(long, value_name = "NAME", value_parser = run_id)]
    pub(crate) run_id: Option<String>,
    /// A template of the body, with places {id}, {vu}, {iter}, {timestamp} and {runId} [default: the reference's body].
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
    /// When no request has become complete for this long and nothing is pending, the missing ones count as lost.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    pub(crate) idle: Duration,
    /// How long to wait at most after the load.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "300s")]
    pub(crate) timeout: Duration,
}

/// Where the results of a run go.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArguments {
    /// Prints one JSON document instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows the progress as plain lines, even on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Writes one latency for each request, in seconds, by completion: a JSON array.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Writes a JSON line for each request: what is complete, and what is lost, duplicated or reordered.
    #[arg(long, value_name = "FILE")]
    pub(crate) detail: Option<PathBuf>,
    /// Writes the tables' figures as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Writes a page with charts.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Where to write the number of accepted requests, for `bench wait`.
    #[arg(long, value_name = "FILE", default_value = "loadtest.json")]
    pub(crate) loadtest: PathBuf,
    /// Keeps the run under this name, in the workspace's target directory; with a slash or `.json` in it, in that file.
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,
    /// Compares the run with the one kept under this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<String>,
    /// Ends with exit code 99 if the condition holds, such as `p99>50ms`; may be given more than once.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) fail_if: Vec<String>,
}

/// Flags of `bench wait`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WaitArguments {
    /// Where the latencies go: a JSON array with one number for each request.
    #[arg(value_name = "LATENCIES.JSON")]
    pub(crate) file: Option<PathBuf>,
    /// How many requests to wait for [default: the accepted ones of loadtest.json].
    #[arg(long, value_name = "N")]
    pub(crate) expected: Option<u64>,
    /// The run [default: that of loadtest.json].
    #[arg(long, value_name = "NAME", value_parser = run_id)]
    pub(crate) run_id: Option<String>,
    /// When no request has become complete for this long and nothing is pending, the missing ones count as lost.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    pub(crate) idle: Duration,
    /// How long to wait at most.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "300s")]
    pub(crate) timeout: Duration,
    /// Writes a JSON line for each request.
    #[arg(long, value_name = "FILE.JSONL")]
    pub(crate) detail: Option<PathBuf>,
    /// The file that the load has written.
    #[arg(long, value_name = "FILE", default_value = "loadtest.json")]
    pub(crate) loadtest: PathBuf,
    /// Where the pipeline is.
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// Flags of `bench swap`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SwapArguments {
    /// The function whose code is replaced.
    #[arg(value_name = "FUNCTION", default_value = "upstream")]
    pub(crate) function: String,
    /// How often the code is replaced.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) swaps: u32,
    /// Saves an edit of this source file instead, which a running `devloop watch` builds and swaps; the file is put back.
    #[arg(long, value_name = "FILE", requires_all = ["from", "to"])]
    pub(crate) edit: Option<PathBuf>,
    /// The text that the edit replaces, which the file must hold once.
    #[arg(long, value_name = "TEXT", requires = "edit")]
    pub(crate) from: Option<String>,
    /// What it is replaced with.
    #[arg(long, value_name = "TEXT", requires = "edit")]
    pub(crate) to: Option<String>,
    /// Prints one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// The load.
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

/// Flags of `bench ab`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AbArguments {
    /// The first build: a binary, or a profile of cargo.
    #[arg(value_name = "A")]
    pub(crate) a: String,
    /// The second build.
    #[arg(value_name = "B")]
    pub(crate) b: String,
    /// The function.
    #[arg(long, value_name = "FUNCTION", default_value = "upstream")]
    pub(crate) function: String,
    /// How often each build is measured; the order changes from one round to the next.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub(crate) rounds: u32,
    /// Prints one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// The load of one round; 10 s unless said otherwise.
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

/// `500ms`, `15s`, `2m`, `1h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
    let (number, scale) = UNITS
        .iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)))
        .unwrap_or((text, 1.0));
    let seconds = number.trim().parse::<f64>().ok().map(|number| number * scale);
    let seconds = seconds.filter(|seconds| (0.0..=864_000.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "write a time such as 500ms, 15s or 2m".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim().parse::<f64>().ok();
    number
        .filter(|rate| (0.001..=1_000_000.0).contains(rate))
        .ok_or_else(|| "write requests a second, such as 500".to_owned())
}

/// The characters that upstream accepts in a run id, without those that would make request ids ambiguous.
fn run_id(text: &str) -> Result<String, String> {
    let is_usable = (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_usable { Ok(text.to_owned()) } else { Err("write up to 100 letters, digits, - _ .".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_have_units() {
        let check = |text: &str, ms: Option<u128>| {
            assert_eq!(duration(text).ok().map(|time| time.as_millis()), ms, "{text}");
        };
        check("500ms", Some(500));
        check("15s", Some(15_000));
        check("1.5m", Some(90_000));
        check("1h", Some(3_600_000));
        check("60", Some(60_000));
        check("", None);
        check("-1s", None);
        check("fast", None);
        assert_eq!((rate("500"), rate("0.5/s")), (Ok(500.0), Ok(0.5)));
        assert!(rate("0").is_err() && rate("x").is_err());
    }

    #[test]
    fn a_run_s_name_is_a_word() {
        assert!(run_id("run-7_a.b").is_ok());
        for wrong in ["", "a b", "ä", ":x", "a/b"] {
            assert!(run_id(wrong).is_err(), "{wrong}");
        }
    }
}
