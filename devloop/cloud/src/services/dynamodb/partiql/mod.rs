//! PartiQL: statements in an SQL dialect, parsed into the same conditions, updates and paths as expressions [PartiQL for
//! DynamoDB, developer guide].

mod conditions;
mod lexer;
mod literals;
mod parser;
mod statement;

pub(super) use statement::{Returning, Select, Statement};

#[cfg(test)]
mod tests;
