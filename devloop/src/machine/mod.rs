//! Which processor and which glibc a function's binary is for, and how it is built for them. `build` and `swap` check binaries with
//! it, `session` reads the stack's demands, `doctor` explains them.

mod compilation;
mod demand;
mod elf;

pub(crate) use compilation::{Compilation, Refusal, Tools, check, compilation};
pub(crate) use demand::{Architecture, Demand, Demands, Purpose};
pub(crate) use elf::{Binary, Glibc, ReadError, inspect};
