//! Sends one reading a second.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use functions_common::aws::Cause;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use crate::flags::Flags;
use crate::kinesis::client;
use crate::unicorn::Unicorn;

const FLAGS: [&str; 8] = ["name", "stream", "error", "msgs", "interval", "batch", "seed", "endpoint"];

/// The options.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    name: String,
    stream: String,
    errors: bool,
    messages: u64,
    interval: Duration,
    /// How many readings one call sends.
    batch: u64,
    seed: Option<u64>,
    endpoint: Option<String>,
}

impl Wish {
    fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let flags = Flags::parse(arguments, &FLAGS)?;
        let batch = flags.number("batch", 1)?;
        if !(1..=500).contains(&batch) {
            return Err(format!("-batch needs a number from 1 to 500, not {batch}"));
        }
        Ok(Self {
            name: flags.or("name", "Shadowfax"),
            stream: flags.or("stream", "wildrydes"),
            errors: flags.or("error", "no").eq_ignore_ascii_case("yes"),
            messages: flags.number("msgs", 2000)?,
            interval: Duration::from_millis(milliseconds(&flags.or("interval", "1s"))?),
            batch,
            seed: flags.get("seed").map(|_| flags.number("seed", 0)).transpose()?,
            endpoint: flags.get("endpoint").map(str::to_owned),
        })
    }
}

/// `250ms`, `2s`, or a number of milliseconds; never zero.
fn milliseconds(text: &str) -> Result<u64, String> {
    let (digits, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1000),
        (None, None) => (text, 1),
    };
    let number = digits.parse::<u64>().ok().filter(|number| *number > 0);
    number
        .map(|number| number * factor)
        .ok_or_else(|| format!("-interval needs a time such as 250ms or 1s, not {text}"))
}

/// Runs the program.
pub fn main() -> ExitCode {
    let wish = match Wish::read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(error) => return fail(&error, 2),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(send(&wish)),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

/// Makes one call a tick, prints a dot for every reading that the stream took, and waits one more tick after the last.
async fn send(wish: &Wish) -> Result<(), String> {
    let client = client(wish.endpoint.as_deref()).await?;
    let mut unicorn = Unicorn::new(&wish.name, wish.errors, wish.seed);
    let mut ticks = interval(wish.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut left = wish.messages;
    while left > 0 {
        ticks.tick().await;
        let count = wish.batch.min(left);
        put(&client, wish, &mut unicorn, count).await?;
        left -= count;
        print(&".".repeat(count as usize));
    }
    ticks.tick().await;
    print("\n");
    Ok(())
}

async fn put(client: &Client, wish: &Wish, unicorn: &mut Unicorn, count: u64) -> Result<(), String> {
    if count == 1 {
        let call = client.put_record().stream_name(&wish.stream).partition_key(&wish.name);
        let data = Blob::new(unicorn.reading(&now()));
        return call.data(data).send().await.map(drop).map_err(|error| Cause::from(&error).detail);
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let data = Blob::new(unicorn.reading(&now()));
        let entry = PutRecordsRequestEntry::builder().partition_key(&wish.name).data(data).build();
        entries.push(entry.map_err(|error| error.to_string())?);
    }
    let call = client.put_records().stream_name(&wish.stream).set_records(Some(entries));
    let answer = call.send().await.map_err(|error| Cause::from(&error).detail)?;
    match answer.failed_record_count.unwrap_or(0) {
        0 => Ok(()),
        failed => Err(format!("the stream did not take {failed} of {count} records")),
    }
}

/// `YYYY-MM-DD hh:mm:ss.mmm`, in UTC.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn print(text: &str) {
    // A closed standard output is ignored.
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn fail(error: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "\n{error}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(arguments: &[&str]) -> Result<Wish, String> {
        Wish::read(arguments.iter().map(|&text| text.to_owned()))
    }

    #[test]
    fn flags_are_what_they_are_called() {
        let plain = wish(&[]).unwrap();
        assert_eq!(
            (plain.name.as_str(), plain.stream.as_str(), plain.messages),
            ("Shadowfax", "wildrydes", 2000)
        );
        assert_eq!((plain.errors, plain.interval, plain.batch), (false, Duration::from_secs(1), 1));
        let full = wish(&["-error", "YES", "-msgs", "20", "-interval", "5ms", "-batch", "10", "-seed", "3"])
            .unwrap();
        assert_eq!((full.errors, full.messages, full.interval), (true, 20, Duration::from_millis(5)));
        assert_eq!((full.batch, full.seed), (10, Some(3)));
        assert_eq!(wish(&["-batch", "0"]).unwrap_err(), "-batch needs a number from 1 to 500, not 0");
        let error = "-interval needs a time such as 250ms or 1s, not soon";
        assert_eq!(wish(&["-interval", "soon"]).unwrap_err(), error);
    }

    #[test]
    fn a_time_is_written_to_the_millisecond() {
        assert_eq!(now().len(), "2026-11-20 10:00:00.000".len());
    }
}
