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

pub(crate) use condition::{Comparator, Condition, Operand};
pub(crate) use document_path::{Path, PathTree, Step};
pub(crate) use key_condition::KeyConditions;
pub(crate) use placeholders::Placeholders;
pub(crate) use update::{AttributeAction, Operand as UpdateOperand, SetValue, Update};

#[cfg(test)]
mod tests;
