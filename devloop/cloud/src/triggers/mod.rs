//! Event source mappings, which deliver records of streams and messages of queues to functions.

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
