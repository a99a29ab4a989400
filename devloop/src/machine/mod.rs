//! Which processor and which glibc a function's binary is for, and how it gets built so: read from the binary, decided without
//! any effect. `build` and `swap` check binaries with it, `session` reads the stack's wishes, `doctor` explains them.

mod demand;
mod elf;
mod route;

pub(crate) use demand::{Architecture, Demand, Demands, Purpose};
pub(crate) use elf::{Binary, Glibc, ReadError, inspect};
pub(crate) use route::{Refusal, Route, Tools, check, route};
