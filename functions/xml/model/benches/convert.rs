//! Measures how long a file takes from its bytes to its JSON, and how much memory:

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

use std::time::Instant;

use xml_model::{Rule, convert, read, to_json};

/// A field of this process's status, in KB [proc_pid_status(5)].
fn kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (mb, rounds) = (numbers.first().copied().unwrap_or(4), numbers.get(1).copied().unwrap_or(20));
    let item = "<item id=\"1\" type=\"shirt\"><category>Shirts</category><description lang=\"de\">Hemd</description>\
                <images><image type=\"1\"><url>https://example.org/a.jpg</url></image></images>\
                <prices><price><currency>EUR</currency><value>49.95</value></price></prices></item>";
    let file = format!("<items>{}</items>", item.repeat((mb << 20) / item.len()));
    let rule = Rule::from_json(&Rule::reference())?;
    let before = kb("VmRSS:");
    let mut times = Vec::new();
    let mut after_first = 0;
    for round in 0..rounds {
        let began = Instant::now();
        let json = to_json(&convert(read(file.as_bytes(), &rule)?, &rule));
        times.push(began.elapsed());
        assert!(json.len() > file.len() / 2, "{} bytes came out", json.len());
        if round == 0 {
            after_first = kb("VmHWM:");
        }
    }
    times.sort();
    println!(
        "{mb} MB, {rounds} rounds: median {} ms, slowest {} ms; memory {} MB before, at most {} MB in the first round, {} MB in all",
        times[rounds / 2].as_millis(),
        times[rounds - 1].as_millis(),
        before >> 10,
        after_first >> 10,
        kb("VmHWM:") >> 10
    );
    Ok(())
}
