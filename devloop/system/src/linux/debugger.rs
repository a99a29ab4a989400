use std::fs;

use rustix::process::{PTracer, Pid, set_ptracer};
use tokio::process::Command;

pub(crate) fn is_held(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()));
    status.is_ok_and(|status| tells_of_a_hold(&status))
}

/// Reads the kernel's `status` page of a process [proc_pid_status(5)].
fn tells_of_a_hold(status: &str) -> bool {
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim_start);
    field("State:").starts_with(['T', 't']) || !["", "0"].contains(&field("TracerPid:"))
}

/// [ptrace_scope of Yama]
#[expect(unsafe_code, reason = "the permission can only be given between fork and exec")]
pub(crate) fn allow_debugger(command: &mut Command) {
    let permit = || {
        // A kernel without Yama refuses the call, and needs none.
        let _ = set_ptracer(PTracer::Any);
        Ok(())
    };
    // SAFETY: the system call is async-signal-safe, and nothing is allocated or locked between fork and exec.
    unsafe {
        command.pre_exec(permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_held_while_it_is_stopped_or_traced() {
        let check = |state: &str, tracer: &str, expected: bool| {
            let status =
                format!("Name:\tbootstrap\nState:\t{state}\nPid:\t7\nTracerPid:\t{tracer}\nUid:\t0\n");
            assert_eq!(tells_of_a_hold(&status), expected, "{status}");
        };
        check("S (sleeping)", "0", false);
        check("T (stopped)", "0", true);
        check("t (tracing stop)", "9", true);
        check("R (running)", "9", true);
    }
}
