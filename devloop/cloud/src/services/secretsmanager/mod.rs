//! Secrets Manager: secrets with versions and their staging labels, deletion with its window of recovery, and random passwords.
//! Values are kept as they are: nothing is encrypted here. Rotation and copies in other regions are refused by name.

mod about;
mod cloudformation;
mod put;
mod random;
mod read;
mod remove;
mod service;
mod store;

pub(crate) use service::SecretsManager;
