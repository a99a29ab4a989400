//! SSM's parameter store. Parameters with their versions are kept as they are, `SecureString`s too: nothing is encrypted
//! here, and a reader that does not ask for decryption gets the value behind a `kms:` mark, so that the omission shows.
//! Labels, policies, and the rest of Systems Manager are refused by name.

mod about;
mod cloudformation;
mod filters;
mod put;
mod read;
mod service;
mod store;
mod tags;

pub(crate) use service::Ssm;
