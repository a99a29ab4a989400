//! Sends readings of one unicorn: `producer -name Shadowfax -stream wildrydes -msgs 20 -error yes`.

use std::process::ExitCode;

fn main() -> ExitCode {
    wildrydes_clients::producer::main()
}
