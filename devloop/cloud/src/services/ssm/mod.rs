//! SSM's parameter store. Parameters are stored with their versions and without encryption, even `SecureString`s. A reader
//! that does not request decryption gets such a value with the prefix `kms:`, so that a forgotten decryption is noticed.
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
