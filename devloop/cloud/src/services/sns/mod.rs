//! SNS: topics, subscriptions, and the delivery of messages to queues, functions, HTTP endpoints on this machine, and
//! e-mail, which is captured in a folder.

mod about;
mod attributes;
mod cloudformation;
mod deliver;
mod envelope;
mod filter;
mod http;
mod input;
mod mail;
mod message;
mod outlets;
mod permissions;
mod publish;
mod retry;
mod service;
mod store;
mod subscriptions;
mod tags;
#[cfg(test)]
mod tests;
mod topics;

pub use mail::Mail;
pub(crate) use outlets::Wired;
pub(crate) use service::Sns;
