//! Processes that left the process group of their function (`setsid`, daemons). On Linux, devloop is their subreaper: they
//! become its children when their parents end, and they are recognised by the Runtime API's address in their environment.
//! On other systems they outlive the function.

/// Makes this process the parent of orphaned descendants [prctl(2), `PR_SET_CHILD_SUBREAPER`].
#[cfg(target_os = "linux")]
pub(super) fn adopt() {
    // An error means a kernel without this feature; then strays outlive the function, as on other systems.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Other systems have no subreaper.
#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() {}

/// Kills the processes that the function with the Runtime API at `runtime_api` has left behind, and their descendants.
/// Reads the process table: call it where blocking is allowed.
#[cfg(target_os = "linux")]
pub(super) fn end_of(runtime_api: &str) {
    use rustix::process::{Signal, WaitOptions, kill_process, waitpid};

    /// How many generations of strays are searched. When one generation ends, its children become visible here.
    const GENERATIONS: usize = 8;

    let mark = format!("AWS_LAMBDA_RUNTIME_API={runtime_api}");
    for _ in 0..GENERATIONS {
        let strays: Vec<_> = children().into_iter().filter(|child| carries(*child, &mark)).collect();
        if strays.is_empty() {
            return;
        }
        for stray in strays {
            // Only devloop can wait for it, because the process that started it is gone.
            if kill_process(stray, Signal::KILL).is_ok() {
                let _ = waitpid(Some(stray), WaitOptions::empty());
            }
        }
    }
}

/// Other systems have no strays to kill.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_of(_runtime_api: &str) {}

/// The children of all threads of this process.
#[cfg(target_os = "linux")]
fn children() -> Vec<rustix::process::Pid> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let ids: Vec<i32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect();
    ids.into_iter().filter_map(rustix::process::Pid::from_raw).collect()
}

/// Whether a process has `mark` among its variables. A process that has ended has none.
#[cfg(target_os = "linux")]
pub(super) fn carries(process: rustix::process::Pid, mark: &str) -> bool {
    std::fs::read(format!("/proc/{}/environ", process.as_raw_nonzero()))
        .is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
}
