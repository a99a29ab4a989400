//! Event source mappings: what carries stream records and messages to functions.

mod api;
mod cloudformation;
mod kind;
mod mapping;
mod mappings;
mod outside;
mod queues;
mod response;
mod settings;
mod status;
mod streams;
#[cfg(test)]
mod tests;
mod wiring;

pub(crate) use wiring::Events;
