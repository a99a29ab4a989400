//! Turns readings into findings. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use devloop_system::files::Watchers;

use crate::descriptors::ENOUGH;
use crate::doctor::report::{Check, DoctorReport};
use crate::engine::Problem;
use crate::linker::{Linker, Probe, Verdict};
use crate::machine::{self, Binary, Demands, Purpose, Tools};

/// Everything that was read and tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    /// The versions of cargo and rustc, or why they could not be asked.
    pub(crate) toolchain: Option<Result<String, Problem>>,
    /// Why the workspace cannot be read.
    pub(crate) workspace: Option<Problem>,
    /// What the stack asks of the functions.
    pub(crate) demands: Demands,
    /// The tools for building for other machines.
    pub(crate) tools: Tools,
    /// What was found out about each linker that devloop knows.
    pub(crate) probes: Vec<Probe>,
    /// The measured links, or why none could be measured.
    pub(crate) links: Option<Result<Links, String>>,
    /// Why devloop cannot be cargo's rustc wrapper, if it cannot.
    pub(crate) wrapper: Option<Problem>,
    /// The linker that builds use.
    pub(crate) used: Option<Linker>,
    /// inotify's limits and how much of them is used.
    pub(crate) inotify: Option<Inotify>,
    /// How many files and connections a session may have open.
    pub(crate) descriptors: Option<u64>,
    /// How long a file event took, or why none came.
    pub(crate) event: Option<Result<u64, String>>,
    /// The cloud's port and who has it.
    pub(crate) port: Option<Port>,
    /// The directory of the functions' binaries, and what is wrong with it.
    pub(crate) dist: Option<(PathBuf, Option<Problem>)>,
    /// The binaries in that directory, by function.
    pub(crate) binaries: BTreeMap<String, Binary>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// Measured links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    /// The function whose link was measured.
    pub(crate) function: String,
    /// Medians in ms.
    pub(crate) medians: BTreeMap<Linker, u64>,
}

/// inotify's limits for this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inotify {
    /// The limits, and how much of them is taken.
    pub(crate) watchers: Watchers,
    /// How many directories devloop would watch.
    pub(crate) directories: usize,
}

/// The cloud's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// Who listens on it.
    pub(crate) owner: Option<String>,
    /// `LocalStack`'s version, if `LocalStack` listens there.
    pub(crate) localstack: Option<String>,
}

/// A linker has to be this much faster to be worth a setting; less may be chance.
const WORTH_A_SETTING: f64 = 0.9;

/// What the readings say.
pub(crate) fn judge(readings: &Readings) -> DoctorReport {
    let mut checks = Vec::new();
    match &readings.toolchain {
        Some(Ok(seen)) => checks.push(Check::ok("toolchain", seen)),
        Some(Err(problem)) => checks.push(from_problem("toolchain", problem)),
        None => {}
    }
    if let Some(problem) = &readings.workspace {
        checks.push(from_problem("workspace", problem));
    }
    checks.extend(targets(readings));
    checks.extend(readings.wrapper.as_ref().map(|problem| from_problem("wrapper", problem)));
    checks.extend(linker(readings));
    checks.extend(readings.inotify.map(inotify));
    checks.extend(readings.descriptors.map(open_files));
    checks.extend(readings.event.as_ref().map(|event| match event {
        Ok(ms) => Check::ok("events", format!("a saved file was noticed after {ms} ms")),
        Err(reason) => Check::wrong(
            "events",
            "events_missing",
            format!("a saved file was not noticed: {reason}"),
            "keep the sources on a local file system: shared folders and network mounts send no file events",
        ),
    }));
    checks.extend(readings.port.as_ref().map(port));
    checks.extend(readings.dist.as_ref().map(|(path, problem)| match problem {
        None => Check::ok("dist", format!("{} can be written, renamed in and run from", path.display())),
        Some(problem) => from_problem("dist", problem),
    }));
    checks.extend(binaries(readings));
    checks.extend(environment(&readings.environment));
    DoctorReport::new(checks)
}

fn from_problem(name: &'static str, problem: &Problem) -> Check {
    let fix = problem.hint.clone().unwrap_or_else(|| "the message names the cause".to_owned());
    Check::wrong(name, problem.code, &problem.message, fix)
}

/// Whether every function could be built for where its stack puts it.
fn targets(readings: &Readings) -> Vec<Check> {
    let shipped = |function: &str| {
        machine::compilation(function, &readings.demands.of(function), Purpose::Ship, false, &readings.tools)
    };
    let mut refused: Vec<Check> = Vec::new();
    for function in readings.demands.functions.keys() {
        if let Err(refusal) = shipped(function) {
            refused.push(from_problem("target", &refusal.problem()));
        }
    }
    if refused.is_empty() && !readings.demands.functions.is_empty() {
        let zig = if readings.tools.zigbuild {
            "cargo-zigbuild is there for others"
        } else {
            "none needs cargo-zigbuild"
        };
        refused.push(Check::ok("target", format!("every function can be built for its machine; {zig}")));
    }
    refused
}

fn linker(readings: &Readings) -> Option<Check> {
    let links = match readings.links.as_ref()? {
        Ok(links) => links,
        Err(reason) => {
            let fix = "make the workspace build, then measure again";
            return Some(Check::wrong(
                "linker",
                "links_not_measured",
                format!("no link could be measured: {reason}"),
                fix,
            ));
        }
    };
    let used = readings.used.unwrap_or(Linker::Default);
    let each: Vec<String> = links.medians.iter().map(|(linker, ms)| format!("{linker} {ms} ms")).collect();
    let mut seen =
        format!("an incremental rustc and link of {}: {}; {used} is used", links.function, each.join(", "));
    for probe in &readings.probes {
        match &probe.verdict {
            Verdict::Missing if probe.linker == Linker::Wild => {
                seen.push_str("; wild, the fastest known, is not installed (cargo install wild-linker)");
            }
            Verdict::Unusable(reason) => seen.push_str(&format!("; {}: {reason}", probe.linker)),
            _ => {}
        }
    }
    let Some((better, gain)) = better(links, used) else { return Some(Check::ok("linker", seen)) };
    let fix = format!(
        "`devloop doctor --fix` sets `[build] linker = \"{better}\"` in devloop.toml: {gain} ms less a save"
    );
    Some(Check::wrong("linker", "linker_slow", seen, fix))
}

/// A linker that is clearly faster than the one in use, and by how many ms.
pub(super) fn better(links: &Links, used: Linker) -> Option<(Linker, u64)> {
    let now = *links.medians.get(&used)?;
    let (linker, best) = links.medians.iter().min_by_key(|(_, ms)| **ms)?;
    ((*best as f64) < now as f64 * WORTH_A_SETTING).then(|| (*linker, now - best))
}

fn open_files(limit: u64) -> Check {
    if limit < ENOUGH {
        return Check::wrong(
            "descriptors",
            "descriptor_limit",
            format!(
                "a session may have {limit} files and connections open; each running function takes about six"
            ),
            format!(
                "start devloop where `ulimit -Hn` is at least {ENOUGH} (limits.conf, LimitNOFILE, or --ulimit of Docker)"
            ),
        );
    }
    Check::ok("descriptors", format!("a session may have {limit} files and connections open"))
}

fn inotify(limits: Inotify) -> Check {
    let Inotify { watchers, directories } = limits;
    let Watchers { watches, watches_used, instances, instances_used } = watchers;
    if watches.saturating_sub(watches_used) < directories {
        return Check::wrong(
            "inotify",
            "watch_limit",
            format!(
                "{directories} directories are to be watched, and {watches_used} of {watches} watches are taken"
            ),
            format!("sudo sysctl fs.inotify.max_user_watches={}", (watches * 2).max(524_288)),
        );
    }
    if instances_used >= instances {
        return Check::wrong(
            "inotify",
            "watcher_limit",
            format!("{instances_used} of {instances} watchers are taken"),
            format!(
                "sudo sysctl fs.inotify.max_user_instances={}, or close other watchers",
                (instances * 2).max(512)
            ),
        );
    }
    Check::ok(
        "inotify",
        format!(
            "{directories} directories to watch; {watches_used} of {watches} watches and {instances_used} of {instances} \
             watchers are taken"
        ),
    )
}

fn port(port: &Port) -> Check {
    let Port { number, owner, localstack } = port;
    match (owner, localstack) {
        (None, _) if *number == 0 => Check::ok("port", "any free port is taken"),
        (None, _) => Check::ok("port", format!("{number} is free")),
        (Some(owner), Some(version)) => Check::wrong(
            "port",
            "port_localstack",
            format!("{owner} has port {number}: it is LocalStack {version}"),
            "stop it, or choose another port for the embedded cloud with `--port N`",
        ),
        (Some(owner), None) if owner.starts_with("devloop ") => {
            Check::ok("port", format!("{owner} serves on {number} already"))
        }
        (Some(owner), None) => Check::wrong(
            "port",
            "port_busy",
            format!("{owner} has port {number}"),
            "stop it, or choose another port with `--port N` or the setting `port`",
        ),
    }
}

/// Compares the binaries in the functions' directories with the machines that the stack puts them on.
fn binaries(readings: &Readings) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for (function, binary) in &readings.binaries {
        let demand = readings.demands.of(function);
        if let Err(refusal) = machine::check(function, binary, &demand, Purpose::Ship) {
            checks.push(from_problem("glibc", &refusal.problem()));
        }
    }
    if checks.is_empty() && !readings.binaries.is_empty() {
        let newest = readings.binaries.values().filter_map(|binary| binary.glibc).max();
        let newest = newest.map_or_else(|| "none".to_owned(), |newest| newest.to_string());
        checks.push(Check::ok(
            "glibc",
            format!("the last binaries fit their runtimes; the newest glibc needed is {newest}"),
        ));
    }
    checks
}

/// Variables that send AWS calls of this shell elsewhere than to the cloud that devloop starts.
fn environment(variables: &BTreeMap<String, String>) -> Vec<Check> {
    let get = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let mut checks = Vec::new();
    let is_local =
        |url: &str| ["://127.0.0.1", "://localhost", "://[::1]"].iter().any(|host| url.contains(host));
    if let Some(url) = get("AWS_ENDPOINT_URL").filter(|url| !is_local(url)) {
        checks.push(Check::wrong(
            "aws",
            "endpoint_elsewhere",
            format!("AWS_ENDPOINT_URL sends every call to {url}"),
            "unset AWS_ENDPOINT_URL",
        ));
    }
    for (name, url) in
        variables.iter().filter(|(name, url)| name.starts_with("AWS_ENDPOINT_URL_") && !url.is_empty())
    {
        checks.push(Check::wrong(
            "aws",
            "endpoint_elsewhere",
            format!("{name} sends calls to {url}, whatever AWS_ENDPOINT_URL says"),
            format!("unset {name}"),
        ));
    }
    let proxy =
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().find(|name| get(name).is_some());
    let direct = ["NO_PROXY", "no_proxy"]
        .iter()
        .filter_map(|name| get(name))
        .any(|hosts| hosts.split(',').map(str::trim).any(|host| ["127.0.0.1", "*"].contains(&host)));
    if let Some(name) = proxy.filter(|_| !direct) {
        checks.push(Check::wrong(
            "aws",
            "proxy",
            format!("{name} sends HTTP through a proxy, calls to 127.0.0.1 too"),
            "export NO_PROXY=127.0.0.1,localhost",
        ));
    }
    if checks.is_empty() {
        checks.push(Check::ok("aws", "no variable sends calls elsewhere"));
    }
    checks
}
