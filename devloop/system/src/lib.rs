//! Services of the operating system that POSIX does not have. The module `linux` implements them with what only Linux has; the
//! module `portable` implements them for other Unixes with hard links, pipes, `ps` and `lsof`. `--cfg devloop_portable` or the
//! feature `portable` selects the portable implementation on Linux too, so that it is tested on the same machines.
//!
//! The other modules are the interface, the same for both.

pub mod children;
pub mod debugger;
pub mod files;
pub mod program;
pub mod sockets;
pub mod usage;

#[cfg(all(target_os = "linux", not(devloop_portable), not(feature = "portable")))]
#[path = "linux/mod.rs"]
mod way;

#[cfg(not(all(target_os = "linux", not(devloop_portable), not(feature = "portable"))))]
#[path = "portable/mod.rs"]
mod way;

/// What devloop cannot do on this system, each as a sentence. A session tells it at its start. This runs programs: call it where
/// blocking is allowed.
pub fn missing() -> Vec<&'static str> {
    way::missing()
}
