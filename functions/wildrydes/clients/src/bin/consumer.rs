//! Shows the readings in the stream from now on: `consumer -stream wildrydes`.

use std::process::ExitCode;

fn main() -> ExitCode {
    wildrydes_clients::consumer::main()
}
