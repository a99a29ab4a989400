//! The expression language: conditions, filters, key conditions, projections and updates.

mod condition;
mod condition_parser;
mod document_path;
mod key_condition;
mod lexer;
mod parser;
mod placeholders;
mod projection;
mod reserved;
mod update;
mod update_parser;

pub(crate) use condition::Condition;
pub(crate) use document_path::{Path, PathTree};
pub(crate) use key_condition::KeyCondition;
pub(crate) use placeholders::Placeholders;
pub(crate) use update::Update;

#[cfg(test)]
mod tests;
