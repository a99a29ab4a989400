//! The common code of the tests of the whole loop: a copy of this workspace, the real program in it, and clients without an SDK.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each test binary uses a different part of this module"
)]

mod artificial;
mod aws;
mod branches;
mod built;
mod cloud;
mod heads;
mod http;
mod load;
mod localstack;
mod moto;
mod namespace;
mod package;
mod pair;
mod processes;
mod relay;
mod session;
mod sink;
mod small;
mod terminal;
mod tiny;
mod tls;
mod told;
pub mod usage;
mod wait;
pub mod words;
mod workspace;
pub mod xml;

pub use artificial::{Artificial, Fate, HANDLERS, Truth};
pub use aws::{Aws, Row};
pub use branches::BRANCHES;
pub use built::{built, root};
pub use cloud::OwnCloud;
pub use heads::HEADS;
pub use http::{Answer, address_of, send};
pub use load::{Load, Poster};
pub use localstack::{Function, Localstack, Operation, Seen, look};
pub use moto::{ACCOUNT, Moto};
pub use namespace::{fill, has_namespaces, remount, seen_by, with_disk};
pub use package::{manifest, without_settings, workspace_manifest, write, write_program};
pub use pair::{Lines, STACK, Tiny};
pub use processes::{children_of, kernel_state, kill, processes_in, signal_to};
pub use relay::Relay;
pub use session::Session;
pub use sink::{Psql, Sink, need_postgres};
pub use small::Small;
pub use terminal::{GIVEN_BACK, TAKEN, Terminal};
pub use tiny::{TINY, program, shared};
pub use tls::Encrypted;
pub use told::Told;
pub use wait::{LIMIT, eventually, pause};
pub use workspace::Workspace;

use serde_json::{Value, json};

/// A message that upstream accepts.
pub fn message(id: &str) -> Value {
    json!({ "id": id, "message": "Hello World", "timestamp": now_ms() })
}

/// This machine's clock in ms.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_millis() as i64
}
