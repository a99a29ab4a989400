//! Which processor and which glibc a function's binary is for, and how it gets built so: read from the binary, decided without
//! any effect. `build` and `swap` check binaries with it, `session` reads the stack's wishes, `doctor` explains them.

mod compilation;
mod demand;
mod elf;

pub(crate) use compilation::{Compilation, Refusal, Tools, check, compilation};
pub(crate) use demand::{Architecture, Demand, Demands, Purpose};
pub(crate) use elf::{Binary, Glibc, ReadError, inspect};
