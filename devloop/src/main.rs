//! devloop: save a Rust function, and the running pipeline serves the new code.
//!
//! This file parses the command line, runs the command, and turns its end into an exit code.

mod aws;
mod bench;
mod build;
mod bus;
mod cargo;
mod cli;
mod commands;
mod config;
mod descriptors;
mod doctor;
mod engine;
mod error;
mod graph;
mod linker;
mod machine;
mod observe;
mod output;
mod records;
mod report;
mod session;
mod sink;
mod status;
mod swap;
mod target;
#[cfg(test)]
mod testing;
mod tui;
mod watch;
mod workspace;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::cli::{Arguments, Command};
use crate::commands::Verb;
use crate::error::UserError;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long work that blocks a thread may hold back the end of the program. Deleting folders is done by then; a read of a pipe that
/// stands in the place of a file may never be.
const LAST_WORK: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    if let Some(code) = linker::run_in_place_of_rustc().or_else(devloop_prelink::run_in_place_of_the_linker) {
        return code;
    }
    let arguments = Arguments::parse();
    descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(arguments));
            runtime.shutdown_timeout(LAST_WORK);
            code
        }
        Err(error) => {
            let message = format!("start the async runtime: {error}");
            report(&UserError::failure("runtime_failed", message), false);
            ExitCode::FAILURE
        }
    }
}

/// Threads for the cloud: half of the cores, because the functions need the others. More threads would not answer faster: an event
/// passes between threads at every hop, and each time one has to be woken (devloop/benches). The session itself has the program's
/// first thread, so that a terminal that does not read its output blocks nothing else.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

async fn run(arguments: Arguments) -> ExitCode {
    let (result, json) = match &arguments.command {
        Command::Up(arguments) => {
            (Box::pin(commands::up(arguments)).await.map(|()| ExitCode::SUCCESS), arguments.json)
        }
        Command::Watch(arguments) => {
            (Box::pin(commands::watch(arguments)).await.map(|()| ExitCode::SUCCESS), arguments.json)
        }
        Command::Init(arguments) => (commands::init(arguments).await.map(|()| ExitCode::SUCCESS), false),
        Command::Rollback(arguments) => {
            (commands::rollback(arguments).await.map(|()| ExitCode::SUCCESS), arguments.json)
        }
        Command::Doctor(arguments) => (commands::doctor(arguments).await, arguments.json),
        Command::Invoke(arguments) => (commands::invoke(arguments).await, false),
        Command::Logs(arguments) => (commands::logs(arguments).await, false),
        Command::Events(arguments) => (commands::events(arguments).await, arguments.json),
        Command::Replay(arguments) => (commands::replay(arguments).await, false),
        Command::Fire(arguments) => (commands::fire(arguments).await, false),
        Command::New(arguments) => (commands::new(arguments), false),
        Command::Completions(arguments) => (commands::completions(arguments), false),
        Command::Man(arguments) => (commands::man(arguments), false),
        Command::Mail(arguments) => (commands::mail(arguments).await, arguments.json),
        Command::Records(arguments) => (commands::records(arguments).await, arguments.json),
        Command::Status(arguments) => (commands::status(arguments).await, arguments.json),
        Command::Build(arguments) => (commands::build(arguments).await, arguments.json),
        Command::Deploy(arguments) => (commands::deploy(Verb::Deploy, arguments).await, false),
        Command::Diff(arguments) => (commands::deploy(Verb::Diff, arguments).await, false),
        Command::Destroy(arguments) => (commands::deploy(Verb::Destroy, arguments).await, false),
        Command::Synth(arguments) => (commands::deploy(Verb::Synth, arguments).await, false),
        Command::Bench(arguments) => (commands::bench(arguments).await, arguments.output.json),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            report(&error, json);
            ExitCode::from(error.exit as u8)
        }
    }
}

/// Prints why the program ends, without secrets: the reason may repeat what another program has said. A closed pipe is ignored.
fn report(error: &UserError, json: bool) {
    if json && let Ok(line) = sink::error_line(bus::wall(), &error.problem) {
        let _ = writeln!(output::json(), "{line}");
    }
    let _ = writeln!(output::stderr(), "{}", devloop_cloud::without_secrets(&error.to_string()));
}
